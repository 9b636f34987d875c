"""The long part of a comparison: layers searched on every machine, those without MACs streamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError, InputError, nearest
from accelsim.report.results import LayerResult, Settings
from accelsim.search.interface import OBJECTIVES, STEPS, Limits, Objective, SearchResult, Steps
from accelsim.search.restriction import Restriction
from accelsim.workload.operation import Operation

if TYPE_CHECKING:
    from accelsim.search.cache import Cache
    from accelsim.workload.layer import Layer

Pair = tuple[Operation, Architecture]
Answer = SearchResult | InfeasibleError
Progress = Callable[[int, int], None]
"""Called with (layers done, layers in all)."""
Watch = Callable[[int, float], None]
"""Called with (partial nests looked at, best value so far)."""


def limits(
    settings: Settings, max_cycles: int | None = None, max_energy: float | None = None,
    restriction: str | Path | Restriction | None = None,
) -> Limits:  # fmt: skip
    """The settings as the search takes them."""
    return Limits(
        dataflow=settings.dataflow,
        convention=settings.convention,
        gap=settings.gap,
        seconds=settings.seconds,
        steps=settings.steps,
        max_cycles=max_cycles,
        max_energy=max_energy,
        restriction=as_restriction(restriction),
    )


def as_restriction(restriction: str | Path | Restriction | None) -> Restriction | None:
    """What a path, a value or nothing fixes of a mapping."""
    if isinstance(restriction, str | Path):
        from accelsim.search.restriction_files import load_restriction

        return load_restriction(restriction)
    return restriction


def cache_of(cache: Cache | bool) -> Cache | None:
    """The cache that is meant: True for the user's own (None where there is none), False for none."""
    if isinstance(cache, bool):
        from accelsim.search.cache import default_cache

        return default_cache() if cache else None
    return cache


def check_settings(settings: Settings) -> None:
    """Raises InputError for a setting that no search could follow."""
    if settings.batch is not None and settings.batch < 1:
        raise InputError(f"batch must be at least 1, not {settings.batch}")
    if settings.objective not in OBJECTIVES:
        choices = ", ".join(OBJECTIVES)
        raise InputError(f"objective must be one of {choices}, not '{settings.objective}'")
    if not 0 <= settings.gap < 1:
        raise InputError(f"gap must be at least 0 and below 1, not {settings.gap}")
    if settings.seconds is not None and not settings.seconds > 0:
        raise InputError(f"seconds must be more than 0, not {settings.seconds}")
    if settings.steps not in STEPS:
        raise InputError(
            f"steps must be one of {', '.join(STEPS)}, not '{settings.steps}'{nearest(settings.steps, STEPS)}"
        )
    from accelsim.model.conventions import convention

    convention(settings.convention)
    if settings.dataflow is not None:
        from accelsim.mapping.dataflow_files import load_dataflow

        load_dataflow(settings.dataflow)


def as_architecture(architecture: str | Path | Architecture) -> Architecture:
    """The machine that a name, a path or a value means."""
    if isinstance(architecture, str | Path):
        from accelsim.architecture.files import load_architecture

        return load_architecture(str(architecture))
    return architecture


def complete(
    wanted: Sequence[LayerResult],
    settings: Settings,
    workers: int | None = None,
    progress: Progress | None = None,
    cache: Cache | None = None,
) -> tuple[LayerResult, ...]:
    """The results with evaluation and certificate, or with the reason why there are none.

    ``workers``: processes to search with, None for this one; the results do not depend on it.
    """
    asked = [r for r in wanted if not r.is_vector]
    pairs = [(r.operation, r.architecture) for r in asked]
    answers = iter(_searched(pairs, settings, workers, progress, cache))
    return tuple(_streamed(r) if r.is_vector else _with(r, next(answers)) for r in wanted)


def _searched(
    pairs: list[Pair], settings: Settings, workers: int | None, progress: Progress | None, cache: Cache | None
) -> Sequence[Answer]:
    from accelsim.search import search_many

    return search_many(pairs, settings.objective, limits(settings), workers=workers, progress=progress, cache=cache)


def _with(result: LayerResult, answer: Answer) -> LayerResult:
    if isinstance(answer, SearchResult):
        return replace(result, evaluation=answer.evaluation, certificate=answer.certificate)
    return replace(result, reason=str(answer))


def _streamed(result: LayerResult) -> LayerResult:
    from accelsim.model.vector import evaluate_vector

    return replace(result, evaluation=evaluate_vector(result.operation, result.architecture))


def best_mapping(
    layer: Operation | Layer,
    architecture: str | Path | Architecture,
    *,
    objective: Objective = "energy",
    convention: str = "ours",
    dataflow: str | None = None,
    gap: float = 0.01,
    seconds: float | None = None,
    steps: Steps = "aligned",
    max_cycles: int | None = None,
    max_energy: float | None = None,
    restriction: str | Path | Restriction | None = None,
    cache: Cache | bool = True,
    progress: Watch | None = None,
) -> SearchResult:
    """The best mapping of one layer on one machine, its cost, and the certificate: how sure that is.

    Arguments as of ``accelsim.compare``; ``max_cycles`` and ``max_energy`` (in the machine's unit) leave out what is
    slower or costs more; ``restriction`` (a file or a value) fixes axes, tiles, what levels keep, the least utilization
    or a nest with open steps; ``progress`` is called with (partial nests looked at, best value so far). Raises
    InfeasibleError, with the constraint and the smallest change that would help, when there is no mapping, and
    InputError for whatever is wrong with the arguments; SearchInterrupted, with the best so far, on Ctrl-C.
    """
    from accelsim.search import search_many

    settings = Settings(None, objective, convention, dataflow, gap, seconds, steps)
    check_settings(settings)
    asked = limits(settings, max_cycles, max_energy, restriction)
    operation = layer if isinstance(layer, Operation) else layer.operation()
    pair = operation, as_architecture(architecture)
    (answer,) = search_many([pair], objective, asked, cache=cache_of(cache), watch=progress)
    if isinstance(answer, InfeasibleError):
        raise answer
    return answer
