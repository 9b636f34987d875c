"""ZigZag: its recorded mappings in our model; weights and outputs to the last access, inputs with what parts them.

An access of ZigZag moves a port's bits. A transfer of a tile takes whole accesses, so

    accesses = transfers x ceil(elements of the tile x bits / port bits)

with 16 bits for a partial sum and 8 for a finished output. Where sums return at all, it charges the return of the
first visit too, at every level; and a register file is not read again while the innermost loops leave its element
as it is.
"""

from __future__ import annotations

from collections import Counter

from accelsim.mapping.counts import AccessCounts, TensorCounts
from accelsim.model.conventions import ZIGZAG
from accelsim.model.traffic import access_counts
from accelsim.validation import zigzag_cases as cases
from accelsim.validation.study import Outcome, Part, Row, Study

DIRECTIONS = ("rd_out_to_low", "wr_in_by_low", "rd_out_to_high", "wr_in_by_high")
MAC_READS = "I, rf_64B_A, rd_out_to_low"
SAME_WEIGHT = ("B", "OX", "OY")


def _run() -> Outcome:
    equal, judged, left_out = Counter[str](), Counter[str](), Counter[str]()
    inputs: list[Row] = []
    sums: list[Row] = []
    for record in cases.records():
        if reason := cases.not_a_nest(record):
            left_out[reason] += 1
            continue
        operation = cases.operation(record)
        nest = cases.nest(record, operation)
        counts = access_counts(operation, cases.machine(record), nest, ZIGZAG.tiles)
        for operand in "WO":
            for label, ours, theirs in _compared(record, counts, operand):
                judged[label] += 1
                equal[label] += ours == theirs
        judged[MAC_READS] += 1
        equal[MAC_READS] += counts.macs == record["words"]["I"][0]["rd_out_to_low"]
        inputs += _inputs(record, access_counts(operation, cases.machine(record), nest))
        sums += _first_reads(record, counts)
    same = (Row(label, "runs", equal[label], judged[label], tolerance=0) for label in sorted(judged))
    apart = (Row("runs", "runs", number, None, note=reason) for reason, number in left_out.items())
    parts = (
        Part("runs whose accesses of weights and outputs are equal, by ZigZag's rules over our counts", tuple(same)),
        Part("words of inputs, as we count and as ZigZag does", tuple(inputs)),
        Part("reads of partial sums by the MACs, as we count and as ZigZag does", tuple(sums)),
        Part("recorded runs that are no nest of ours", tuple(apart)),
    )
    return Outcome(parts)


def _compared(record: cases.Record, counts: AccessCounts, operand: str) -> list[tuple[str, int, int]]:
    """(operand, memory and direction; accesses by the rules; ZigZag's), every one that it reports."""
    names, ports = record["memories"][operand], cases.port_bits(record["arch"])
    tensor = cases.TENSORS[operand]
    rows = [counts.at(name, tensor) for name in names]
    out = []
    for i, name in enumerate(names):
        below = _below(record, rows, i, operand, ports[name], counts)
        above = _above(record, rows, i, operand, ports[name]) if i + 1 < len(names) else (0, 0)
        ours = dict(zip(DIRECTIONS, (*below, *above), strict=True))
        theirs = record["words"][operand][i]
        out += [(f"{operand}, {name}, {direction}", ours[direction], theirs[direction]) for direction in DIRECTIONS]
    return out


def _below(
    record: cases.Record, rows: list[TensorCounts], i: int, operand: str, port: int, counts: AccessCounts
) -> tuple[int, int]:
    """Accesses (out, in) on the side of the MACs."""
    row = rows[i]
    if i == 0:  # an element a MAC, whatever the port's width
        return (counts.macs // _latched(record), 0) if operand == "W" else (row.total.updates, row.total.updates)
    child = rows[i - 1]
    if operand == "W":
        transfers = child.total.fills // (child.tile_words * child.instances)
        return _accesses(row.total.reads, transfers, record["bits"]["W"], port), 0
    transfers = child.total.drains // (child.tile_words * child.instances)
    returns = row.total.updates > row.distinct
    written = _accesses(row.total.updates, transfers, record["bits"]["O" if returns else "O_final"], port)
    return (written if returns else 0), written


def _above(record: cases.Record, rows: list[TensorCounts], i: int, operand: str, port: int) -> tuple[int, int]:
    """Accesses (out, in) on the side of DRAM, over all instances."""
    row, parent = rows[i], rows[i + 1]
    moved = row.total.fills if operand == "W" else row.total.drains
    transfers = moved // row.tile_words
    if operand == "W":
        return 0, _accesses(moved, transfers, record["bits"]["W"], port)
    returns = parent.total.updates > parent.distinct
    out = _accesses(moved, transfers, record["bits"]["O" if returns else "O_final"], port)
    return out, (out if returns else 0)


def _accesses(elements: int, transfers: int, bits: int, port: int) -> int:
    return transfers * -(-(elements // transfers) * bits // port)


def _latched(record: cases.Record) -> int:
    """Steps in a row in which the innermost loops leave a PE's weight as it is."""
    steps = 1
    for dim, factor in record["loops"]:
        if dim not in SAME_WEIGHT:
            break
        steps *= factor
    return steps


def _inputs(record: cases.Record, counts: AccessCounts) -> list[Row]:
    """Words into and out of the memories of inputs; the accesses of a port are taken as full."""
    names, ports = record["memories"]["I"], cases.port_bits(record["arch"])
    note = (
        "ZigZag fetches halos again, reads padding, and counts rows that a stride skips; an access of a wide port "
        "counts as full"
    )
    if cases.deals_rows_singly(record):
        note = "ZigZag deals rows to PEs one by one; as a nest they come in blocks, which share fewer input rows"
    rows = []
    for i, name in enumerate(names):
        words, theirs = counts.at(name, "inputs").total, record["words"]["I"][i]
        for what, ours, key in (("reads", words.reads, "rd_out_to_low"), ("fills", words.fills, "wr_in_by_high")):
            per_access = 1 if i == 0 else ports[name] // record["bits"]["I"]
            if ours or theirs[key]:
                rows.append(
                    Row(f"{record['name']}, {name}, {what}", "words", ours, per_access * theirs[key], note=note)
                )
    return rows


def _first_reads(record: cases.Record, counts: AccessCounts) -> list[Row]:
    """Ours leave the first read of every sum out, which is one per element that a PE ever holds."""
    row, theirs = counts.at("rf_16B", "outputs"), record["words"]["O"][0]["rd_out_to_low"]
    name = record["name"]
    note = "with the first read of every sum (distinct elements of a PE), as the convention zigzag counts"
    return [
        Row(f"{name}", "words", row.total.reads, theirs),
        Row(f"{name}, first reads too", "words", row.total.reads + row.distinct, theirs, tolerance=0, note=note),
    ]


STUDY = Study(
    name="zigzag",
    title="ZigZag: 69 recorded mappings, those that are nests of ours evaluated access by access",
    source="ZigZag (zigzag-dse) 3.9.1 as published on the Python package index, best mapping per layer and objective",
    differences=(
        "ZigZag reads a sum before its first addition, and where sums return it sends zeros in at first.",
        "Ports move whole accesses: a tile that does not fill its last one pays for it.",
        "Halos of windows are fetched again with every tile, and MACs on padding read their operand.",
        "A register file is not read again for the element that was read just before.",
        "A run with fractional unrolling (18.29 rounds) is no loop nest, and is left out for that reason.",
    ),
    run=_run,
)
