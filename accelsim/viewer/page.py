"""Views of one layer on one or several machines as a page: side by side and in step, then each in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping
from accelsim.viewer.fragment import View, controls, view
from accelsim.viewer.recording import Progress
from accelsim.web.fragment import Fragment, Kind, slug
from accelsim.web.page import render, render_page
from accelsim.workload.operation import Operation

ABOUT = (
    "Every dataflow at its own pace, a frame of each at a time. Bands that keep their shade and get no strong edge are "
    "what a dataflow holds still; lines are words on their way into the array, dashed ones sums on their way out. The "
    "views below follow."
)


@dataclass(frozen=True)
class Mapped:
    """A layer on a machine under a valid mapping."""

    operation: Operation
    architecture: Architecture
    mapping: Mapping


@dataclass(frozen=True)
class ViewPage:
    """The page as text, and the views on it."""

    html: str
    views: tuple[View, ...]


def view_page(mapped: Sequence[Mapped], title: str, source: str = "", progress: Progress | None = None) -> ViewPage:
    """Views of every mapping as a page of their own; arguments and errors as of `view_fragments`."""
    fragments, views = view_fragments(mapped, progress)
    return ViewPage(render_page(title, fragments, source, "Made by accelsim; the page needs no network."), views)


def view_fragments(
    mapped: Sequence[Mapped], progress: Progress | None = None
) -> tuple[tuple[Fragment, ...], tuple[View, ...]]:
    """Executes every mapping and shows it; with several, a first section that plays all of them in step.

    Raises InputError for none, or for a layer too large to be executed; MappingError for a mapping that is not valid.
    """
    if not mapped:
        raise InputError("a view must have at least one machine, not none")
    views = []
    for number, one in enumerate(mapped, start=1):
        name = f"{one.operation.name} on {one.architecture.name}"
        made = view(one.operation, one.architecture, one.mapping, f"view-{number}-{slug(name)}", name, progress)
        views.append(made)
    fragments = [made.fragment for made in views]
    if len(views) > 1:
        fragments.insert(0, _together(mapped, views))
    return tuple(fragments), tuple(views)


@cache
def _kind() -> Kind:
    return Kind.shipped("together", "accelsim.viewer")


def _together(mapped: Sequence[Mapped], views: Sequence[View]) -> Fragment:
    """All arrays under one set of controls, and what each moves in the whole layer."""
    tensors = list(dict.fromkeys(tensor.name for one in mapped for tensor in one.operation.tensors))
    rows = []
    for one, made in zip(mapped, views, strict=True):
        counts = made.counts
        through = [
            sum(getattr(row, side) for row in counts.networks if row.tensor == tensor)
            for tensor in tensors
            for side in ("sent", "delivered")
        ]
        outermost = one.architecture.levels[0].name
        dram = sum(sum(vars(row.total).values()) for row in counts.tensors if row.level == outermost)
        rows.append(
            {
                "id": made.fragment.id,
                "machine": one.architecture.name,
                "dataflow": (one.architecture.dataflow or "any").replace("_", " "),
                "numbers": [counts.steps, counts.mac_instances, *through, dram],
            }
        )
    template = (files("accelsim.viewer") / "together.html").read_text(encoding="utf-8")
    longest = max(made.frames for made in views)
    body = render(template, about=ABOUT, tensors=tensors, rows=rows, controls=controls("all views in step", longest))
    several = len({one.operation.name for one in mapped}) > 1
    names = [f"{one.operation.name} on {one.architecture.name}" if several else one.architecture.name for one in mapped]
    return Fragment("together", "In step", body, _kind(), {"names": names})
