"""The files of a comparison: built whole beside their place, then moved into it one by one; other files stay.

    report.html  the interactive page, which carries all data
    summary.csv  layers.csv  accesses.csv  report.md  result.json
    figures/     every figure as .svg, .pdf and .png, and what it shows as .csv

An output directory that cannot be written is found out before anything else happens.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from accelsim.errors import InputError
from accelsim.report import rows
from accelsim.report.records import comparison_record, render_json

if TYPE_CHECKING:
    from accelsim.report.compared import Compared
    from accelsim.report.figures import Drawn
    from accelsim.report.reasons import Findings

FIGURES = "figures"
"""The folder of the figures, inside the report's."""
PICTURES = ("svg", "pdf", "png")


@contextmanager
def staged(directory: Path) -> Iterator[Path]:
    """A scratch directory whose files move to ``directory`` when the block ends well, and vanish when it does not.

    It lies inside an existing directory (the only place sure to be on the same disk), or beside one to be made, whose
    missing parents are made too.  Raises InputError on entry when it cannot be written.
    """
    made: list[Path] = []
    try:
        scratch = _scratch(directory, made)
    except (OSError, ValueError) as error:
        _remove_empty(made)
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{directory}: output directory cannot be written: {reason}") from None
    placed = False
    try:
        yield scratch
        _place(scratch, directory)
        placed = True
    except OSError as error:
        raise InputError(f"{directory}: output cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if not placed:
            _remove_empty(made)


def _scratch(directory: Path, made: list[Path]) -> Path:
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory}: output must be a directory, not a file")
    if directory.is_dir():
        return Path(tempfile.mkdtemp(prefix=".accelsim-", dir=directory))
    parent = directory.absolute().parent
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        made.append(folder)
    return Path(tempfile.mkdtemp(prefix=f".{directory.name[:50]}-", dir=parent))


def _place(scratch: Path, directory: Path) -> None:
    """Move every file into place; a new directory appears whole."""
    if not directory.exists():
        mask = os.umask(0)
        os.umask(mask)
        scratch.chmod(0o777 & ~mask)  # mkdtemp's own are for one user only
        scratch.rename(directory)
        return
    files = sorted(path.relative_to(scratch) for path in scratch.rglob("*") if path.is_file())
    for file in files:
        if (directory / file).is_dir():
            raise InputError(f"{directory / file}: cannot be written: it is a directory")
        (directory / file).parent.mkdir(exist_ok=True)
    for file in files:
        os.replace(scratch / file, directory / file)


def _remove_empty(made: list[Path]) -> None:
    for folder in reversed(made):
        try:
            folder.rmdir()
        except OSError:
            return


def save(comparison: Compared, directory: Path, title: str = "") -> tuple[Path, ...]:
    """Write every file of a comparison; the directory is complete afterwards, or as it was. Raises InputError."""
    from accelsim.report.reasons import findings

    with staged(directory) as scratch:
        names = write_files(findings(comparison, title), scratch)
    return tuple(directory / name for name in names)


def write_files(found: Findings, scratch: Path, figure_names: Sequence[str] | None = None) -> list[str]:
    """Write the files into a directory as they come; returns their names. ``figure_names``: of those to be drawn, None
    for all. Raises InputError for an unknown one."""
    from accelsim.report.figures import figures
    from accelsim.report.figures.catalogue import left_out
    from accelsim.report.markdown import render_report
    from accelsim.report.page.page import render_report_page

    drawn = figures(found, figure_names)
    contents = data_files(found)
    contents = {"report.html": render_report_page(found, contents).encode(), **contents}
    captions = {name: figure.caption for name, figure in drawn.items()}
    contents["report.md"] = render_report(found, captions, tuple(left_out(found, figure_names))).encode()
    for name, figure in drawn.items():
        contents |= {f"{FIGURES}/{name}.{ending}": data for ending, data in _pictures(figure)}
    (scratch / FIGURES).mkdir(exist_ok=True)
    for name, data in contents.items():
        (scratch / name).write_bytes(data)
    return list(contents)


def data_files(found: Findings) -> dict[str, bytes]:
    """The numbers in full, by file name: CSV and JSON."""
    comparison = found.comparison
    contents = {f"{kind}.csv": render_csv(kind, comparison).encode() for kind in rows.ROWS}
    contents["result.json"] = render_json(comparison_record(comparison)).encode()
    if found.timed:
        from accelsim.report.stalls import stall_csv

        contents["stalls.csv"] = stall_csv(found.timed).encode()
    return contents


def _pictures(drawn: Drawn) -> Iterator[tuple[str, bytes]]:
    """(ending, content) of a figure's files."""
    from accelsim.report.style import picture

    yield "csv", table_csv(drawn.rows, list(dict.fromkeys(key for row in drawn.rows for key in row))).encode()
    for ending in PICTURES:
        yield ending, picture(drawn.figure, ending)


def render_csv(kind: str, comparison: Compared) -> str:
    """One of the CSV files as text."""
    content = rows.ROWS[kind](comparison)
    return table_csv(content, rows.columns(kind, content))


def table_csv(content: Sequence[rows.Row], names: Sequence[str]) -> str:
    """Rows as CSV with columns of these names; a cell that does not apply is empty."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(content)
    return buffer.getvalue()
