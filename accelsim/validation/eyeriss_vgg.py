"""VGG-16 on the Eyeriss chip from its specification alone: nothing of its measured table is used here."""

from __future__ import annotations

from dataclasses import replace

from accelsim.architecture.files import load_architecture
from accelsim.model.traffic import access_counts
from accelsim.validation.eyeriss_chip import buffer_mb, dram_mb, operation_of
from accelsim.validation.eyeriss_choice import chosen
from accelsim.validation.eyeriss_nests import LETTERS, RowMapping, as_run, nest
from accelsim.validation.eyeriss_time import pass_cycles
from accelsim.validation.study import Outcome, Part, Row, Study
from accelsim.workload.files import load_network
from accelsim.workload.layer import Convolution
from accelsim.workload.operation import Operation
from accelsim.workload.window import Padding

BATCH = 3


def layers() -> dict[str, Operation]:
    """The 13 CONV layers of VGG-16, N = 3, padding as data."""
    found = {}
    for entry in load_network("vgg16", batch=BATCH).layers:
        layer = entry.layer
        if isinstance(layer, Convolution):
            sides = layer.padding
            height, width = layer.H + sides.top + sides.bottom, layer.W + sides.left + sides.right
            found[entry.name] = replace(layer, H=height, W=width, padding=Padding()).operation()
    return found


def _run() -> Outcome:
    choices: dict[Operation, RowMapping] = {}
    rows: dict[str, list[Row]] = {"PEs": [], "MB of buffer": [], "MB of DRAM": [], "ms": []}
    total_ms = 0.0
    chip = load_architecture("eyeriss")
    for name, operation in layers().items():
        shape = replace(operation, name="")
        row = choices[shape] = choices.get(shape) or chosen(operation, with_time=True)
        counts = access_counts(operation, chip, nest(operation, row))
        milliseconds = pass_cycles(operation, row).cycles / chip.clock_mhz / 1e3
        total_ms += milliseconds
        buffer = sum(buffer_mb(counts, tensor) for tensor in ("inputs", "outputs"))
        dram = sum(dram_mb(counts, tensor) for tensor in ("inputs", "weights", "outputs"))
        numbers = (counts.mac_instances, buffer, dram, milliseconds)
        for unit, number in zip(rows, numbers, strict=True):
            rows[unit].append(Row(name, unit.split(" ")[0], number, None))
    rows["ms"].append(Row("all", "ms", total_ms, None))
    titles = ("active PEs", "buffer traffic", "DRAM traffic without compression", "processing latency")
    parts = tuple(Part(title, tuple(found)) for title, found in zip(titles, rows.values(), strict=True))
    return Outcome((_alexnet(), *parts))


def _alexnet() -> Part:
    """The same choice on AlexNet, whose mappings are published: how far the rule can be trusted."""
    rows = []
    for layer, theirs in as_run().items():
        ours = chosen(operation_of(layer), with_time=True)
        equal = sum(getattr(ours, letter) == getattr(theirs, letter) for letter in LETTERS)
        text = ", ".join(f"{letter} {getattr(ours, letter)}" for letter in LETTERS)
        printed = " (not the mapping that Table III prints, but the one that was measured)" if layer == "CONV3" else ""
        inner = layer in ("CONV1", "CONV2")
        why = "; m and n differ, what the array does (e p q r t) is the same" if inner else ""
        rows.append(
            Row(layer, "of 7 parameters", equal, len(LETTERS), tolerance=None if inner else 0,
                note=f"{layer}: {text}{printed}{why}")
        )  # fmt: skip
    return Part("AlexNet: mapping parameters that the same choice makes as the chip", tuple(rows))


STUDY = Study(
    name="eyeriss-vgg16",
    title="The Eyeriss chip, VGG-16 CONV layers, N = 3, predicted from the specification alone",
    source="specification: Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017; its table of VGG-16 was not consulted",
    differences=(
        "The chip's mappings of VGG-16 are not known here: of all mappings that the chip can hold, the "
        "one of least energy x time is "
        "taken (accelsim/validation/eyeriss_choice.py). On AlexNet it is the chip's own on CONV3, CONV4 and CONV5.",
        "A prediction, to be laid beside the measured table; nothing is judged but the choice on AlexNet.",
    ),
    run=_run,
)
