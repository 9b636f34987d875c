"""Many searches at once: equal ones once, in this process or in several; the answers do not depend on how many."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from threading import Thread
from time import sleep

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.search.engine import search
from accelsim.search.interface import Limits, Objective, SearchResult
from accelsim.workload.operation import Operation

Pair = tuple[Operation, Architecture]
Answer = SearchResult | InfeasibleError
Answers = Generator[tuple[int, Answer], None, None]


def search_many(
    pairs: Sequence[Pair],
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Answer]:
    """One answer per pair, in order: a result, or the error that says why there is none.

    Operations that differ in name only are searched once per machine. ``workers``: processes, None or 1 for this one.
    ``progress`` is called with the searches done and all there are. Whatever else a search raises is raised here, and
    an interrupt stops the workers.
    """
    unique: dict[Pair, Pair] = {}
    for operation, architecture in pairs:
        unique.setdefault((replace(operation, name=""), architecture), (operation, architecture))
    asked = list(unique.values())
    answers: dict[int, Answer] = {}
    run = _here if workers in (None, 1) or len(asked) < 2 else _spread
    # Closed at once when an interrupt arrives here, between answers: a traceback would keep the workers alive.
    with closing(run(asked, objective, limits, workers or 1)) as coming:
        for index, answer in coming:
            answers[index] = answer
            if progress is not None:
                progress(len(answers), len(asked))
    place = {key: i for i, key in enumerate(unique)}
    out = []
    for operation, architecture in pairs:
        index = place[replace(operation, name=""), architecture]
        out.append(_named(answers[index], asked[index][0].name, operation.name))
    return out


def _named(answer: Answer, asked: str, name: str) -> Answer:
    """The answer for an operation of another name."""
    if asked == name:
        return answer
    if isinstance(answer, InfeasibleError):
        return InfeasibleError(str(answer).replace(asked, name, 1))
    return replace(answer, evaluation=replace(answer.evaluation, operation=name))


def _answer(operation: Operation, architecture: Architecture, objective: Objective, limits: Limits) -> Answer:
    try:
        return search(operation, architecture, objective, limits)
    except InfeasibleError as error:
        return error


def _here(asked: list[Pair], objective: Objective, limits: Limits, workers: int) -> Answers:
    for index, (operation, architecture) in enumerate(asked):
        yield index, _answer(operation, architecture, objective, limits)


def _spread(asked: list[Pair], objective: Objective, limits: Limits, workers: int) -> Answers:
    """Answers as they come from worker processes; started afresh (spawn), as threads of numpy do not survive a fork.

    When a worker dies, what is still open is searched here, one at a time.
    """
    pool = ProcessPoolExecutor(min(workers, len(asked)), get_context("spawn"), _serve, (os.getpid(),))
    open_ = set(range(len(asked)))
    try:
        futures: dict[Future[Answer], int] = {
            pool.submit(_answer, operation, architecture, objective, limits): index
            for index, (operation, architecture) in enumerate(asked)
        }
        for future in as_completed(futures):
            answer = future.result()
            open_.discard(futures[future])
            yield futures[future], answer
    except BrokenProcessPool:
        _stop(pool)
        for index in sorted(open_):
            yield index, _answer(*asked[index], objective, limits)
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()


def _serve(parent: int) -> None:
    """A worker leaves interrupts to its parent, and ends when the parent is gone (killed, say)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers without waiting for what they search; the pool forgets them when it is shut down."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
