"""TPU v1: peak, ridge point, and where its six applications lie, as far as their public shapes say."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

from accelsim.architecture.files import load_architecture
from accelsim.architecture.spec import Architecture
from accelsim.model.array_fed import fed_time
from accelsim.report.roofline import peak_tops
from accelsim.report.style import DOUBLE, new_figure, styled
from accelsim.validation.data import published_rows
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.web.palette import COLORS
from accelsim.workload.layer import MatrixProduct

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PEAK_TOPS, RIDGE_MACS_PER_BYTE = 92.0, 1350.0
"""Jouppi et al., ISCA 2017, abstract and section 4 (operations per weight byte are MACs there)."""
GO_BOARD = 19
ROOF = "roofline"
SHARE = "share of the matrix unit's cycles in which it is active"
SQUARE = "the matrices' shapes are not published: square ones with the published weights and layers"
REUSED = "LSTM0's tiles are used more often than those of square matrices; shown, not judged"


def _run() -> Outcome:
    machine = load_architecture("tpu_v1")
    apps = {
        row["app"]: {k: float(v) for k, v in row.items() if k != "app"} for row in published_rows("tpu_v1/apps.csv")
    }
    bandwidth = machine.levels[0].read_bandwidth
    assert bandwidth is not None
    ridge = machine.mac_units / bandwidth  # MACs per cycle over bytes per cycle; a word is a byte
    peak = (
        Row("peak", "TOPS", peak_tops(machine), PEAK_TOPS, tolerance=0.005),
        Row("ridge point", "MACs/byte", ridge, RIDGE_MACS_PER_BYTE, tolerance=0.001),
    )
    return Outcome(
        (Part("the machine", peak), _intensities(apps), _roofs(machine, ridge, apps), _active(machine, apps))
    )


def _intensities(apps: dict[str, dict[str, float]]) -> Part:
    """MACs per weight byte: a weight of a matrix meets each vector of the batch, of a CONV layer each pixel."""
    rows = [
        Row(name, "MACs/byte", int(app["batch"]), int(app["ops_per_weight_byte"]), tolerance=0)
        for name, app in apps.items()
        if not name.startswith("CNN")
    ]
    board = (
        f"batch x {GO_BOARD} x {GO_BOARD}: the published number is that of planes of a Go board; the shapes "
        "themselves are not published, so it is shown, not judged"
    )
    cnn = apps["CNN0"]
    rows.append(
        Row(
            "CNN0",
            "MACs/byte",
            int(cnn["batch"]) * GO_BOARD**2,
            int(cnn["ops_per_weight_byte"]),
            note=board,
        )
    )
    rows.append(Row("CNN1", "MACs/byte", None, apps["CNN1"]["ops_per_weight_byte"], note="no public shapes"))
    return Part("operational intensity", tuple(rows))


def _roofs(machine: Architecture, ridge: float, apps: dict[str, dict[str, float]]) -> Part:
    """The roof over each application, min(peak, peak x intensity / ridge), beside what was measured under it."""
    note = "a roof: measured must lie below it, and does by as much as the deviation says"
    rows = (
        Row(name, "TOPS", peak_tops(machine) * min(1.0, app["ops_per_weight_byte"] / ridge), app["TOPS"], note=note)
        for name, app in apps.items()
    )
    return Part(ROOF, tuple(rows))


def _active(machine: Architecture, apps: dict[str, dict[str, float]]) -> Part:
    rows = []
    for name, app in apps.items():
        measured = 100 * app["array_active_pct"] / (100 - app["nonmatrix_pct"])
        if name.startswith("CNN"):
            rows.append(Row(name, "%", None, measured, note="no public shapes of layers"))
            continue
        side = isqrt(int(app["weights_M"] * 1e6 / app["layers"]))
        product = MatrixProduct(name, M=int(app["batch"]), K=side, N=side).operation()
        fed = fed_time(product, machine)
        judged = name != "LSTM0"
        ours = 100 * fed.array.stream / fed.cycles
        rows.append(
            Row(name, "%", ours, measured, 100, 0.005 if judged else None, SQUARE if judged else f"{SQUARE}; {REUSED}")
        )
    return Part(SHARE, tuple(rows))


@styled
def draw(outcome: Outcome) -> Figure:
    """The roof, and the six applications under it, as the paper's Fig. 5 has them."""
    roofs = {row.label: row for part in outcome.parts if part.title == ROOF for row in part.rows}
    apps = {row["app"]: row for row in published_rows("tpu_v1/apps.csv")}
    peak, ridge = (row.ours or 0.0 for row in outcome.parts[0].rows)
    figure = new_figure(DOUBLE, 3.0)
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.plot([10, ridge, 10_000], [peak * 10 / ridge, peak, peak], color=COLORS[0], label="roof, accelsim")
    for i, (name, row) in enumerate(roofs.items()):
        x = float(apps[name]["ops_per_weight_byte"])
        axes.plot([x], [row.published or 0.0], "o", color=COLORS[1 + i], label=f"{name}, measured")
    axes.set_xlabel("MACs per weight byte")
    axes.set_ylabel("TOPS (1 MAC = 2 operations)")
    figure.legend(loc="outside right upper")
    return figure


STUDY = Study(
    name="tpu-v1",
    title="TPU v1: peak, ridge point, roofline and active cycles of six applications",
    source="Jouppi et al., ISCA 2017, Tables 1 to 3",
    differences=(
        "The applications' layers are not published one by one; what needs them is left out or rests on "
        "square matrices, and says so.",
        "Active cycles are of those in which the matrix unit has work of its own (the published "
        "'non-matrix' cycles are left out), and "
        "deviations are in points of 100 %.",
    ),
    run=_run,
    figure=draw,
)
