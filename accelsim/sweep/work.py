"""What a worker does with a chunk of searches, here or on another machine, and the interface of all that run chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from accelsim.errors import InfeasibleError, InputError
from accelsim.search.cache_entry import Answer, encoded
from accelsim.search.cache_key import LOADED_SOURCES
from accelsim.sweep.searches import Search

CHUNK_SECONDS = 1.0
"""Work in a chunk: long against the milliseconds that an engine needs for a task, short against a kill."""
MOST_IN_CHUNK = 64
Chunk = tuple[Search, ...]


@dataclass(frozen=True)
class Outcome:
    """The answer to a search as the store keeps it (``entry``), or why there is none (``failure``)."""

    key: str
    entry: bytes | None
    failure: str = ""
    seconds: float = 0.0


class Runner(Protocol):
    """Runs chunks somewhere."""

    @property
    def workers(self) -> int:
        """How many chunks it works on at once."""

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Outcome]:
        """Outcomes as they come, one for every search; chunks are taken as workers get free."""

    def close(self) -> None:
        """Let the workers go, without waiting for what they do."""


def answered(chunk: Chunk) -> list[Outcome]:
    """The outcomes of a chunk's searches."""
    return [_outcome(search) for search in chunk]


def answered_alike(chunk: Chunk, sources: str) -> list[Outcome]:
    """The same on another machine, where accelsim must be the one that asks; raises InputError when it is not."""
    if sources != LOADED_SOURCES:
        raise InputError("the cluster's workers run another accelsim than this one; install the same on all machines")
    return answered(chunk)


def died(search: Search) -> Outcome:
    """The outcome of a search that takes its worker with it."""
    return Outcome(search.key, None, "its worker died each time that it was tried (killed, or out of memory)")


def _outcome(search: Search) -> Outcome:
    from accelsim.search.engine import search as search_

    question, start = search.question, perf_counter()
    answer: Answer
    try:
        answer = search_(question.operation, question.architecture, question.objective, question.limits)
    except InfeasibleError as error:
        answer = error
    except Exception as error:  # one search that breaks must not stop a study
        return Outcome(search.key, None, f"{type(error).__name__}: {' '.join(str(error).split())}")
    seconds = perf_counter() - start
    entry = encoded(question, search.key, answer)
    if entry is None:
        return Outcome(search.key, None, "its answer cannot be written and read back", seconds)
    return Outcome(search.key, entry, "", seconds)


class Here:
    """This process alone."""

    workers = 1

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Outcome]:
        for chunk in chunks:
            for search in chunk:
                yield from answered((search,))

    def close(self) -> None:
        """Nothing is held."""


class Sizes:
    """How many searches make a chunk of about a second, learnt from those that came back."""

    def __init__(self) -> None:
        self.searches, self.seconds = 0, 0.0

    def note(self, outcome: Outcome) -> None:
        self.searches += 1
        self.seconds += outcome.seconds

    @property
    def size(self) -> int:
        if not self.searches:
            return 1
        mean = max(self.seconds / self.searches, 1e-4)
        return max(1, min(MOST_IN_CHUNK, int(CHUNK_SECONDS / mean)))
