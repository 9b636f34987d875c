"""Runs a document from top to bottom, as a reader would who types what it shows.

```console            lines after '$ ' are commands: accelsim's, or 'echo $?' for the exit status of the last;
                      what follows a command is what it prints, '...' standing for any text; nothing: anything
```yaml my.yaml       a file of that name is written; one under docs/ must be as the repository has it
```yaml               a network or layer, which is shown
```python             runs, with the names of the blocks before it;  ```pycon  runs and prints as it says
"""

from __future__ import annotations

import contextlib
import difflib
import doctest
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.cli.main import main

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FILES = ("yaml", "text", "csv")
_FENCED = re.compile(r"^```(\S*)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CHECKER = doctest.OutputChecker()


@dataclass(frozen=True)
class Block:
    """A fenced block: ``kind`` and ``name`` from its first line, ``text`` from ``start`` on in the document."""

    kind: str
    name: str
    text: str
    start: int


@dataclass(frozen=True)
class Command:
    """A command, what it should print ('' for anything), and where that stands in the document."""

    line: str
    expected: str
    span: tuple[int, int]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a document, in order."""
    return [Block(m[1], m[2] or "", m[3], m.start(3)) for m in _FENCED.finditer(text)]


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block, each with the lines up to the next."""
    for match in re.finditer(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        span = (block.start + match.start(2), block.start + match.end(2))
        yield Command(match[1].replace("\\\n", " "), match[2], span)


def refreshed(expected: str, came: str) -> str:
    """What came, with '...' where the document had it: lines are told by what they are besides their numbers."""

    def shape(line: str) -> str:
        return re.sub(r"([█▒▓░▚ -])\1+", r"\1", re.sub(r"[\d.,*!]*\d[\d.,*!]*", "0", line.rstrip()))

    want, got = expected.splitlines(), came.splitlines()
    for line in want:
        if "..." in line and line != "...":
            start, end = map(shape, line.split("...", 1))
            got = [line if shape(g).startswith(start) and shape(g).endswith(end) else g for g in got]
    matcher = difflib.SequenceMatcher(None, [*map(shape, want)], [*map(shape, got)], autojunk=False)
    kept: list[str] = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind != "equal" and i and want[i - 1].endswith("..."):
            continue
        left_out = kind == "replace" and "..." in want[i:i_end]
        kept += ["..."] if left_out else got[j:j_end]
    return "\n".join(kept) + "\n"


class Reader:
    """Types what a document shows in one folder; ``mismatches``: (span, what came) of outputs that differ."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "document"}
        self.status = 0
        self.said = ""
        self.mismatches: list[tuple[tuple[int, int], str]] = []

    def do(self, block: Block) -> None:
        """One block; AssertionError when it does not do what the document says."""
        match block.kind:
            case "console":
                for command in commands(block):
                    self.type(command)
                assert self.status == 0, f"a block ends with status {self.status}, and does not say so: {self.said}"
            case "python":
                exec(compile(block.text, "document", "exec"), self.names)
            case "pycon":
                test = doctest.DocTestParser().get_doctest(block.text, self.names, "document", "", 0)
                complaints = io.StringIO()
                runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
                outcome = runner.run(test, out=complaints.write, clear_globs=False)
                self.names |= test.globs
                assert outcome.attempted > 0
                assert outcome.failed == 0, complaints.getvalue()
            case kind if kind in FILES:
                self.file(block)
            case kind:
                raise AssertionError(f"a block of kind '{kind}' cannot be run: {block.text[:40]!r}")

    def type(self, command: Command) -> None:
        """One command and its output; a failure must be followed by 'echo $?'."""
        program, *arguments = shlex.split(command.line)
        if command.line == "echo $?":
            came = f"{self.status}\n"
            self.status = 0
        else:
            assert program == "accelsim", command.line
            assert self.status == 0, f"status {self.status} before '{command.line}': {self.said}"
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                self.status = main(arguments)
            self.said = err.getvalue()
            assert "internal error" not in self.said, self.said
            came = out.getvalue() + (self.said if self.status else "")
            assert came or self.status == 0, command.line
        if command.expected and not _CHECKER.check_output(command.expected, came, doctest.ELLIPSIS):
            self.mismatches.append((command.span, came))

    def file(self, block: Block) -> None:
        """A file that the document shows: written, or compared with the repository's, whose first comment may lack."""
        if block.name.startswith("docs/"):
            lines = (ROOT / block.name).read_text().splitlines(keepends=True)
            shown = "".join(lines[1:] if lines[0].startswith("# ") and not block.text.startswith("# ") else lines)
            assert shown == block.text, f"{block.name} is not as the document shows it"
            return
        assert block.name or block.kind == "yaml", "a block of text must name its file"
        (self.folder / (block.name or "block.yaml")).write_text(block.text)
        if not block.name:
            self.type(Command("accelsim show block.yaml", "", (0, 0)))
