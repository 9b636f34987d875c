"""Published numbers are files with their citations: in ``published/`` of the repository, and inside the wheel."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.files import read_text


def published(name: str) -> Path:
    """The file of that name below published/; raises InputError where it does not ship."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data" / "published", package.parent / "published"):
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"published data '{name}' does not ship with this installation of accelsim")


def published_rows(name: str) -> list[dict[str, str]]:
    """A CSV file as one dict per row; lines that begin with # are its citation."""
    lines = read_text(published(name)).splitlines()
    return list(csv.DictReader(StringIO("\n".join(line for line in lines if not line.startswith("#")))))


def published_json(name: str) -> Any:
    """A JSON file's value."""
    return json.loads(read_text(published(name)))
