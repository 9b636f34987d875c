"""The file that answers are kept in: one SQLite table, written by many programs at once, whole after any kill."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from accelsim.files import database
from accelsim.files.database import Layout

MOST_ENTRIES = 50_000
"""About 100 MB. When a file is opened with more, the oldest go: entries of other versions are never asked for again."""
BUSY_SECONDS = 10.0
"""How long to wait for another program that writes; it needs milliseconds."""

APPLICATION = 0x61636373
"""'accs' in the header."""
LAYOUT = 1
"""Version of the table; a file of another is left alone."""
_TABLE = "CREATE TABLE answers (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, entry BLOB NOT NULL)"


def connect(path: Path) -> sqlite3.Connection:
    """The open file, made with its folder where there is none, and known to be writable.

    Raises InputError, in one sentence, when it is damaged, something else's, or cannot be written.
    """
    connection = database.connect(path, _layout(), BUSY_SECONDS)
    connection.text_factory = bytes  # a damaged word is then no error
    return connection


def refusal(path: Path, error: Exception) -> str:
    """Why a file cannot be used, and what to do, as one sentence."""
    return database.refusal(path, error, _layout())


def _layout() -> Layout:
    forget = f"DELETE FROM answers WHERE id <= (SELECT max(id) FROM answers) - {MOST_ENTRIES}"
    return Layout("the cache of searches", "the cache", APPLICATION, LAYOUT, (_TABLE,), (forget,))
