"""The README stays true: its commands and its Python run, and its files are what it says they are."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.removeprefix("$ ")
    for kind, text in BLOCKS
    if kind == "console"
    for line in text.splitlines()
    if line[:2] == "$ "
]
# Commands whose point is a refusal.
EXIT_STATUS = {"ws16x16 --mapping": 2}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_of_the_readme_run(command: str, tmp_path: Path) -> None:
    program, *arguments = shlex.split(command)
    assert program == "accelsim"
    arguments = [str(ROOT / a) if a.startswith("docs/") else a for a in arguments]
    expected = next((status for part, status in EXIT_STATUS.items() if part in command), 0)
    run = [sys.executable, "-m", "accelsim", *arguments]
    outcome = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert outcome.returncode == expected, outcome.stderr
    assert outcome.stdout.strip() or expected
    assert "Traceback" not in outcome.stderr


def test_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["cost"].counts.macs == 8 * 4 * 8 * 8 * 3 * 3
    assert len(names["result"].layers) == 2 * len(names["accelsim"].load_network("lenet5").layers)


def test_files_of_the_readme_are_shown_as_they_are() -> None:
    layer = (ROOT / "docs/examples/small.yaml").read_text().splitlines()
    assert [text for kind, text in BLOCKS if kind == "yaml"] == [layer[-1] + "\n"]
    assert [text for kind, text in BLOCKS if kind == ""] == [(ROOT / "docs/examples/small_nest.txt").read_text()]


def test_commands_outside_the_tool_exist() -> None:
    targets = set(re.findall(r"make ([\w-]+)", README))
    makefile = (ROOT / "Makefile").read_text()
    assert targets == {"demo", "test", "test-all", "proof", "bench"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert "accelsim compare alexnet --arch $(MACHINES) --batch 16 --out out/" in makefile
