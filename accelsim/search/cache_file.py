"""The file that answers are kept in: one SQLite table, written by many programs at once, whole after any kill.

Every entry is one transaction. In the write-ahead mode of SQLite, which is used where the file system offers it, a
program that dies leaves what it had written; after a power cut the last entries may be missing, never half there.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from accelsim.errors import InputError

APPLICATION = 0x61636373
"""Marks the file as ours: 'accs' in the field of the header that SQLite leaves to its users."""
LAYOUT = 1
"""Version of the table; a file of another is left alone."""
MOST_ENTRIES = 50_000
"""About 100 MB. When a file is opened with more, the oldest go: entries of other versions are never asked for again."""
BUSY_SECONDS = 10.0
"""How long to wait for another program that writes; it needs milliseconds."""

_TABLE = "CREATE TABLE answers (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, entry BLOB NOT NULL)"


def connect(path: Path) -> sqlite3.Connection:
    """The open file, made with its folder where there is none, and known to be writable.

    Raises InputError, in one sentence, when it is damaged, something else's, or cannot be written.
    """
    connection = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: the cache must be a file, not a folder or device")
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        _prepare(connection, path)
        connection.text_factory = bytes  # a damaged word is then no error
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error | OSError | ValueError):
            raise InputError(refusal(path, error)) from None
        raise
    return connection


def refusal(path: Path, error: Exception) -> str:
    """Why a file cannot be used, and what to do, as one sentence."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    remedy = "delete it to begin a new one"
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        remedy = "another program holds it"
    elif code == sqlite3.SQLITE_FULL:
        remedy = "make room on its disk"
    elif code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or isinstance(error, OSError):
        remedy = "name a file in a folder that can be written"
    return f"{path}: the cache of searches cannot be used ({reason}); {remedy}"


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Claim an empty file, refuse a foreign one, and see that it can be written."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        marks = tuple(connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        if marks == (0, 0) and not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {LAYOUT}")
        elif marks != (APPLICATION, LAYOUT):
            whose = "another version of accelsim" if marks[0] == APPLICATION else "another program"
            raise InputError(f"{path}: the cache of searches must be a file of its own, not one of {whose}")
        connection.execute(f"DELETE FROM answers WHERE id <= (SELECT max(id) FROM answers) - {MOST_ENTRIES}")
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
