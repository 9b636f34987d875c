"""Sections of a report's page that play chosen layers on every machine that has a mapping for them."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.errors import InputError, nearest
from accelsim.report.compared import Compared
from accelsim.viewer.page import Mapped, view_fragments
from accelsim.viewer.recording import Progress
from accelsim.web.fragment import Fragment


def views_of(comparison: Compared, layers: Sequence[str], progress: Progress | None = None) -> tuple[Fragment, ...]:
    """The sections, layer by layer as named; none where no machine has a mapping.

    Executes every layer. Raises InputError for a name that no layer with MACs has, or a layer too large to be executed.
    """
    known = list(dict.fromkeys(result.layer for result in comparison.results if not result.is_vector))
    for name in layers:
        if name not in known:
            raise InputError(f"view must name layers with MACs of the networks, not '{name}'{nearest(name, known)}")
    mapped = [
        Mapped(result.operation, result.architecture, result.evaluation.mapping)
        for name in layers
        for result in comparison.results
        if result.layer == name and result.evaluation is not None and result.evaluation.mapping is not None
    ]
    return view_fragments(mapped, progress)[0] if mapped else ()
