"""Results go to stdout (rich on a terminal, aligned text elsewhere), progress and log to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from shutil import get_terminal_size
from textwrap import fill, wrap
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from accelsim.report.parts import Part
    from accelsim.report.records import Record


def print_tables(parts: Iterable[Part], notes: Iterable[str] = ()) -> None:
    """Tables, bars and nests with a blank line between, then what a reader must know beside them."""
    if on_terminal():
        _print_rich(list(parts), list(notes))
        return
    from accelsim.report.parts import encodable, plain_part
    from accelsim.report.tables import WIDTH

    click.echo(encodable("\n\n".join(plain_part(part) for part in parts), sys.stdout.encoding))
    for i, note in enumerate(notes):
        click.echo(("" if i else "\n") + "\n".join(wrap(note, WIDTH, subsequent_indent="  ")))


def on_terminal() -> bool:
    """Whether results are read on a terminal."""
    return sys.stdout.isatty()


def width() -> int:
    """Columns of the terminal, those of a page elsewhere."""
    from accelsim.report.tables import WIDTH

    return get_terminal_size().columns if on_terminal() else WIDTH


def print_text(text: str) -> None:
    """Lines as they are; on a terminal those too long are wrapped, and go on where their own text began."""
    if not on_terminal():
        click.echo(text)
        return
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        click.echo(fill(line, width(), subsequent_indent=indent, break_on_hyphens=False))


def _print_rich(parts: list[Part], notes: list[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    from accelsim.report.parts import encodable, rich_part

    console = Console(highlight=False)
    for part in parts:
        for line in rich_part(part, console.width):
            if isinstance(line, Text):
                line.plain = encodable(line.plain, console.encoding)
            console.print(line)
        console.print()
    for note in notes:
        console.print(note, markup=False)


def print_json(record: Record) -> None:
    """One JSON object and nothing else."""
    from accelsim.report.records import render_json

    click.echo(render_json(record), nl=False)


def log(sentence: str) -> None:
    """A line for people, on stderr."""
    click.echo(sentence, err=True)


@contextmanager
def _line(task: str) -> Iterator[Callable[[str], None] | None]:
    """A line on stderr that says how far a task is; nothing where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(task, total=None)
        say = _describing(bar, row, task)
        with telling_of_compilation(say):
            yield say


def _describing(bar: Progress, row: TaskID, task: str) -> Callable[[str], None]:
    """Writes a state behind a task's name, or takes it away where it is empty."""
    return lambda state: bar.update(row, description=f"{task}: {state}" if state else task)


@contextmanager
def telling_of_compilation(say: Callable[[str], None]) -> Iterator[None]:
    """Say so while a kernel is compiled: a first run takes seconds for it, and no later one does."""
    from numba.core import event

    class Compiling(event.Listener):  # type: ignore[misc]
        depth = 0  # a kernel compiles what it calls

        def on_start(self, what: object) -> None:
            self.depth += 1
            say("compiling, once on this installation")

        def on_end(self, what: object) -> None:
            self.depth -= 1
            if not self.depth:
                say("")

    with event.install_listener("numba:compile", Compiling()):
        yield


@contextmanager
def searching(task: str) -> Iterator[Callable[[int, float], None] | None]:
    """What a search has looked at and its best value so far."""
    with _line(task) as say:
        yield say and (lambda looked_at, best: say(f"{looked_at:,} partial nests, best so far {best:.5g}"))


@contextmanager
def executing(task: str) -> Iterator[Callable[[int], None] | None]:
    """How many MACs of a layer have been executed."""
    with _line(task) as say:
        yield say and (lambda macs: say(f"{macs:,} MACs"))


@contextmanager
def finding(task: str) -> Iterator[Callable[[int, int], None] | None]:
    """How many points of a front there are, and the cycles of the last."""
    with _line(task) as say:
        yield say and (lambda points, cycles: say(f"{points:,} points, the last of {cycles:,} cycles"))


@contextmanager
def progress(task: str) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr, driven by (done, all); nothing where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        row = bar.add_task(task, total=None)

        def advance(done: int, of: int) -> None:
            bar.update(row, completed=done, total=of)

        with telling_of_compilation(_describing(bar, row, task)):
            yield advance
