"""Whether a search finds the best of every mapping of a small problem; as a command, the seeds where it does not.

python tests/search_exact.py --seeds 0-200 --objective energy
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, lru_cache, partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from search_cases import Problem, features, ragged_case, search_case

import accelsim
from accelsim.errors import InfeasibleError
from accelsim.mapping.nest import Mapping, Storage
from accelsim.mapping.validity import violations
from accelsim.search import OBJECTIVES, Limits, Objective, SearchResult, search
from accelsim.search.exhaustive import Point, front
from accelsim.search.interface import Steps
from accelsim.search.objective import Score, score, score_of

CONVENTIONS = ("ours", "ours", "ours", "timeloop", "accelforge", "paper")
"""By seed, the convention that energy is priced under."""
EQUAL = 1e-12
CACHE = Path("/tmp/accelsim_search_exact")


def problem(seed: int, steps: Steps) -> Problem:
    return ragged_case(seed) if steps == "ragged" else search_case(seed)


def limits_of(seed: int, steps: Steps) -> Limits:
    return Limits(gap=0, steps=steps, convention=CONVENTIONS[seed % len(CONVENTIONS)])


@lru_cache(maxsize=64)
def optimum(seed: int, steps: Steps) -> tuple[Point, ...]:
    """The exact front of a seed's problem."""
    return front(*problem(seed, steps), limits_of(seed, steps), ragged=steps == "ragged")


def best_of(points: tuple[Point, ...], objective: Objective) -> tuple[Score, Mapping]:
    """The best score on a front and a mapping that has it."""
    best = min(points, key=lambda point: score_of(point.energy, point.cycles, objective))
    return score_of(best.energy, best.cycles, objective), best.mapping


def equal(found: float, expected: float) -> bool:
    return abs(found - expected) <= EQUAL * max(abs(found), abs(expected))


def is_perfect(mapping: Mapping) -> bool:
    """Whether every step divides what encloses it."""
    pairs = zip(mapping.nodes, mapping.enclosing, strict=True)
    return not any(extent % node.step for node, extent in pairs if not isinstance(node, Storage))


class Failure(NamedTuple):
    """A seed where the search is not what it must be."""

    seed: int
    reason: str
    found: Score | None = None
    expected: Score | None = None
    mapping: Mapping | None = None
    best: Mapping | None = None


def failures(seed: int, objective: Objective, steps: Steps, points: tuple[Point, ...] | None = None) -> list[Failure]:
    """What is wrong with the search's answer to the problem of a seed; ``points``: its front, when known."""
    operation, architecture = problem(seed, steps)
    points = optimum(seed, steps) if points is None else points
    try:
        result = search(operation, architecture, objective, limits_of(seed, steps))
    except InfeasibleError as error:
        best = best_of(points, objective) if points else (None, None)
        return [Failure(seed, f"says infeasible: {error}", None, best[0], None, best[1])] if points else []
    found = score(result.evaluation, objective)
    if not points:
        return [Failure(seed, "finds a mapping where there is none", found, None, result.mapping)]
    expected, mapping = best_of(points, objective)
    wrong = list(_wrong(result, found, expected, steps))
    if violations(operation, architecture, result.mapping):
        wrong.append("returns a mapping with violations")
    return [Failure(seed, reason, found, expected, result.mapping, mapping) for reason in wrong]


def _wrong(result: SearchResult, found: Score, expected: Score, steps: Steps) -> Iterator[str]:
    """Reasons why a result is wrong; over any steps it may stop short of the optimum unless it claims it."""
    certificate = result.certificate
    proven = certificate.complete or certificate.gap == 0
    if steps == "perfect" and not is_perfect(result.mapping):
        yield "leaves its space: a step does not divide"
    if found[0] < expected[0] * (1 - EQUAL):
        yield "beats the oracle"
    elif steps == "perfect" or proven:
        if not equal(found[0], expected[0]):
            yield "not optimal" + (", yet certified" if proven else "")
        elif (steps == "perfect" or certificate.complete) and not equal(found[1], expected[1]):
            yield "optimal, tie-breaker not"
    if certificate.lower_bound > expected[0] * (1 + EQUAL):
        yield f"lower bound above the optimum: {certificate.lower_bound}"
    if not equal(certificate.best, found[0]):
        yield f"certificate of another result: {certificate.best}"
    if not certificate.space_rule:
        yield "names no space"


