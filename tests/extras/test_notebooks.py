"""The shipped notebooks in Jupyter: every cell runs, and shows what is stored."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("nbclient", reason="nbclient is an extra: make test-all")
FOLDER = Path(__file__).parents[2] / "docs/notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(scope="module")
def execute() -> ModuleType:
    spec = importlib.util.spec_from_file_location("execute_notebooks", FOLDER / "execute.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_pictures(notebook: dict[str, Any]) -> dict[str, Any]:
    """Pixels depend on the fonts that Matplotlib draws with; that there is a picture does not."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = "a picture"
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_is_stored(execute: ModuleType, path: Path) -> None:
    again = without_pictures(json.loads(execute.executed(path)))
    stored = without_pictures(json.loads(path.read_text()))
    assert [cell.get("outputs") for cell in again["cells"]] == [cell.get("outputs") for cell in stored["cells"]]
    assert again == stored


def test_values_show_themselves_in_a_notebook(execute: ModuleType, tmp_path: Path) -> None:
    """A machine, a mapping, a search, a comparison and a figure, as a user gets them: by their last line."""
    sources = (
        "import accelsim\naccelsim.load_architecture('ws16x16')",
        "found = accelsim.best_mapping(accelsim.load_network('lenet5').layers[2].layer, 'ws16x16')\nfound",
        "found.mapping",
        "result = accelsim.compare('lenet5', ['ws16x16'])\nresult",
        "result.plot_energy()",
    )
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for i, text in enumerate(sources)
    ]
    path = tmp_path / "values.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    outputs = [cell["outputs"][0]["data"] for cell in json.loads(execute.executed(path))["cells"]]
    assert [list(data) for data in outputs] == [["text/html"]] * 4 + [["image/png"]]
    assert "128 KiB" in "".join(outputs[0]["text/html"])
    assert "partial nests looked at. The space:" in "".join(outputs[1]["text/html"])
