"""The house: imports point down, every module has a place, the oracle stands alone, nothing is oversized."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "accelsim"
# Lowest first; packages on one line do not know each other.
ORDER = (
    ("errors",),
    ("units",),
    ("files",),
    ("web",),
    ("workload", "architecture"),
    ("mapping",),
    ("model", "simulate"),
    ("search",),
    ("viewer",),
    ("report",),
    ("validation", "sweep"),
    ("cli",),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] != "data")


def place(path: Path) -> str:
    """errors, mapping, ...: the package (or top module) that a file belongs to; '' for accelsim itself."""
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if part in ("__init__", "__main__") else part


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """(line, place) of every import of accelsim, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module] if node.module != "accelsim" else [f"accelsim.{a.name}" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "accelsim" and len(parts) > 1 and parts[1] != "__version__":
                yield node.lineno, parts[1]


def test_every_module_has_a_place() -> None:
    places = {place(path) for path in MODULES} - {""}
    assert places == set(RANK)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    own = place(path)
    if own == "":
        return  # the public face may name anything, lazily
    upward = [
        f"{path.relative_to(PACKAGE)}:{line} imports {target}"
        for line, target in imported(path)
        if target != own and RANK[target] >= RANK[own]
    ]
    assert upward == []


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_relative_import_and_no_print_outside_the_command_line(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert [n.lineno for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level] == []
    if place(path) != "cli":
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
        assert [n.lineno for n in calls if isinstance(n.func, ast.Name) and n.func.id == "print"] == []


def test_the_oracle_shares_nothing_with_the_model_at_run_time() -> None:
    code = (
        "import sys, accelsim.simulate.execute\n"
        "assert not [m for m in sys.modules if m.startswith(('accelsim.model', 'accelsim.search'))]\n"
        "assert 'accelsim.mapping.tiles' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", ["accelsim", "accelsim.cli.main"])
def test_importing_is_light(module: str) -> None:
    heavy = ("numpy", "pandas", "pydantic", "matplotlib", "numba", "yaml", "rich")
    code = f"import sys, {module}\nprint([m for m in {heavy!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    """Kernels may be long: Numba's cache needs those that call each other in one module."""
    kernel = path.name.endswith(("kernels.py", "kernel.py"))
    assert len(path.read_text().splitlines()) <= (600 if kernel else 300)
    long = [
        f"{path.name}:{node.lineno} {node.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > (100 if kernel else 55)
    ]
    assert long == []