# The command


@cache
def _oracle_sources() -> bytes:
    """All that the oracle's answer depends on besides the problem."""
    package = Path(accelsim.__file__).parent
    paths = [path for name in ("mapping", "model", "workload") for path in sorted((package / name).glob("*.py"))]
    paths += [package / "search" / name for name in ("exhaustive.py", "combinations.py", "objective.py")]
    return b"".join(path.read_bytes() for path in paths)


def remembered(seed: int, steps: Steps) -> tuple[Point, ...]:
    """The exact front of a seed's problem, from a file when problem and oracle are those of an earlier run."""
    asked = f"{problem(seed, steps)}{limits_of(seed, steps)}".encode()
    path = CACHE / f"{steps}-{seed}-{sha256(asked + _oracle_sources()).hexdigest()[:16]}.pickle"
    if path.exists():
        known: tuple[Point, ...] = pickle.loads(path.read_bytes())
        return known
    points = optimum(seed, steps)
    CACHE.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(points))
    return points


class Outcome(NamedTuple):
    """One seed: what fails, by objective, and the seconds that oracle and search took."""

    found: list[tuple[Objective, Failure]]
    oracle_seconds: float
    search_seconds: float


def outcome(seed: int, objectives: tuple[Objective, ...], steps: Steps) -> Outcome:
    start = perf_counter()
    points = remembered(seed, steps)
    middle, found = perf_counter(), []
    for objective in objectives:
        try:
            found += [(objective, failure) for failure in failures(seed, objective, steps, points)]
        except Exception as error:  # whatever it is, the list goes on with the next seed
            found.append((objective, Failure(seed, f"{type(error).__name__}: {error}")))
    return Outcome(found, middle - start, perf_counter() - middle)


def render(objective: Objective, failure: Failure, steps: Steps, mappings: bool) -> str:
    """A failing seed in some lines."""
    lines = [f"seed {failure.seed} {objective}: {failure.reason}: search {failure.found}, oracle {failure.expected}"]
    lines += [f"  {', '.join(sorted(set(features(*problem(failure.seed, steps)))))}"]
    for name, mapping in (("oracle", failure.best), ("search", failure.mapping)):
        if mappings and mapping is not None:
            lines += [f"    {line}" for line in (f"-- {name}", *str(mapping).splitlines())]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Seeds where the search is not the best of every mapping.")
    parser.add_argument("--seeds", default="0-100", help="one seed, or the first and the one after the last: 0-200")
    parser.add_argument("--objective", choices=[*OBJECTIVES, "all"], default="all")
    parser.add_argument("--steps", choices=["perfect", "ragged"], default="perfect")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--quiet", action="store_true", help="leave the mappings out")
    options = parser.parse_args()
    first, _, end = options.seeds.partition("-")
    seeds = range(int(first), int(end) if end else int(first) + 1)
    objectives = OBJECTIVES if options.objective == "all" else (options.objective,)
    failing: dict[str, list[int]] = {}
    oracle = searching = 0.0
    with ProcessPoolExecutor(options.workers) as pool:
        for one in pool.map(partial(outcome, objectives=objectives, steps=options.steps), seeds):
            oracle, searching = oracle + one.oracle_seconds, searching + one.search_seconds
            for objective, failure in one.found:
                failing.setdefault(f"{objective}: {failure.reason.partition(':')[0]}", []).append(failure.seed)
                print(render(objective, failure, options.steps, not options.quiet), flush=True)
    print(f"{len({seed for own in failing.values() for seed in own})} of {len(seeds)} seeds fail")
    for reason, own in sorted(failing.items()):
        print(f"  {len(own):4} {reason}: {','.join(map(str, own))}")
    print(f"oracle {oracle:.1f} s, search {searching:.1f} s")


if __name__ == "__main__":
    main()
