"""Running a study: points in windows, every distinct search once, each result kept at once.

The order in which workers answer has no part in the result: rows are keyed by their input and ordered by the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from accelsim.errors import InputError
from accelsim.sweep.run import Run, Watch
from accelsim.sweep.sampling import sample, sample_size
from accelsim.sweep.store import Planned, Results
from accelsim.sweep.study import Study
from accelsim.sweep.work import Here, Runner

WINDOW = 1000
"""Points whose searches are planned together: bounds memory, and is long against the idle end of a window."""
LOCK = ".running"


@dataclass(frozen=True)
class Summary:
    """What a run left behind: points by status."""

    statuses: tuple[tuple[str, int], ...]
    searches: int
    seconds: float

    @property
    def failed(self) -> int:
        """Points without a whole result: the exit status is 1 then."""
        return sum(count for status, count in self.statuses if status not in ("mapped", "excluded"))


def run_study(
    study: Study,
    folder: str | Path,
    runner: Runner | None = None,
    watch: Watch | None = None,
    retry_failed: bool = False,
) -> Summary:
    """Bring every point of a study to its result in the store of a folder; what is there already is not done again.

    ``runner``: where searches are made, None for this process; accelsim.sweep.local.Local(workers) for processes (a
    script then needs the usual ``if __name__ == "__main__"``), accelsim.sweep.cluster.Cluster(address) for machines.
    ``watch`` is called with the Progress after every search; ``retry_failed`` tries points that failed once more.
    Raises InputError when the folder is another study's, or its store cannot be used; results until then are kept.
    """
    folder = Path(folder)
    store = Results(folder)
    try:
        _claim(store, study, folder)
        run = Run(study, store, runner or Here(), watch, retry_failed)
        with _alone(folder) as first:
            if study.sample.method == "guided":
                from accelsim.sweep.guided import run_guided

                run_guided(run)
            else:
                _run_sample(run, backwards=not first)
        keys = [planned.key for planned in store.plan()]
        statuses = store.statuses()
        counts = Counter(statuses[key] for key in keys if key in statuses)
        return Summary(tuple(sorted(counts.items())), run.made, perf_counter() - run.start)
    finally:
        with suppress(InputError):  # what stopped the run is what is to be said
            store.set_view([axis.name for axis in study.axes])
        store.close()


def _run_sample(run: Run, backwards: bool) -> None:
    """All points, planned at once and run window by window."""
    run.total = sample_size(run.study) * len(run.study.workloads)
    choices = list(sample(run.study))
    step = max(1, WINDOW // len(run.study.workloads))
    whole: list[Planned] = []
    for at in range(0, len(choices), step):
        whole += run.planned(choices[at : at + step], len(whole))[0]
    if run.store.plan() != whole:
        run.store.set_plan(whole)
    starts = range(0, len(choices), step)
    for at in reversed(starts) if backwards else starts:
        _, points = run.planned(choices[at : at + step], 0)
        run.total -= len(choices[at : at + step]) * len(run.study.workloads) - len(points)  # equal points are one
        run.window(points, backwards)


def _claim(store: Results, study: Study, folder: Path) -> None:
    """A folder holds one study, which may be changed and extended."""
    held = store.meta("name")
    if held is not None and held != study.name:
        raise InputError(f"{folder}: holds the study '{held}', not '{study.name}'; give another folder")
    if store.meta("study") != study.text:
        store.set_meta("name", study.name)
        store.set_meta("study", study.text)
        store.set_meta("path", study.path)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether no other process runs this study now; two work from both ends, lest they search the same."""
    try:
        import fcntl
    except ImportError:  # a system without: both then search in the same order
        yield True
        return
    with (folder / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = True
        except OSError:
            alone = False
        yield alone
