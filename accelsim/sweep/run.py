"""One process at work on a study: points to searches, searches to workers, answers to rows, each kept at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from time import perf_counter

from accelsim.architecture.files import dump_architecture
from accelsim.architecture.spec import Architecture
from accelsim.errors import AccelsimError
from accelsim.report.results import Settings
from accelsim.search.cache_entry import Answer, decoded
from accelsim.sweep.points import INVALID, Builder, Choice, Refusal, shown
from accelsim.sweep.rows import Layered, layered, point_row
from accelsim.sweep.searches import VERSION, Asked, Search, Searches, canonical_input, digest, point_key
from accelsim.sweep.store import FAILED, Planned, Results, StoredPoint
from accelsim.sweep.study import Study
from accelsim.sweep.work import Chunk, Outcome, Runner, Sizes
from accelsim.workload.files import dump_network
from accelsim.workload.network import Network


@dataclass(frozen=True)
class Progress:
    """Where a run stands. ``points`` of ``all_points`` have a result; ``searches``: made in this run;
    ``seconds_left``: an estimate, None before there is one."""

    points: int
    all_points: int
    searches: int
    seconds_left: float | None


Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Point:
    """A point to be run, or one that cannot be (``refusal``)."""

    key: str
    work: Layered | None
    refusal: Refusal | None = None


class Run:
    """One process at work on a study, with its store and its workers."""

    def __init__(self, study: Study, store: Results, runner: Runner, watch: Watch | None, retry_failed: bool) -> None:
        self.study, self.store, self.runner, self.watch = study, store, runner, watch
        self.retry_failed = retry_failed
        self.builder = Builder(study)
        self.searches = Searches(Asked(study.objective, study.limits))
        self.settings = Settings(
            None, study.objective, study.limits.convention, None, study.limits.gap, None, study.limits.steps
        )  # fmt: skip
        self.start, self.made, self.finished, self.total = perf_counter(), 0, 0, 0
        self.begun = 0
        self.answer = lru_cache(maxsize=2000)(self._answer)

    def keyed(self, choice: Choice) -> list[tuple[str, Point]]:
        """(network label, point) of every network at a choice."""
        machine = self.builder.machine(choice)
        out = []
        for index, workload in enumerate(self.study.workloads):
            network = self.builder.network(index, choice)
            refusal = machine if isinstance(machine, Refusal) else network if isinstance(network, Refusal) else None
            if refusal is not None:
                stated = [VERSION, self.study.base, shown(self.study, choice), workload.label, vars(refusal)]
                out.append((workload.label, Point(digest(json.dumps(stated)), None, refusal)))
                continue
            assert isinstance(machine, Architecture)
            assert isinstance(network, Network)
            key = point_key(canonical_input(machine), canonical_input(network), self.searches.asked)
            try:
                point = Point(key, layered(network, machine, self.searches))
            except AccelsimError as error:
                point = Point(key, None, Refusal(INVALID, str(error)))
            out.append((workload.label, point))
        return out

    def planned(self, choices: Sequence[Choice], first: int) -> tuple[list[Planned], dict[str, Point]]:
        """The points of some choices, positions from ``first`` on."""
        plan: list[Planned] = []
        points: dict[str, Point] = {}
        for choice in choices:
            axes = shown(self.study, choice)
            for label, point in self.keyed(choice):
                plan.append(Planned(first + len(plan), point.key, {"network": label, **axes}))
                points[point.key] = point
        return plan, points

    def window(self, points: dict[str, Point], backwards: bool = False) -> None:
        """Bring a window of points to their results."""
        statuses = self.store.statuses()
        waiting: dict[str, Point] = {}
        for key, point in points.items():
            if self._is_done(key, statuses):
                continue
            if point.refusal is not None:
                row = {"columns": {}, "layers": [], "reason": point.refusal.reason}
                self.store.put_point(StoredPoint(key, point.refusal.status, row))
            else:
                waiting[key] = point
        self.finished += len(points) - len(waiting)
        self.begun = self.begun or self.finished
        if backwards:
            waiting = dict(reversed(waiting.items()))
        self._search(waiting)

    def _is_done(self, key: str, statuses: dict[str, str]) -> bool:
        """Whether there is a result that can be read, and that need not be tried again."""
        if key not in statuses or (self.retry_failed and statuses[key] == FAILED):
            return False
        return next(self.store.points([key]), None) is not None

    def _search(self, waiting: dict[str, Point]) -> None:
        """Search what the points lack, and finish each when it lacks nothing."""
        wanted = {s.key: s for p in waiting.values() if p.work for s in p.work.searches if s is not None}
        known = self.store.known(wanted)
        lacking = {key: [k for k in p.work.keys if k not in known] for key, p in waiting.items() if p.work}
        users: dict[str, list[str]] = {}
        for key, needs in lacking.items():
            for need in needs:
                users.setdefault(need, []).append(key)
        open_ = Counter({key: len(needs) for key, needs in lacking.items()})
        failures: dict[str, str] = {}
        damaged: dict[str, Point] = {}

        def finish(key: str) -> None:
            point = waiting.pop(key)
            if not self._finish(point, failures):
                damaged[key] = point

        for key in [key for key, needs in lacking.items() if not needs]:
            finish(key)
        sizes = Sizes()
        missing = [wanted[key] for key in users]
        for outcome in self.runner.run(self._chunks(missing, sizes)):
            sizes.note(outcome)
            self._keep(outcome, failures)
            for key in users.get(outcome.key, ()):
                open_[key] -= 1
                if not open_[key] and key in waiting:
                    finish(key)
        for key in list(waiting):  # what another process has answered meanwhile
            finish(key)
        if damaged:
            self._search(damaged)

    def _chunks(self, missing: list[Search], sizes: Sizes) -> Iterator[Chunk]:
        """Chunks of what nobody has answered yet, as they are asked for."""
        rest = iter(missing)
        while chunk := tuple(islice(rest, sizes.size)):
            known = self.store.known(search.key for search in chunk)
            if left := tuple(search for search in chunk if search.key not in known):
                yield left

    def _keep(self, outcome: Outcome, failures: dict[str, str]) -> None:
        self.made += 1
        if outcome.entry is None:
            failures[outcome.key] = outcome.failure
        else:
            self.store.put_search(outcome.key, outcome.entry, outcome.seconds)
        self._report()

    def _finish(self, point: Point, failures: dict[str, str]) -> bool:
        """Keep the result of a point whose searches are all answered; False when an answer cannot be read."""
        assert point.work is not None
        work = point.work
        inputs = (dump_architecture(work.architecture), dump_network(work.network))
        common = {"machine": digest(inputs[0]), "network": digest(inputs[1]), "model_version": VERSION}
        names = zip(work.network.layers, work.searches, strict=True)
        failed = [f"{entry.name}: {failures[s.key]}" for entry, s in names if s is not None and s.key in failures]
        if failed:
            status, row = FAILED, {"columns": {}, "layers": [], "reason": failed[0]}
        else:
            try:
                status, row = point_row(work, self.answer, self.settings)
            except DamagedError:
                return False
        seconds = self.store.seconds(work.keys)
        self.store.put_point(StoredPoint(point.key, status, {**row, **common, "search_seconds": seconds}), inputs)
        self.finished += 1
        self._report()
        return True

    def _answer(self, search: Search) -> Answer:
        entry = self.store.entry(search.key)
        answer = None if entry is None else decoded(search.question, search.key, entry)
        if answer is None:
            self.store.forget_search(search.key)
            raise DamagedError
        return answer

    def _report(self) -> None:
        if self.watch is None:
            return
        spent, done = perf_counter() - self.start, self.finished - self.begun
        left = spent / done * (self.total - self.finished) if done > 0 else None
        self.watch(Progress(self.finished, self.total, self.made, left))


class DamagedError(Exception):
    """An answer in the store cannot be read; it is forgotten and searched again."""
