"""The survey: its table of networks, its energy hierarchy, and its comparison of dataflows."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Table
from decimal import ROUND_HALF_UP, Decimal

from accelsim.architecture.files import load_architecture
from accelsim.validation.data import published_json, published_rows
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.workload.files import load_network
from accelsim.workload.layer import Convolution

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}
HIERARCHY = {"MAC": 1, "Register": 1, "Array": 2, "GlobalBuffer": 6, "DRAM": 200}
"""Energy per 16-bit word relative to a MAC: survey, Fig. 22 (register file 0.5 to 1 kB, array of 200 to 1000 PEs,
buffer of 100 to 500 kB, DRAM); ISCA 2016, Table IV."""
DISPUTED = {
    ("googlenet", "MACs"): "the published layer shapes give 1.58 G, which other tools find too; 1.43 G is printed",
    (
        "lenet5_28x28",
        "weights",
    ): "60 k is LeNet-5 with its sparse second layer and its fully connected third; ours is 28 x 28, and the "
    "table's row follows from no one shape",
    ("lenet5_28x28", "MACs"): "no one shape gives 341 k: 28 x 28 gives 282 k, 32 x 32 gives more",
}


LEVELS = {"ALU": "ALU", "DRAM": "DRAM", "Buffer": "Buffer", "NoC": "Array", "RF": "RF"}
TYPES = {"ifmaps": "inputs", "weights": "weights", "psums": "psums"}
IMAGES, PES = 16, 256


def _run() -> Outcome:
    note = "the dataflows of Figs. 33 and 34 are those of the study eyeriss-isca16, by the same rules"
    return Outcome((_networks(), _hierarchy(), *_dataflows()), (note,))


def _dataflows() -> Iterator[Part]:
    """Figs. 33 and 34 by the rules of the ISCA 2016 study, whose own figures have neither of these by type of data."""
    from accelsim.validation.isca16_layers import CONV, DATAFLOWS, FC
    from accelsim.validation.isca16_points import point

    for title, key, layers in (
        ("Fig. 33a: CONV layers, N=16, 256 PEs, energy by level", "by_level", CONV),
        ("Fig. 33b: CONV layers, N=16, 256 PEs, energy by type of data", "by_type_conv", CONV),
        ("Fig. 34: FC layers, N=16, 256 PEs, energy by type of data", "by_type_fc", FC),
    ):
        energy = {}
        for dataflow in DATAFLOWS:
            found = point(dataflow, PES, IMAGES, layers)
            assert found is not None
            names = LEVELS if key == "by_level" else TYPES
            own = found.level_energy if key == "by_level" else found.tensor_energy
            energy.update({(dataflow, name): own(ours) for name, ours in names.items()})
        yield dataflow_part(title, key, energy, tolerance=0.005)


def _networks() -> Part:
    """Rounded as printed, so that agreement is equality."""
    rows = []
    for line in published_rows("survey/table2.csv"):
        network, what, unit = line["network"], line["what"], line["unit"]
        exact = Decimal(_total(network, what)) / UNITS[unit]
        ours = float(exact.quantize(Decimal(1).scaleb(-int(line["decimals"])), ROUND_HALF_UP))
        disputed = DISPUTED.get((network, what), "")
        tolerance = None if disputed else 0
        rows.append(Row(f"{network}, {what}", unit, ours, float(line["value"]), None, tolerance, disputed))
    return Part("Table II: networks, rounded as printed", tuple(rows))


def _total(network: str, what: str) -> int:
    loaded = load_network(network)
    if not what.startswith("CONV"):
        return loaded.weight_words if what == "weights" else loaded.macs
    entries = [entry for entry in loaded.layers if isinstance(entry.layer, Convolution)]
    return sum(entry.weight_words if what.endswith("weights") else entry.macs for entry in entries)


def _hierarchy() -> Part:
    """What the machines of the dataflow comparison charge."""
    machine = load_architecture("rs256")
    ours: dict[str, float] = {level.name: level.read_energy for level in machine.levels}
    ours |= {fanout.name: fanout.energy_per_word("inputs") for fanout in machine.fanouts}
    ours["MAC"] = machine.compute.mac_energy
    rows = (Row(name, "MAC", ours[name], energy, tolerance=0) for name, energy in HIERARCHY.items())
    return Part("energy hierarchy, per 16-bit word, on rs256", tuple(rows))


def dataflow_part(title: str, key: str, energy: Table[tuple[str, str], float], tolerance: float | None = None) -> Part:
    """A table of Figs. 33 and 34 from energies per (dataflow, what), in any one unit.

    ``key``: by_level, by_type_conv or by_type_fc; ``what`` as in the data file (ALU, DRAM, ..., ifmaps, weights,
    psums). Each is
    shown relative to row stationary's total, as published; deviations are shares of the dataflow's own total.
    """
    rows = []
    records = published_json("survey/fig33_34.json")[key]
    whats = [what for what in records[0] if what not in ("fig", "dataflow", "total")]
    base = sum(energy["RS", what] for what in whats)
    for record in records:
        for what in whats:
            ours = energy[record["dataflow"], what] / base
            rows.append(Row(f"{record['dataflow']}, {what}", "of RS", ours, record[what], record["total"], tolerance))
    return Part(title, tuple(rows))


STUDY = Study(
    name="survey",
    title="The survey's networks, energy hierarchy and comparison of dataflows",
    source=(
        "Sze, Chen, Yang, Emer, Proc. IEEE 105(12), 2017, Table II and Figs. 22, 33, 34; CONV rows: "
        "ISSCC 2016, Fig. 14.5.1"
    ),
    differences=(
        "GoogLeNet's MACs and LeNet-5's row are shown, not judged: they follow from no published shape.",
        "CONV and FC rows that could not be checked against a second source are left out.",
    ),
    run=_run,
)
