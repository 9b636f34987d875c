"""The results of a study on disk: one SQLite file, found by content, whole after a kill at any moment.

    searches   key -> nest and certificate of one layer on one machine part (an entry of accelsim.search.cache_entry)
    points     key -> status, and the row of a network on a machine as JSON, with digests of its inputs and its time
    inputs     digest -> a machine or network in full, as YAML that reads back equal
    plan       position -> the point there and the values of its axes: the study as it was last run
    meta       the study's file
    results    a view: a row per point, every column of it

Two programs on one study write the same rows under the same keys, so neither disturbs the other.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from accelsim.errors import InputError
from accelsim.files import database
from accelsim.files.database import Layout
from accelsim.sweep.searches import digest

FILE = "study.sqlite"
BUSY_SECONDS = 60.0
LAYOUT = Layout(
    noun="the store of results",
    short="the store of results",
    application=0x61637377,
    version=1,
    tables=(
        "CREATE TABLE searches (key TEXT PRIMARY KEY, entry BLOB NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID",
        "CREATE TABLE points (key TEXT PRIMARY KEY, status TEXT NOT NULL, row TEXT NOT NULL, checksum TEXT NOT NULL)",
        "CREATE TABLE inputs (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE plan (position INTEGER PRIMARY KEY, point TEXT NOT NULL, axes TEXT NOT NULL)",
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    ),
    renew="move it away to begin a new one, or give another folder",
)
DONE = ("mapped", "infeasible", "invalid", "excluded")
FAILED = "failed"


@dataclass(frozen=True)
class StoredPoint:
    """A point's result: ``row`` holds its columns, its layers and the digests of its inputs."""

    key: str
    status: str
    row: dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """A point of the study: its key, and the values of its axes (with the network's label) as tables show them."""

    position: int
    key: str
    axes: dict[str, Any]


