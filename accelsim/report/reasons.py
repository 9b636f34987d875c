"""Why the layers of a comparison cost what they cost, and for chosen ones what more of the machine would buy.

The reasons themselves are arithmetic on what was found; what more would buy is searched, up to two dozen machines a
layer, each looking at so many partial nests at most, so that the answers depend on nothing but the question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from accelsim.errors import InputError, nearest
from accelsim.report.compared import Compared
from accelsim.report.provenance import Input
from accelsim.report.results import LayerResult
from accelsim.report.searching import limits
from accelsim.report.stalls import Timed
from accelsim.search.cache import Cache
from accelsim.search.explain import Explanation, explain
from accelsim.search.interface import SearchResult
from accelsim.search.objective import score
from accelsim.web.fragment import Fragment

Reason = tuple[LayerResult, Explanation]
EFFORT = 200_000
"""Partial nests that a search for what more would buy may look at."""
NO_LAYER, LARGEST, EVERY_LAYER = "none", "largest", "all"


@dataclass(frozen=True)
class Findings:
    """A comparison and what was asked about it besides.

    title, source   of the declaration; empty where there is none
    timed           layers that were followed through the tile pipeline
    reasons         why, for every layer with MACs that has a mapping
    inputs          the files it was made of
    motion          sections of the page that play layers, as of accelsim.report.motion
    """

    comparison: Compared
    title: str = ""
    source: str = ""
    timed: tuple[Timed, ...] = ()
    reasons: tuple[Reason, ...] = ()
    inputs: tuple[Input, ...] = ()
    motion: tuple[Fragment, ...] = ()

    def reason(self, result: LayerResult) -> Explanation | None:
        """Why this layer costs what it costs on this machine; None for what has no reasons."""
        return self._by_place.get((result.network, result.machine, result.layer))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str, str], Explanation]:
        return {(r.network, r.machine, r.layer): why for r, why in self.reasons}


def findings(
    comparison: Compared,
    title: str = "",
    source: str = "",
    timed: Sequence[Timed] = (),
    what_if: str | Sequence[str] = NO_LAYER,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
    inputs: Sequence[Input] = (),
) -> Findings:
    """The comparison with its reasons.

    ``what_if``: for which layers to search what more of the machine would buy: 'none', 'largest' (the layer that
    takes most of each network's objective on each machine), 'all', or names of layers. ``progress`` is called with
    (layers explained, layers in all). Raises InputError for a name that is no layer of the comparison.
    """
    asked = _asked(comparison, what_if)
    limited = replace(limits(comparison.settings), max_candidates=EFFORT)
    mapped = [r for r in comparison.results if r.evaluation is not None and r.certificate is not None]
    out: list[Reason] = []
    for result in mapped:
        found = _result(result)
        seconds = None if any(result is wanted for wanted in asked) else 0.0
        why = explain(
            found, result.operation, result.architecture, comparison.settings.objective, limited, seconds,
            workers, cache=cache,
        )  # fmt: skip
        out.append((result, why))
        if progress is not None:
            progress(len(out), len(mapped))
    return Findings(comparison, title, source, tuple(timed), tuple(out), tuple(inputs))


def _result(result: LayerResult) -> SearchResult:
    evaluation, certificate = result.evaluation, result.certificate
    assert evaluation is not None
    assert evaluation.mapping is not None
    assert certificate is not None
    return SearchResult(evaluation.mapping, evaluation, certificate)


def _asked(comparison: Compared, what_if: str | Sequence[str]) -> list[LayerResult]:
    """The results for which what-ifs are searched."""
    mapped = [r for r in comparison.results if r.evaluation is not None and r.certificate is not None]
    match what_if:
        case "none":
            return []
        case "all":
            return mapped
        case "largest":
            largest: dict[tuple[str, str], LayerResult] = {}
            for result in mapped:
                key = result.network, result.machine
                if key not in largest or _weight(comparison, result) > _weight(comparison, largest[key]):
                    largest[key] = result
            return list(largest.values())
    names = [what_if] if isinstance(what_if, str) else what_if
    known = list(dict.fromkeys(r.layer for r in comparison.results if not r.is_vector))
    for name in names:
        if name not in known:
            raise InputError(f"what_if must be none, largest, all or names of layers; no layer '{name}'"
                             f"{nearest(name, known)}")  # fmt: skip
    return [r for r in mapped if r.layer in names]


def _weight(comparison: Compared, result: LayerResult) -> float:
    assert result.evaluation is not None
    return result.repeat * score(result.evaluation, comparison.settings.objective)[0]
