"""Answers of searches kept on disk: a search that was made once is not made again.

cache = default_cache()                        # or Cache("searches.sqlite")
search_many(pairs, limits=limits, cache=cache)
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from accelsim.errors import InputError
from accelsim.mapping.dataflow import Dataflow
from accelsim.search.cache_entry import Answer, decoded, encoded
from accelsim.search.cache_file import connect, refusal
from accelsim.search.cache_key import LOADED_SOURCES, MODEL_VERSION, Question, source_digest
from accelsim.search.cache_place import FILE, default_folder

__all__ = ["MODEL_VERSION", "Cache", "CacheInfo", "CacheWarning", "Store", "default_cache"]


class CacheWarning(UserWarning):
    """The cache cannot be used; searches go on without it."""


@dataclass(frozen=True)
class CacheInfo:
    """``entries``: answers of any version; ``bytes``: on disk, with what is not yet merged into the file."""

    entries: int
    bytes: int


@dataclass(frozen=True)
class Cache:
    """A file of answers, made when there is none; any number of programs may use it at once.

    Raises InputError when it is damaged, another program's, or cannot be written, and so do its methods.
    """

    path: str | Path

    def __post_init__(self) -> None:
        connect(self.file).close()

    @property
    def file(self) -> Path:
        return Path(self.path)

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """The answers, to be read and added to while the context lasts, by one thread.

        Raises nothing when the file has gone bad: then nothing is known and nothing kept, and a warning says so.
        """
        store = Store(self.file)
        try:
            yield store
        finally:
            store.close()

    def info(self) -> CacheInfo:
        """How much it holds."""
        with self._connected() as connection:
            entries = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
            parts = [self.file, self.file.with_name(f"{self.file.name}-wal")]
            return CacheInfo(entries, sum(part.stat().st_size for part in parts if part.exists()))

    def clear(self) -> None:
        """Forget all answers, of every version."""
        with self._connected() as connection:
            connection.execute("DELETE FROM answers")
            with suppress(sqlite3.OperationalError):  # another program uses it just now: the space is used again later
                connection.execute("VACUUM")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = connect(self.file)
        try:
            yield connection
        except (sqlite3.Error, OSError) as error:
            raise InputError(refusal(self.file, error)) from None
        finally:
            connection.close()


class Store:
    """The answers of an open cache. What cannot be read is not known and what cannot be kept is not kept: the first
    failure of the file is one CacheWarning and the end of its use."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.load = lru_cache(maxsize=None)(_load)
        self.connection: sqlite3.Connection | None = None
        try:
            self.connection = connect(path)
        except InputError as error:
            _warn(str(error))

    def get(self, question: Question) -> Answer | None:
        """The answer that was kept, None when there is none; raises InputError for a dataflow that cannot be loaded."""
        if self.connection is None:
            return None
        key = question.key(self.load, LOADED_SOURCES)
        try:
            row = self.connection.execute("SELECT entry FROM answers WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        return None if row is None else decoded(question, key, row[0])

    def put(self, question: Question, answer: Answer) -> None:
        """Keep the answer to a question that ``get`` did not know; at once, so that no interrupt can lose it.

        Not when the sources or the file of the dataflow have changed since then: a worker process may have read them.
        """
        if self.connection is None:
            return
        key = question.key(self.load, LOADED_SOURCES)
        try:
            changed = question.key(_load, source_digest()) != key
        except InputError:
            changed = True
        entry = None if changed else encoded(question, key, answer)
        if entry is None:
            return
        try:
            self.connection.execute("INSERT OR REPLACE INTO answers (key, entry) VALUES (?, ?)", (key, entry))
        except sqlite3.Error as error:
            self._give_up(error)

    def close(self) -> None:
        """Let the file go; nothing is known or kept from here on."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def _give_up(self, error: sqlite3.Error) -> None:
        self.close()
        _warn(refusal(self.path, error))


def default_cache() -> Cache | None:
    """The user's own cache; None where it is switched off, or cannot be used, which a CacheWarning says."""
    folder = default_folder()
    if folder is None:
        return None
    try:
        return Cache(folder / FILE)
    except InputError as error:
        _warn(str(error))
        return None


def _load(name_or_path: str) -> Dataflow:
    from accelsim.mapping.dataflow_files import load_dataflow

    return load_dataflow(name_or_path)


def _warn(sentence: str) -> None:
    warnings.warn(f"{sentence} (searching without it)", CacheWarning, stacklevel=3)