class Results:
    """An open store. Raises InputError, one sentence, for whatever is wrong with the file; what is in it stays."""

    def __init__(self, folder: Path, fresh: bool = True) -> None:
        self.path = folder / FILE
        if not fresh and not self.path.exists():
            raise InputError(f"{folder}: holds no study; 'accelsim sweep STUDY --out {folder}' begins one")
        self.connection = database.connect(self.path, LAYOUT, BUSY_SECONDS) if fresh else _readable(self.path)
        with self._guarded():
            found = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            self.close()
            raise InputError(f"{self.path}: {LAYOUT.noun} is damaged ({' '.join(found.split())}); {LAYOUT.renew}")

    def close(self) -> None:
        self.connection.close()

    def meta(self, name: str) -> str | None:
        """A value of the study's own, None when it is not there."""
        return next((str(row[0]) for row in self._rows("SELECT value FROM meta WHERE name = ?", (name,))), None)

    def set_meta(self, name: str, value: str) -> None:
        self._write("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(name, value)])

    def set_plan(self, planned: Sequence[Planned]) -> None:
        """Replace the plan, in one step."""
        rows = [(p.position, p.key, json.dumps(p.axes)) for p in planned]
        with self._guarded(), self._transaction():
            self.connection.execute("DELETE FROM plan")
            self.connection.executemany("INSERT INTO plan VALUES (?, ?, ?)", rows)

    def plan(self) -> list[Planned]:
        """The study's points, in order."""
        rows = self._rows("SELECT position, point, axes FROM plan ORDER BY position")
        return [Planned(position, key, self._json(axes)) for position, key, axes in rows]

    def statuses(self) -> dict[str, str]:
        """Key to status of every point that has a result."""
        return dict(self._rows("SELECT key, status FROM points"))

    def points(self, keys: Iterable[str]) -> Iterator[StoredPoint]:
        """The results of these points, as far as there are any; a damaged one is left out."""
        for key in keys:
            for status, row, checksum in self._rows("SELECT status, row, checksum FROM points WHERE key = ?", (key,)):
                if digest(f"{key} {status} {row}") == checksum:
                    yield StoredPoint(key, status, json.loads(row))

    def put_point(self, point: StoredPoint, inputs: Iterable[str] = ()) -> None:
        """Keep a result and its inputs; returns when they are safe from a kill. A result that is there stays, unless it
        failed or cannot be read."""
        text = json.dumps(point.row, separators=(",", ":"))
        checksum = digest(f"{point.key} {point.status} {text}")
        with self._guarded(), self._transaction():
            self.connection.executemany(
                "INSERT OR IGNORE INTO inputs VALUES (?, ?)", [(digest(text), text) for text in inputs]
            )
            self.connection.execute(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?)", (point.key, point.status, text, checksum)
            )

    def input(self, key: str) -> str:
        """A machine or network in full, '' when it is not there."""
        return next((str(row[0]) for row in self._rows("SELECT text FROM inputs WHERE digest = ?", (key,))), "")

    def entry(self, key: str) -> bytes | None:
        """The answer of a search, None when there is none."""
        return next((row[0] for row in self._rows("SELECT entry FROM searches WHERE key = ?", (key,))), None)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the searches that have an answer."""
        return {key for key in keys if self._rows("SELECT 1 FROM searches WHERE key = ?", (key,))}

    def seconds(self, keys: Iterable[str]) -> float:
        """What the searches took when they were made."""
        rows = (row for key in keys for row in self._rows("SELECT seconds FROM searches WHERE key = ?", (key,)))
        return float(sum(row[0] for row in rows))

    def put_search(self, key: str, entry: bytes, seconds: float) -> None:
        """Keep an answer; returns when it is safe from a kill. The first one stays."""
        self._write("INSERT OR IGNORE INTO searches VALUES (?, ?, ?)", [(key, entry, seconds)])

    def forget_search(self, key: str) -> None:
        """Drop an answer that cannot be read, so that it is searched again."""
        self._write("DELETE FROM searches WHERE key = ?", [(key,)])

    def set_view(self, axes: Sequence[str]) -> None:
        """Make the view ``results``, a row per point with every column that any has, for SQL and pandas.read_sql."""
        found = self._rows("SELECT DISTINCT columns.key FROM points, json_each(points.row, '$.columns') AS columns")
        columns = [("plan.axes", f'$."{name}"', name) for name in ("network", *axes)]
        columns += [("points.row", f'$.columns."{name}"', name) for name in sorted(name for (name,) in found)]
        parts = ", ".join(f"json_extract({source}, '{path}') AS \"{name}\"" for source, path, name in columns)
        with self._guarded(), self._transaction():
            self.connection.execute("DROP VIEW IF EXISTS results")
            self.connection.execute(
                f"CREATE VIEW results AS SELECT plan.position AS point, points.status,"
                f" json_extract(points.row, '$.reason') AS reason, {parts}, points.key"
                f" FROM plan LEFT JOIN points ON points.key = plan.point ORDER BY plan.position"
            )

    def _rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._guarded():
            return self.connection.execute(statement, values).fetchall()

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        with self._guarded(), self._transaction():
            self.connection.executemany(statement, rows)

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise InputError(f"{self.path}: {LAYOUT.noun} is damaged; run the study again to renew its plan") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """A failure of the file as one sentence, with what is safe and what to do."""
        try:
            yield
        except sqlite3.Error as error:
            sentence = database.refusal(self.path, error, LAYOUT)
            if sentence.endswith("make room on its disk"):
                sentence += " and run the same command again: what was found until now is kept"
            raise InputError(sentence) from None


def _readable(path: Path) -> sqlite3.Connection:
    """The store for reading alone, so that a folder that cannot be written can still be looked at."""
    failure: sqlite3.Error | None = None
    for mode in ("mode=ro", "immutable=1"):  # the second needs no file beside it, where none can be made
        connection = None
        try:
            connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{mode}", uri=True, timeout=BUSY_SECONDS)
            marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
            break
        except sqlite3.Error as error:
            failure = error
            if connection is not None:
                connection.close()
    else:
        assert failure is not None
        raise InputError(database.refusal(path, failure, LAYOUT))
    if marks != [LAYOUT.application, LAYOUT.version]:
        connection.close()
        raise InputError(f"{path}: is no study of this version of accelsim")
    return connection
