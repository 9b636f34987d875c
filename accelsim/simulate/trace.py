"""What happened in every cycle, streamed to disk: CSV, or the JSON that chrome://tracing and Perfetto open.

A trace is written while the array runs and never held; memory does not grow with the number of cycles. In the JSON a
microsecond stands for a cycle, and a counter has an entry only where its value changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from accelsim.errors import InputError
from accelsim.files.writing import streamed
from accelsim.simulate.reference import Values

COUNTERS = ("busy_pes", "inputs_words", "weights_words", "outputs_words", "partial_sums_words")
Watch = Callable[[Values], None]


@dataclass(frozen=True)
class Slice:
    """Something that took a while: ``track`` it is drawn on, its name, first cycle, length in cycles (both exact)."""

    track: str
    name: str
    start_cycles: float
    length_cycles: float


def trace_format(path: Path) -> str:
    """csv or json, by the ending of the path; raises InputError for any other."""
    ending = path.suffix.lower()
    if ending not in (".csv", ".json"):
        raise InputError(f"{path}: a trace must end in .csv or .json (Chrome, Perfetto), not '{ending}'")
    return ending[1:]


@contextmanager
def cycle_trace(path: Path, name: str) -> Iterator[Watch]:
    """A function to be called with the counts of more and more cycles; the file is there when the block ends."""
    kind = trace_format(path)
    with streamed(path) as file:
        if kind == "csv":
            file.write(",".join(("cycle", *COUNTERS)) + "\n")
            yield _csv_rows(file)
        else:
            file.write('{"displayTimeUnit": "ms", "traceEvents": [\n')
            file.write(
                _event({"name": "process_name", "ph": "M", "pid": 1, "args": {"name": f"{name} (1 us = 1 cycle)"}})
            )
            yield _counter_events(file)
            file.write("\n]}\n")


def write_slices(path: Path, name: str, slices: Iterable[Slice]) -> None:
    """A timeline of things that take a while, one track each; ``slices`` are written as they come."""
    kind = trace_format(path)
    with streamed(path) as file:
        if kind == "csv":
            file.write("track,name,start_cycle,length_cycles\n")
            for one in slices:
                file.write(f"{one.track},{one.name},{_number(one.start_cycles)},{_number(one.length_cycles)}\n")
            return
        file.write('{"displayTimeUnit": "ms", "traceEvents": [\n')
        file.write(_event({"name": "process_name", "ph": "M", "pid": 1, "args": {"name": f"{name} (1 us = 1 cycle)"}}))
        tracks: dict[str, int] = {}
        for one in slices:
            if one.track not in tracks:
                tracks[one.track] = len(tracks) + 1
                named = {
                    "name": "thread_name",
                    "ph": "M",
                    "pid": 1,
                    "tid": tracks[one.track],
                    "args": {"name": one.track},
                }
                file.write(",\n" + _event(named))
            event = {
                "name": one.name, "ph": "X", "pid": 1, "tid": tracks[one.track],
                "ts": _plain(one.start_cycles), "dur": _plain(one.length_cycles),
            }  # fmt: skip
            file.write(",\n" + _event(event))
        file.write("\n]}\n")


def _plain(cycles: float) -> int | float:
    return int(cycles) if cycles == int(cycles) else float(cycles)


def _number(cycles: float) -> str:
    return f"{_plain(cycles):.12g}" if cycles != int(cycles) else str(int(cycles))


def _event(event: dict[str, object]) -> str:
    return json.dumps(event)


def _csv_rows(file: TextIO) -> Watch:
    cycle = 0

    def watch(counts: Values) -> None:
        nonlocal cycle
        rows = (f"{cycle + i},{','.join(map(str, row))}\n" for i, row in enumerate(counts.tolist()))
        file.write("".join(rows))
        cycle += len(counts)

    return watch


def _counter_events(file: TextIO) -> Watch:
    cycle = 0
    last: Sequence[int] = [-1] * len(COUNTERS)

    def watch(counts: Values) -> None:
        nonlocal cycle, last
        for row in counts.tolist():
            for name, value, before in zip(COUNTERS, row, last, strict=True):
                if value != before:
                    file.write(",\n" + _event({"name": name, "ph": "C", "pid": 1, "ts": cycle, "args": {name: value}}))
            last = row
            cycle += 1

    return watch
