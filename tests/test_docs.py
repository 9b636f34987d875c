"""The README and every page of docs/ stay true: all that they show runs, prints and is what they say."""

from __future__ import annotations

import re
from pathlib import Path

import documents
import pytest
from documents import DOCUMENTS, ROOT

ELSEWHERE = ("model.onnx", "accelsim run my_net.yaml --arch eyeriss", "//HOST")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_runs_from_top_to_bottom(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    text = path.read_text()
    reader = documents.Reader(tmp_path)
    for block in documents.blocks(text):
        reader.do(block)
    if request.config.getoption("--update-golden"):
        for (start, end), came in reversed(reader.mismatches):
            text = text[:start] + documents.refreshed(text[start:end], came) + text[end:]
        path.write_text(text)
    assert [(text[start:end], came) for (start, end), came in reader.mismatches] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_document_lead_somewhere(path: Path) -> None:
    for target, anchor in LINK.findall(path.read_text()):
        file = path.parent / target if target else path
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}, anchor


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_stand_where_they_are_run(path: Path) -> None:
    """A command in an indented block would never be tried; only what needs an extra, its result, or a cluster stands
    there."""
    prose = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)
    indented = [line.strip() for line in prose.splitlines() if line.startswith("    ")]
    untried = [line for line in indented if line.startswith(("accelsim ", "$ "))]
    assert [line for line in untried if not any(part in line for part in ELSEWHERE)] == []


def test_commands_outside_the_tool_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"make ([\w-]+)", readme))
    makefile = (ROOT / "Makefile").read_text()
    assert targets == {"demo", "test", "test-all", "proof", "bench"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    assert "accelsim compare alexnet --arch $(MACHINES) --batch 16 --out out/" in makefile


def test_what_a_document_does_not_keep_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> documents.Reader:
        reader = documents.Reader(tmp_path)
        for block in documents.blocks(text):
            reader.do(block)
        return reader

    assert read("```console\n$ accelsim --version\naccelsim ...\n```\n").mismatches == []
    ((_, came),) = read("```console\n$ accelsim --version\nanother\n```\n").mismatches
    assert came.startswith("accelsim ")
    assert read("```console\n$ accelsim show nothing\n...\n$ echo $?\n2\n```\n").mismatches == []
    for wrong in (
        "```console\n$ accelsim show nothing\n```\n",
        "```pycon\n>>> 1 + 1\n3\n```\n",
        "```python\nassert False\n```\n",
        "```text\nno name\n```\n",
        "```yaml docs/examples/small.yaml\n{name: other}\n```\n",
        "```rust\nfn main() {}\n```\n",
    ):
        with pytest.raises(AssertionError):
            read(wrong)


def test_outputs_are_rewritten_with_what_a_document_leaves_out() -> None:
    shown = "table of 2\nname  1.5\n...\nmore  3\nlooked at in ...\nend\n"
    came = "table of 4\nname  2.75\nhidden 1\nhidden 2\nmore  44\nlooked at in 7 s\nand on\nend\n"
    assert documents.refreshed(shown, came) == "table of 4\nname  2.75\n...\nmore  44\nlooked at in ...\nend\n"
    assert documents.refreshed("?\n", "a\nb\n") == "a\nb\n"
