"""What the chip leaves on the table: its own mappings beside the best we find under its rules, level by level."""

from __future__ import annotations

from accelsim.architecture.files import load_architecture
from accelsim.errors import InfeasibleError
from accelsim.model.evaluate import evaluate
from accelsim.model.evaluation import Evaluation
from accelsim.report.searching import cache_of
from accelsim.search import Limits, SearchResult, search_many
from accelsim.validation.eyeriss_chip import buffer_mb, dram_mb, operation_of
from accelsim.validation.eyeriss_nests import as_run, nest
from accelsim.validation.figures import beside
from accelsim.validation.study import Outcome, Part, Row, Study

GAP = 0.0
OURS = "ours: searched; published: the chip's own mapping, priced here"
ENERGY = "energy by level"
DIFFERENT = (
    "deviation: what the searched mapping costs more (+) or less (-), as a share of the chip's energy of the layer"
)


def _run() -> Outcome:
    chip = load_architecture("eyeriss")
    operations = {layer: operation_of(layer) for layer in as_run()}
    found = search_many([(operation, chip) for operation in operations.values()], "energy", Limits(gap=GAP),
                        cache=cache_of(True))  # fmt: skip
    parts: list[list[Row]] = [[], []]
    notes = []
    for (layer, row), answer in zip(as_run().items(), found, strict=True):
        if isinstance(answer, InfeasibleError):
            raise answer
        silicon = evaluate(operations[layer], chip, nest(operations[layer], row))
        parts[0] += _energies(layer, answer.evaluation, silicon)
        parts[1] += _words(layer, answer.evaluation, silicon)
        notes.append(_note(layer, answer, silicon))
    titles = (f"{ENERGY} ({OURS})", f"traffic, PEs and cycles ({OURS})")
    return Outcome(tuple(Part(title, tuple(rows)) for title, rows in zip(titles, parts, strict=True)), tuple(notes))


def _energies(layer: str, ours: Evaluation, chip: Evaluation) -> list[Row]:
    searched, silicon = ours.energy_by_component(), chip.energy_by_component()
    rows = [
        Row(
            f"{layer}, {level}", "M MAC", searched[level] / 1e6, silicon[level] / 1e6, chip.energy / 1e6, note=DIFFERENT
        )
        for level in silicon
    ]
    return [*rows, Row(f"{layer}, all", "M MAC", ours.energy / 1e6, chip.energy / 1e6, note=DIFFERENT)]


def _words(layer: str, ours: Evaluation, chip: Evaluation) -> list[Row]:
    def megabytes(evaluation: Evaluation) -> tuple[float, float]:
        counts = evaluation.counts
        buffer = sum(buffer_mb(counts, tensor) for tensor in ("inputs", "outputs"))
        return sum(dram_mb(counts, tensor) for tensor in ("inputs", "weights", "outputs")), buffer

    (dram, buffer), (chip_dram, chip_buffer) = megabytes(ours), megabytes(chip)
    return [
        Row(f"{layer}, DRAM", "MB", dram, chip_dram),
        Row(f"{layer}, buffer", "MB", buffer, chip_buffer),
        Row(f"{layer}, active PEs", "PEs", ours.counts.mac_instances, chip.counts.mac_instances),
        Row(f"{layer}, steady", "ms", 1e3 * ours.seconds, 1e3 * chip.seconds),
    ]


def _note(layer: str, answer: SearchResult, chip: Evaluation) -> str:
    saved = 100 * (1 - answer.evaluation.energy / chip.energy)
    gap = 100 * answer.certificate.gap
    left = f"{layer}: the chip's mapping leaves {saved:.1f} % of its energy on the table"
    return f"{left}; ours is " + (f"within {gap:.2g} % of the best." if gap else "the best there is.")


STUDY = Study(
    name="eyeriss-searched",
    title="AlexNet CONV layers on the Eyeriss chip: our mappings under its rules beside its own",
    source="mappings: Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017, Table III; both sides are priced here, in units "
    "of a MAC (ISCA 2016, Table IV)",
    differences=(
        "The rules are the chip's memories, its array and the row-stationary dataflow. The chip obeys "
        "more: 4 KiB banks that belong to "
        "inputs or psums, passes of one shape, a controller with seven parameters. What it leaves is the "
        "price of those, and of choosing "
        "by energy x time instead of energy.",
        "Nothing is judged: there is no published number to agree with.",
    ),
    run=_run,
    figure=lambda outcome: beside(
        outcome, (outcome.parts[0].title,), ("the chip's mapping", "searched"), judged_only=False
    ),
)
