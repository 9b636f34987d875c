"""The viewer as a fragment of a page: one mapping of one layer in motion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from markupsafe import Markup

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.counts import AccessCounts
from accelsim.mapping.nest import Mapping
from accelsim.model.evaluate import evaluate
from accelsim.simulate.arrays import Layout
from accelsim.simulate.places import places
from accelsim.viewer.grid import Grid, grid_of
from accelsim.viewer.recording import WORDS, Progress, Recording, counter_records, record
from accelsim.web.fragment import Fragment, Kind
from accelsim.web.page import render
from accelsim.workload.operation import Operation

MOST_MACS = 2_000_000_000
"""A larger layer is not executed for a picture: the execution takes a second for some three million MACs."""
_SCRIPTS = ("viewer_data", "viewer_player", "viewer_array", "viewer_tensors", "viewer_text", "viewer")


@cache
def viewer_kind() -> Kind:
    """Style and scripts of all views of a page."""
    folder = files("accelsim.viewer")
    scripts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return Kind("viewer", (folder / "viewer.css").read_text(encoding="utf-8"), "\n".join(scripts))


@dataclass(frozen=True)
class View:
    """The fragment, the counts to which its counters come, its number of ``frames``, and whether each is one step."""

    fragment: Fragment
    counts: AccessCounts
    frames: int
    is_every_step: bool


def controls(title: str, frames: int) -> Markup:
    """The controls of a player over so many frames."""
    return render((files("accelsim.viewer") / "controls.html").read_text(encoding="utf-8"), title=title, frames=frames)


def view(
    operation: Operation, architecture: Architecture, mapping: Mapping, id: str, title: str,
    progress: Progress | None = None,
) -> View:  # fmt: skip
    """Executes the mapping and shows its frames, with counters that end at the counts of the closed form.

    Raises MappingError for a mapping that is not valid, InputError for an operation too large to be executed.
    """
    reported = evaluate(operation, architecture, mapping).counts
    if operation.macs > MOST_MACS:
        raise InputError(
            f"{operation.name}: a layer must have at most {MOST_MACS:,} MACs to be viewed, not {operation.macs:,}; "
            f"use a smaller batch"
        )
    recording = record(operation, architecture, mapping, progress=progress)
    if recording.counts != reported:
        raise InputError(
            f"{operation.name} on {architecture.name}: internal disagreement of executed and closed-form counts; "
            f"please report it"
        )
    layout = Layout(operation, mapping, places(operation, architecture, mapping))
    grid = grid_of(architecture, mapping)
    values = {
        "title": title,
        "controls": controls(title, recording.frames),
        "about": _about(operation, architecture, recording),
        "array": _array_sentence(architecture, grid),
        "rows": grid.shown_rows,
        "columns": grid.shown_columns,
        "words": WORDS,
        **_counters(layout, architecture, reported),
    }
    body = render((files("accelsim.viewer") / "viewer.html").read_text(encoding="utf-8"), **values)
    fragment = Fragment(id, title, body, viewer_kind(), recording.data)
    return View(fragment, reported, recording.frames, recording.is_every_step)


def _about(operation: Operation, architecture: Architecture, recording: Recording) -> str:
    data = recording.data
    steps = recording.counts.steps
    if recording.is_every_step:
        grain = f"every one of its {steps:,} compute steps is a frame" if steps > 1 else "in its one compute step"
    else:
        lines = [line for line in data["nest"] if line.get("time") == data["loops"] - 1]  # type: ignore[attr-defined,operator]
        many = "a trip" if data["every"] == 1 else f"{data['every']} trips"
        grain = (
            f"tile by tile: a frame is {many} of '{lines[0]['text']}', {steps:,} compute steps in "
            f"{recording.frames - 1:,} frames; what is inside a frame is shown as its last step leaves it"
        )
    return (
        f"{operation.name} on {architecture.name}, executed on real numbers, {grain}. Equal shades of a colour are "
        f"equal words; a strong edge marks what has changed; lines are words on their way, "
        f"thick ones from neighbour to neighbour, dashed ones sums going out."
    )


def _array_sentence(architecture: Architecture, grid: Grid) -> str:
    """What rows and columns are, and how much of the array is in use and drawn."""
    used = grid.rows * grid.columns
    sides = [f"rows are {grid.down}" if grid.down else "", f"columns are {grid.across}" if grid.across else ""]
    if grid.rows > 1 and not grid.down:
        sides = [f"{grid.across} runs along the rows, one after the other"]
    cut = ""
    if used > len(grid.macs):
        cut = f"; the first {grid.shown_rows} x {grid.shown_columns} are drawn, all are counted"
    words = "; ".join(side for side in sides if side)
    return f"{used:,} of {architecture.mac_units:,} PEs in use{cut}{f'; {words}' if words else ''}."


def _counters(layout: Layout, architecture: Architecture, reported: AccessCounts) -> dict[str, object]:
    """Rows of the tables of counters: which counters add up in each cell, and what it must come to."""
    named = counter_records(layout, architecture)
    tensors = layout.operation.tensors
    depth = [level.name for level in architecture.levels]
    kept = [i for i, place in enumerate(layout.places) if not place.is_mac]
    rows = []
    for i in sorted(kept, key=lambda i: (depth.index(layout.places[i].level), layout.places[i].tensor)):
        level, tensor = layout.places[i].level, tensors[layout.places[i].tensor].name
        total = reported.at(level, tensor).total
        cells = [{"counters": 4 * i + n, "reported": getattr(total, word)} for n, word in enumerate(WORDS)]
        rows.append({"level": level, "tensor": tensor, "cells": cells})
    through = []
    for record_, row in zip(named["networks"], reported.networks, strict=True):  # type: ignore[call-overload]
        assert (record_["fanout"], tensors[record_["tensor"]].name) == (row.fanout, row.tensor)
        cells = [
            {"counters": ",".join(map(str, record_[side])), "reported": count}
            for side, count in (("sent", row.sent), ("delivered", row.delivered))
        ]
        through.append({"level": row.fanout, "tensor": row.tensor, "cells": cells})
    steps = int(str(named["steps"]))
    return {
        "rows_of_words": rows,
        "rows_of_networks": through,
        "steps": {"counters": steps, "reported": reported.steps},
        "macs": {"counters": steps + 1, "reported": reported.macs},
    }
