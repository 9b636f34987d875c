"""Runs the notebooks of this folder and stores what they show: the same bytes for the same results.

    make notebooks            rewrites every notebook of the folder

Only the richest form of an output is kept, and nothing of when, where and in which version it ran.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def executed(path: Path) -> str:
    """The notebook as text, after all of its cells ran in a folder of their own; raises when one of them fails."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ACCELSIM_CACHE"] = "off"
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
    cells = [_cell(number, cell) for number, cell in enumerate(notebook.cells)]
    stored = {"cells": cells, "metadata": {"kernelspec": KERNEL}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


def _cell(number: int, cell: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {"cell_type": cell.cell_type, "id": f"cell-{number}", "metadata": {}}
    if cell.cell_type == "code":
        kept["execution_count"] = cell.execution_count
        kept["outputs"] = [_output(output) for output in cell.outputs]
    kept["source"] = _lines(cell.source)
    return kept


def _output(output: Any) -> dict[str, Any]:
    if output.output_type == "stream":
        return {"name": output.name, "output_type": "stream", "text": _lines(output.text)}
    best = next(kind for kind in ("image/png", "text/html", "text/plain") if kind in output.data)
    content = output.data[best]
    size = output.metadata.get(best, {})
    kept: dict[str, Any] = {
        "data": {best: content if best == "image/png" else _lines(content)},
        "metadata": {best: dict(size)} if size else {},
    }
    kept["output_type"] = output.output_type
    if output.output_type == "execute_result":
        kept["execution_count"] = output.execution_count
    return kept


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    for file in sorted(FOLDER.glob("*.ipynb")):
        file.write_text(executed(file), encoding="utf-8")
        print(f"{file.name} executed", file=sys.stderr)
