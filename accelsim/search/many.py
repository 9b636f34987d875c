"""Many searches at once: equal ones once, in this process or in several; the answers do not depend on how many."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, nullcontext
from dataclasses import replace
from multiprocessing import get_context
from threading import Thread
from time import perf_counter, sleep

from accelsim.architecture.spec import Architecture
from accelsim.errors import InfeasibleError
from accelsim.search.cache import Cache
from accelsim.search.cache_entry import Answer, renamed
from accelsim.search.cache_key import Question
from accelsim.search.engine import search
from accelsim.search.interface import Limits, Objective
from accelsim.workload.operation import Operation

Pair = tuple[Operation, Architecture]
Timed = tuple[Answer, bool]
"""An answer, and whether it is the same on every machine: no limit of time had a part in it."""
Keep = Callable[[Question, Timed], None]
Watch = Callable[[int, float], None]
Answers = Generator[tuple[Question, Answer], None, None]


def search_many(
    pairs: Sequence[Pair],
    objective: Objective = "energy",
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cache: Cache | None = None,
    watch: Watch | None = None,
) -> list[Answer]:
    """One answer per pair, in order: a result, or the error that says why there is none.

    Operations that differ in name only are searched once per machine. ``workers``: processes, None or 1 for this one.
    ``progress`` is called with the answers there are and all there will be, ``watch`` from inside a search that is made
    in this process, as ``progress`` of accelsim.search.engine.search. Whatever else a search raises is raised
    here, and an interrupt stops the workers.
    What the ``cache`` knows is not searched, and what is found is kept in it at once, except answers that
    ``limits.seconds`` had a part in. An interrupt leaves there all that was found.
    """
    unique: dict[Pair, Question] = {}
    for operation, architecture in pairs:
        nameless = replace(operation, name=""), architecture
        unique.setdefault(nameless, Question(operation, architecture, objective, limits))
    answers: dict[Question, Answer] = {}

    def note(question: Question, answer: Answer) -> None:
        answers[question] = answer
        if progress is not None:
            progress(len(answers), len(unique))

    with cache.opened() if cache else nullcontext() as store:

        def keep(question: Question, timed: Timed) -> None:
            if store is not None and timed[1]:
                store.put(question, timed[0])

        for question in unique.values():
            if store is not None and (known := store.get(question)) is not None:
                note(question, known)
        missing = [question for question in unique.values() if question not in answers]
        alone = workers in (None, 1) or len(missing) < 2
        # Closed at once when an interrupt arrives here, between answers: a traceback would keep the workers alive.
        with closing(_here(missing, keep, watch) if alone else _spread(missing, workers or 1, keep)) as coming:
            for question, answer in coming:
                note(question, answer)
    out = []
    for operation, architecture in pairs:
        question = unique[replace(operation, name=""), architecture]
        out.append(_named(answers[question], question.operation.name, operation.name))
    return out


def _named(answer: Answer, asked: str, name: str) -> Answer:
    """The answer for an operation of another name."""
    if asked == name:
        return answer
    if isinstance(answer, InfeasibleError):
        return InfeasibleError(renamed(str(answer), asked, name))
    return replace(answer, evaluation=replace(answer.evaluation, operation=name))


def _answer(question: Question, watch: Watch | None = None) -> Timed:
    start, seconds = perf_counter(), question.limits.seconds
    answer: Answer
    try:
        answer = search(question.operation, question.architecture, question.objective, question.limits, watch)
        spent = answer.certificate.seconds
    except InfeasibleError as error:
        answer, spent = error, perf_counter() - start
    return answer, seconds is None or spent < seconds


def _here(asked: list[Question], keep: Keep, watch: Watch | None = None) -> Answers:
    for question in asked:
        timed = _answer(question, watch)
        keep(question, timed)
        yield question, timed[0]


def _spread(asked: list[Question], workers: int, keep: Keep) -> Answers:
    """Answers as they come from worker processes, the largest operations first, lest one be left at the end.

    The workers are started afresh (spawn), as threads of numpy do not survive a fork. When one dies, what is still
    open is searched here, one at a time.
    """
    pool = ProcessPoolExecutor(min(workers, len(asked)), get_context("spawn"), serve, (os.getpid(),))
    open_ = dict.fromkeys(sorted(asked, key=lambda question: -question.operation.points))
    futures: dict[Future[Timed], Question] = {}
    try:
        futures |= {pool.submit(_answer, question): question for question in open_}
        for future in as_completed(futures):
            timed = future.result()
            keep(futures[future], timed)
            del open_[futures[future]]
            yield futures[future], timed[0]
    except BrokenProcessPool:
        stop(pool)
        yield from _here(list(open_), keep)
    except BaseException:
        stop(pool)
        for future, question in futures.items():
            if question in open_ and future.done() and not future.cancelled() and future.exception() is None:
                keep(question, future.result())
        raise
    pool.shutdown()


def serve(parent: int) -> None:
    """A worker leaves interrupts to its parent, and ends when the parent is gone (killed, say)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def stop(pool: ProcessPoolExecutor) -> None:
    """End the workers without waiting for what they search; the pool forgets them when it is shut down."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
