"""``accelsim``: the commands, and the one place where whatever goes wrong becomes a sentence and an exit status.

0 fine; 1 a layer has no mapping (or an execution disagrees, or a validation is out of tolerance); 2 usage or input
error; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import click

from accelsim.cli.cache import cache
from accelsim.cli.catalogue import list_, show
from accelsim.cli.compare import compare, report, run
from accelsim.cli.importing import export, import_
from accelsim.cli.schema import schema
from accelsim.cli.single import evaluate, map_, simulate
from accelsim.cli.sweep import pareto, sweep
from accelsim.cli.time import time_, trace
from accelsim.cli.validate import validate
from accelsim.cli.view import view
from accelsim.errors import AccelsimError, InfeasibleError, nearest

FINE, INFEASIBLE, WRONG, INTERRUPTED = 0, 1, 2, 130
BROKEN_PIPE, TERMINATED = 141, 143
"""What a shell reports of a program whose reader went away (128 + SIGPIPE), and of one that was killed."""


class Commands(click.Group):
    """A group that guesses what a misspelt command meant, and lists commands in the order of use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(f"no command is called '{args[0]}'{nearest(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    invoke_without_command=True,
    epilog="'accelsim COMMAND --help' shows an example of each. Exit status: 0 fine, 1 a layer has no mapping, "
    "2 usage or input error, 130 interrupted.",
)
@click.option("--version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def cli(ctx: click.Context, version: bool) -> None:
    """Exact simulator and dataflow analyzer for neural-network accelerators."""
    if version:
        from accelsim import __version__

        click.echo(f"accelsim {__version__}")
    elif ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (
    compare, run, report, sweep, pareto, map_, evaluate, simulate, time_, trace, view, validate, list_, show, import_,
    export, schema, cache,
):  # fmt: skip
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with _terminable(), _workers_end_with_us(), _plain_warnings():
            return _invoke(list(sys.argv[1:] if arguments is None else arguments))
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        return _complain(_usage_sentence(error))
    except InfeasibleError as error:
        return _complain(str(error), INFEASIBLE)
    except AccelsimError as error:
        return _complain(str(error))
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        return _complain(f"output cannot be written: {error.strerror or error}")
    except MemoryError:
        return _complain("out of memory")
    except Exception as error:
        stopped = _stopped_by(error)
        if stopped is not None:
            return _complain("interrupted", INTERRUPTED) if stopped == INTERRUPTED else stopped
        if os.environ.get("ACCELSIM_DEBUG"):
            raise
        return _complain(
            f"internal error, please report it: {type(error).__name__}: {error} (ACCELSIM_DEBUG=1 shows where)"
        )


def _stopped_by(error: BaseException | None) -> int | None:
    """The exit status of an interrupt or kill in whose wake another error came (a lock left half way, say)."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return INTERRUPTED
        if isinstance(error, click.exceptions.Exit):
            return error.exit_code
        error = error.__context__
    return None


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """A polite kill unwinds like an interrupt, so that it too leaves no half-written files."""

    def unwind(*_: object) -> None:
        raise click.exceptions.Exit(TERMINATED)

    try:
        before = signal.signal(signal.SIGTERM, unwind)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def _workers_end_with_us() -> Iterator[None]:
    """Stop processes that still search when we stop early; else the interpreter waits for them at exit."""
    try:
        yield
    except BaseException:
        if "multiprocessing" in sys.modules:
            for process in sys.modules["multiprocessing"].active_children():
                process.terminate()
        raise


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """A warning of ours is a sentence on stderr, without the line of code that it comes from."""
    with warnings.catch_warnings():
        show_others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if category.__module__.startswith("accelsim."):
                _complain(str(message))
            else:
                show_others(message, category, *where, **more)

        warnings.showwarning = show
        yield


def _invoke(arguments: list[str]) -> int:
    with cli.make_context("accelsim", arguments) as context:
        status = cli.invoke(context)
    sys.stdout.flush()
    return status if isinstance(status, int) else FINE


def _complain(sentence: str, status: int = WRONG) -> int:
    with contextlib.suppress(OSError):
        print(f"accelsim: {' '.join(sentence.split())}", file=sys.stderr)
    return status


def _usage_sentence(error: click.ClickException) -> str:
    """click's message as one of our sentences."""
    if isinstance(error, click.NoSuchOption):
        known = [name for p in error.ctx.command.params for name in p.opts] if error.ctx else []
        return f"no option is called '{error.option_name}'{nearest(error.option_name, known)}"
    text = error.format_message().strip().rstrip(".")
    text = text[:1].lower() + text[1:]
    hint = ""
    if isinstance(error, click.UsageError) and isinstance(error, click.MissingParameter) and error.ctx is not None:
        hint = f"; see '{error.ctx.command_path} --help'"
    return text + hint


def _reader_gone() -> int:
    """``| head`` closed the pipe: say nothing, and let nothing complain at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


if __name__ == "__main__":
    sys.exit(main())
