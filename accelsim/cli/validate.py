"""``accelsim validate``: published results beside ours, per layer and per level, with every deviation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from accelsim.cli import options, output
from accelsim.errors import InputError
from accelsim.validation.registry import STUDIES

if TYPE_CHECKING:
    from accelsim.validation.study import Outcome, Study

OUT_OF_TOLERANCE = 1


@click.command(short_help="Hold our numbers against published ones.", epilog=f"Studies: {', '.join(STUDIES)}.")
@click.argument("names", metavar="[STUDY]...", nargs=-1)
@click.option("--plot", is_flag=True, help="Draw the studies' figures, ours beside the published, into --out or here.")
@click.option("--out", metavar="DIR", help="Write the page with its tables (and figures, with --plot) there.")
@options.as_json
def validate(names: tuple[str, ...], plot: bool, out: str | None, as_json: bool) -> int:
    """Hold our numbers against published ones: a table per study, with deviation and verdict.

    All studies when none is named. The exit status is 1 when a number is out of its tolerance.

    \b
    Example:
      accelsim validate eyeriss-jssc17 --plot --out validation/
    """
    from accelsim.validation.registry import study

    studies = [study(name) for name in dict.fromkeys(names or STUDIES)]
    folder = _folder(out, plot)
    with output.progress("validating") as progress:
        outcomes = []
        for i, one in enumerate(studies):
            outcomes.append(one.run())
            if progress:
                progress(i + 1, len(studies))
    both = list(zip(studies, outcomes, strict=True))
    if as_json:
        _print_json(both)
    else:
        for one, outcome in both:
            _print(one, outcome)
    if folder is not None:
        from accelsim.validation.page import write_page

        for path in write_page(folder, both, figures=plot, page=out is not None):
            output.log(f"written: {path}")
    return _status(both)


def _folder(out: str | None, plot: bool) -> Path | None:
    if out is None:
        return Path() if plot else None
    folder = Path(out).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{out!r}: must be a folder that can be written to ({error})") from None
    return folder


def _print(study: Study, outcome: Outcome) -> None:
    from accelsim.validation.tables import outcome_tables, summary

    click.echo(f"== {study.name}: {study.title}\n")
    notes = [f"Source: {study.source}.", *(f"Known difference: {d}" for d in study.differences), *outcome.notes]
    output.print_tables(outcome_tables(outcome), [*notes, summary(outcome)])
    click.echo()


def _print_json(both: Sequence[tuple[Study, Outcome]]) -> None:
    from accelsim.report.records import document
    from accelsim.validation.tables import study_record

    output.print_json(document("validation", {"studies": [study_record(*pair) for pair in both]}))


def _status(both: Sequence[tuple[Study, Outcome]]) -> int:
    from accelsim.validation.judging import out_of_tolerance

    sentences = [f"{study.name}: {sentence}" for study, outcome in both for sentence in out_of_tolerance(outcome)]
    for sentence in sentences:
        output.log(f"out of tolerance: {sentence}")
    return OUT_OF_TOLERANCE if sentences else 0
