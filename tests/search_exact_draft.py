"""The search against every mapping of small problems; a command that lists the seeds where it is not optimal.

python tests/search_exact_draft.py --seeds 0-200 --objective energy
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from search_cases import Problem, features, ragged_case, search_case

from accelsim.errors import InfeasibleError
from accelsim.mapping.nest import Mapping
from accelsim.mapping.validity import violations
from accelsim.search import OBJECTIVES, Limits, Objective, combinations, exhaustive, search
from accelsim.search.exhaustive import Point, front
from accelsim.search.objective import Score, score, score_of

CACHE = Path("/tmp/accelsim_search_exact")
CONVENTIONS = ("ours", "ours", "ours", "timeloop", "accelforge", "paper")
"""By seed, the convention that energy is priced under."""
EQUAL = 1e-12


def problem(seed: int, steps: str) -> Problem:
    return ragged_case(seed) if steps == "ragged" else search_case(seed)


def limits_of(seed: int, steps: str) -> Limits:
    return Limits(gap=0, steps=steps, convention=CONVENTIONS[seed % len(CONVENTIONS)])  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def optimum(seed: int, steps: str) -> tuple[Point, ...]:
    """The exact front of a seed's problem; kept in a file as long as problem and oracle are the same."""
    operation, architecture = problem(seed, steps)
    sources = "".join(Path(str(module.__file__)).read_text() for module in (combinations, exhaustive))
    key = sha256(f"{operation}{architecture}{limits_of(seed, steps)}{sources}".encode()).hexdigest()[:16]
    path = CACHE / f"{steps}-{seed}-{key}.pickle"
    if path.exists():
        points: tuple[Point, ...] = pickle.loads(path.read_bytes())
        return points
    points = front(operation, architecture, limits_of(seed, steps), ragged=steps == "ragged")
    CACHE.mkdir(exist_ok=True)
    path.write_bytes(pickle.dumps(points))
    return points


def best_of(points: tuple[Point, ...], objective: Objective) -> tuple[Score, Mapping]:
    """The best score on a front and a mapping that has it."""
    best = min(points, key=lambda point: score_of(point.energy, point.cycles, objective))
    return score_of(best.energy, best.cycles, objective), best.mapping


def equal(found: float, expected: float) -> bool:
    return abs(found - expected) <= EQUAL * max(abs(found), abs(expected))


class Failure(NamedTuple):
    """A seed where the search is not what it must be."""

    seed: int
    reason: str
    found: Score | None = None
    expected: Score | None = None
    mapping: Mapping | None = None
    best: Mapping | None = None


def failures(seed: int, objective: Objective, steps: str) -> Iterator[Failure]:
    """What is wrong with the search's answer to the problem of a seed."""
    operation, architecture = problem(seed, steps)
    points = optimum(seed, steps)
    try:
        result = search(operation, architecture, objective, limits_of(seed, steps))
    except InfeasibleError as error:
        if points:
            yield Failure(seed, f"says infeasible: {error}", None, *best_of(points, objective)[:1])
        return
    found, certificate = score(result.evaluation, objective), result.certificate
    if not points:
        yield Failure(seed, "finds a mapping where there is none", found, None, result.mapping)
        return
    expected, best = best_of(points, objective)
    say = partial(Failure, seed, found=found, expected=expected, mapping=result.mapping, best=best)
    if violations(operation, architecture, result.mapping):
        yield say("returns a mapping with violations")
    if found[0] < expected[0] * (1 - EQUAL):
        yield say("beats the oracle")
    elif not equal(found[0], expected[0]):
        complete = certificate.complete and equal(certificate.lower_bound, certificate.best)
        if steps == "perfect" or complete:
            yield say("not optimal" + (", yet certified" * complete))
    elif not equal(found[1], expected[1]) and (steps == "perfect" or certificate.complete):
        yield say("optimal, tie-breaker not")
    if certificate.lower_bound > expected[0] * (1 + EQUAL):
        yield say(f"lower bound {certificate.lower_bound} above the optimum")
    if not equal(certificate.best, found[0]):
        yield say(f"certificate is for {certificate.best}")


# The command


def _checked(
    seed: int, objectives: tuple[Objective, ...], steps: str
) -> tuple[list[tuple[str, Failure]], float, float]:
    start = perf_counter()
    optimum(seed, steps)
    middle, found = perf_counter(), []
    for objective in objectives:
        try:
            found += [(objective, failure) for failure in failures(seed, objective, steps)]
        except Exception as error:  # the list goes on with the next seed
            found.append((objective, Failure(seed, f"{type(error).__name__}: {error}")))
    return found, middle - start, perf_counter() - middle


def _shown(objective: str, failure: Failure, mappings: bool, steps: str) -> str:
    lines = [f"seed {failure.seed} {objective}: {failure.reason}: search {failure.found}, oracle {failure.expected}"]
    lines += [f"  {', '.join(sorted(set(features(*problem(failure.seed, steps)))))}"]
    for name, mapping in (("oracle", failure.best), ("search", failure.mapping)):
        if mappings and mapping is not None:
            lines.append("\n".join(f"    {line}" for line in [f"-- {name}", *str(mapping).splitlines()]))
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
    check = partial(_checked, objectives=objectives, steps=options.steps)
    failing: set[int] = set()
    oracle_seconds = search_seconds = 0.0
    reasons: dict[str, int] = {}
    with ProcessPoolExecutor(options.workers) as pool:
        for seed, (found, oracle, searching) in zip(seeds, pool.map(check, seeds), strict=True):
            oracle_seconds, search_seconds = oracle_seconds + oracle, search_seconds + searching
            for objective, failure in found:
                failing.add(seed)
                name = f"{objective}: {failure.reason.partition(':')[0]}"
                reasons[name] = reasons.get(name, 0) + 1
                print(_shown(objective, failure, not options.quiet, options.steps), flush=True)
    print(f"{len(failing)} of {len(seeds)} seeds fail: {','.join(map(str, sorted(failing)))}")
    for reason, times in sorted(reasons.items()):
        print(f"  {times:5} {reason}")
    print(f"oracle {oracle_seconds:.1f} s, search {search_seconds:.1f} s")


if __name__ == "__main__":
    main()
