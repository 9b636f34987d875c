"""A SQLite file of ours: claimed when it is empty, refused when it is another's, whole after any kill.

Every statement is a transaction of its own unless one is begun. In the write-ahead mode of SQLite, which is used where
the file system offers it, a program that dies leaves what it had written; after a power cut the last entries may be
missing, never half there.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import InputError


@dataclass(frozen=True)
class Layout:
    """What a file of a kind is. ``noun`` names it in sentences ('the cache of searches'), ``short`` where one must be a
    file; ``application`` and ``version`` mark it in the header's fields that SQLite leaves to its users; ``tables`` are
    the statements that make it, ``upkeep`` those that every opening runs; ``renew``: what to do with a bad one."""

    noun: str
    short: str
    application: int
    version: int
    tables: tuple[str, ...]
    upkeep: tuple[str, ...] = ()
    renew: str = "delete it to begin a new one"


def connect(path: Path, layout: Layout, busy_seconds: float) -> sqlite3.Connection:
    """The open file, made with its folder where there is none, and known to be writable.

    Raises InputError, in one sentence, when it is damaged, something else's, or cannot be written.
    """
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: {layout.short} must be a file, not a folder or device")
        connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)
        _prepare(connection, path, layout)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error | OSError | ValueError):
            raise InputError(refusal(path, error, layout)) from None
        raise
    return connection


def refusal(path: Path, error: Exception, layout: Layout) -> str:
    """Why a file cannot be used, and what to do, as one sentence."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    remedy = layout.renew
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = "another program holds it"
    elif code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        remedy = "make room on its disk"
    elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or isinstance(error, OSError):
        remedy = "name a file in a folder that can be written"
    return f"{path}: {layout.noun} cannot be used ({reason}); {remedy}"


def _prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    """Claim an empty file, refuse a foreign one, and see that it can be written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        marks = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        if marks == (0, 0) and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for table in layout.tables:
                connection.execute(table)
            connection.execute(f"PRAGMA application_id = {layout.application}")
            connection.execute(f"PRAGMA user_version = {layout.version}")
        elif marks != (layout.application, layout.version):
            whose = "another version of accelsim" if marks[0] == layout.application else "another program"
            raise InputError(f"{path}: {layout.noun} must be a file of its own, not one of {whose}")
        for statement in layout.upkeep:
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if _write_ahead(connection):
        connection.execute("PRAGMA synchronous = NORMAL")


def _write_ahead(connection: sqlite3.Connection) -> bool:
    """Whether the file is in write-ahead mode; elsewhere the journal that every file system can do stays."""
    try:
        return bool(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal")
    except sqlite3.OperationalError:  # another program is opening the file just now, or there is no shared memory
        return False
