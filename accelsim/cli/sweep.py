"""``accelsim sweep`` and ``accelsim pareto``: many designs, and which of them no other one beats."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli import options, output
from accelsim.errors import InputError

if TYPE_CHECKING:
    from accelsim.sweep.execute import Summary
    from accelsim.sweep.frame import Table
    from accelsim.sweep.run import Progress
    from accelsim.sweep.work import Runner

SOME_FAILED = 1


@click.command(short_help="Run a study: many machines on networks.")
@click.argument("study", metavar="STUDY|DIR")
@click.option("--out", metavar="DIR", help="The study's folder: results are kept there and never made twice.")
@options.workers
@click.option("--cluster", metavar="ADDRESS", help="Search on a running Dask cluster, such as tcp://host:8786.")
@click.option("--retry-failed", is_flag=True, help="Try points that failed once more.")
@click.option("--status", is_flag=True, help="Say how far the study in DIR is.")
@click.option("--export", metavar="FILE", help="Write the points in DIR as .csv or .parquet.")
@click.option("--canonical", is_flag=True, help="Export without how long things took: the same on every machine.")
@options.as_json
def sweep(study: str, **given: Any) -> int:
    """Run a study: machines from a base and axes over its fields, each layer of each network at its best mapping.

    STUDY is a file, or a name that ships. Interrupted or killed, the same command goes on where it was. Tables,
    figures and a report are written to the folder at the end. A point without a result is recorded with its reason,
    the others complete, and the exit status is 1.

    \b
    Example:
      accelsim sweep buffer_energy --out study/
      accelsim sweep --status study/
      accelsim sweep --export points.csv study/
    """
    if given["status"] or given["export"]:
        if given["out"] is not None:
            raise InputError("--status and --export take the study's folder, and no --out")
        return _read(Path(study), given)
    if given["canonical"]:
        raise InputError("--canonical says how to --export")
    if given["out"] is None or not given["out"].strip():
        raise InputError("sweep needs the folder of its results: --out DIR (or --status DIR, --export FILE DIR)")
    return _run(study, Path(given["out"]), given)


def _run(name: str, folder: Path, given: dict[str, Any]) -> int:
    from accelsim.sweep.execute import run_study
    from accelsim.sweep.frame import load_sweep
    from accelsim.sweep.report import write_report
    from accelsim.sweep.study import load_study

    study = load_study(name)
    workers = options.checked_workers(given["workers"])
    with _runner(workers, given["cluster"]) as runner, _counting() as watch:
        summary = run_study(study, folder, runner, watch, given["retry_failed"])
    table = load_sweep(folder)
    with output.progress("figures") as progress:
        written = write_report(table, folder, progress)
    output.log(f"{len(written)} files written to {folder}")
    _print(table, given["as_json"], summary)
    return SOME_FAILED if summary.failed else 0


def _read(folder: Path, given: dict[str, Any]) -> int:
    from accelsim.sweep.frame import export, load_sweep

    table = load_sweep(folder)
    if given["export"]:
        export(table, Path(given["export"]), given["canonical"])
        output.log(f"{len(table.rows)} points written to {given['export']}")
    if given["status"]:
        _print(table, given["as_json"])
    return 0


def _print(table: Table, as_json: bool, summary: Summary | None = None) -> None:
    from accelsim.sweep.tables import best_table, status_table

    if as_json:
        from accelsim.report.records import document

        counts = dict(sorted(Counter(row["status"] for row in table.rows).items()))
        output.print_json(document("sweep", {"study": table.study.name, "points": counts}))
        return
    tables = [status_table(table)]
    if summary is not None:
        tables += best_table(table, table.study.y)
    output.print_tables(tables, _remarks(table))


def _remarks(table: Table) -> list[str]:
    lacking = [row for row in table.rows if row["status"] in ("infeasible", "invalid", "failed")]
    out = [f"Point {row['point']} ({row['status']}): {row['reason']}" for row in lacking[:5]]
    if len(lacking) > 5:
        out.append(f"And {len(lacking) - 5} more without a result; see points.csv.")
    return out


@contextmanager
def _runner(workers: int, cluster: str | None) -> Iterator[Runner]:
    """Where the searches are made; let go at the end, however it comes."""
    runner: Runner
    if cluster is not None:
        from accelsim.sweep.cluster import Cluster

        runner = Cluster(cluster)
    elif workers == 1:
        from accelsim.sweep.work import Here

        runner = Here()
    else:
        from accelsim.sweep.local import Local

        runner = Local(workers)
    try:
        yield runner
    finally:
        runner.close()


@contextmanager
def _counting() -> Iterator[Callable[[Progress], None] | None]:
    """Points and the time left, on stderr: a line that changes on a terminal, a line a minute elsewhere."""
    last: list[Progress] = []
    say = _Line()

    def watch(progress: Progress) -> None:
        last[:] = [progress]
        say(progress)

    try:
        yield watch
    except KeyboardInterrupt:
        say.end()
        if last:
            done = f"{last[0].points:,} of {last[0].all_points:,} points are done"
            output.log(f"{done} and kept; the same command goes on from there")
        raise
    finally:
        say.end()


class _Line:
    """Where the progress is written."""

    SECONDS = (0.2, 60.0)

    def __init__(self) -> None:
        from time import monotonic

        self.clock, self.terminal = monotonic, sys.stderr.isatty()
        self.last, self.open = monotonic(), False

    def __call__(self, progress: Progress) -> None:
        now = self.clock()
        if now - self.last < self.SECONDS[0 if self.terminal else 1]:
            return
        self.last, self.open = now, self.terminal
        left = "" if progress.seconds_left is None else f", about {_duration(progress.seconds_left)} left"
        text = f"{progress.points:,} of {progress.all_points:,} points, {progress.searches:,} searches{left}"
        click.echo(f"\r{text:<78}" if self.terminal else text, err=True, nl=not self.terminal)

    def end(self) -> None:
        """Clear the line."""
        if self.open:
            click.echo(f"\r{'':<78}\r", err=True, nl=False)
        self.open = False


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


@click.command(short_help="The points of a study that no other one beats.")
@click.argument("folder", metavar="DIR")
@click.option("--x", default=None, metavar="COLUMN", help="First column; the study's own when left out.")
@click.option("--y", default=None, metavar="COLUMN", help="Second column.")
@click.option("--z", default=None, metavar="COLUMN", help="Third column, for a front in three.")
@click.option("--where", metavar="EXPRESSION", help="Only points that satisfy it, such as 'area_mm2 < 10'.")
@options.as_json
def pareto(folder: str, x: str | None, y: str | None, z: str | None, where: str | None, as_json: bool) -> int:
    """The points of a study that no other one beats, exactly, for each network and batch of its own.

    Less is better in every column but tops and utilization. The knee is where the front bends most.

    \b
    Example:
      accelsim pareto study/ --x energy --y latency --where "area_mm2 < 10"
    """
    from accelsim.sweep.frame import load_sweep
    from accelsim.sweep.pareto import fronts
    from accelsim.sweep.tables import front_table

    table = load_sweep(folder)
    columns = [x or table.study.x, y or table.study.y, *([z] if z else [])]
    found = fronts(table, columns, where)
    if as_json:
        from accelsim.report.records import document

        listed = [
            {**dict(f.scope), "columns": list(f.columns), "knee": f.knee and f.knee["point"], "points": list(f.rows)}
            for f in found
        ]
        output.print_json(document("pareto", {"study": table.study.name, "fronts": listed}))
        return 0
    if not found:
        output.log("no point has all of these columns" + (f" and satisfies {where}" if where else ""))
        return SOME_FAILED
    output.print_tables([front_table(table, front) for front in found])
    return 0
