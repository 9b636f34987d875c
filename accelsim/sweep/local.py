"""Worker processes on this machine; one that dies is replaced, and a search that kills twice is set aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from accelsim.search.many import serve, stop
from accelsim.sweep.work import Chunk, Outcome, answered, died

IN_FLIGHT = 2
"""Chunks per worker that are under way or wait, so that none is idle while this process stores results."""


class Local:
    """Processes started afresh (spawn), as threads of numpy do not survive a fork.

    When one dies, every chunk that was under way is suspect: its searches run again one by one, each alone in a new
    pool, and one that kills a worker again is answered by ``died``.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.pool: ProcessPoolExecutor | None = None

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Outcome]:
        futures: dict[Future[list[Outcome]], Chunk] = {}
        while True:
            suspects: list[Chunk] = []
            try:
                while len(futures) < IN_FLIGHT * self.workers and (chunk := next(chunks, None)):
                    suspects = [chunk]  # taken, and not handed on yet
                    futures[self._pool(self.workers).submit(answered, chunk)] = chunk
                suspects = []
                if not futures:
                    return
                for future in wait(futures, return_when=FIRST_COMPLETED).done:
                    yield from future.result()
                    del futures[future]
            except BrokenProcessPool:
                suspects += [chunk for future, chunk in futures.items()]
                futures = {}
                self.close()
                for chunk in suspects:
                    yield from self._carefully(chunk)

    def _carefully(self, chunk: Chunk) -> Iterator[Outcome]:
        """One search at a time, so that it is known which one a worker dies of."""
        for search in chunk:
            try:
                yield from self._pool(1).submit(answered, (search,)).result()
            except BrokenProcessPool:
                self.close()
                yield died(search)
        self.close()

    def _pool(self, workers: int) -> ProcessPoolExecutor:
        if self.pool is None:
            self.pool = ProcessPoolExecutor(workers, get_context("spawn"), serve, (os.getpid(),))
        return self.pool

    def close(self) -> None:
        """End the processes without waiting."""
        pool, self.pool = self.pool, None
        if pool is not None:
            stop(pool)
