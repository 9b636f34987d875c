"""Sweeps with the extras: a real cluster of two worker processes, one of which is killed; guided search; Parquet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import STUDY, Counting, canonical, deadly, ran, written

from accelsim.cli.main import main
from accelsim.errors import InputError
from accelsim.sweep import cluster
from accelsim.sweep.cluster import Cluster
from accelsim.sweep.frame import export, load_sweep
from accelsim.sweep.study import load_study

pytest.importorskip("distributed", reason="needs the extra 'dask'")


@dataclass(frozen=True)
class Running:
    """A scheduler's address, and its two worker processes."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A cluster as its users start it, by the two commands of the engine; nothing revives a worker."""
    file, paths = tmp_path / "scheduler.json", os.pathsep.join(map(str, (Path(__file__).parents[1], *sys.path)))
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    quiet["env"] = {**os.environ, "PYTHONPATH": paths}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    module = [sys.executable, "-m", "distributed.cli"]
    scheduler = subprocess.Popen(
        [*module[:2], "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *common], **quiet
    )
    worker = [*module[:2], "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *common]
    started = [scheduler]
    try:
        for _ in range(600):
            if file.exists():
                break
            time.sleep(0.05)
        workers = tuple(subprocess.Popen([*worker, "--name", str(i)], cwd=tmp_path, **quiet) for i in range(2))
        started += workers
        address = json.loads(file.read_text())["address"]
        probe = Cluster(address)
        probe.client.wait_for_workers(2, timeout=60)
        probe.close()
        yield Running(address, workers)
    finally:
        for process in started:
            process.kill()
            process.wait()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_a_cluster_gives_the_export_of_one_process(study: Path, tmp_path: Path, running: Running) -> None:
    assert main(["sweep", str(study), "--out", str(tmp_path / "out"), "--cluster", running.address]) == 0
    ran(study, tmp_path / "here")
    assert canonical(tmp_path / "out") == canonical(tmp_path / "here")


def test_a_worker_of_the_cluster_is_killed_and_its_points_are_redone(
    study: Path, tmp_path: Path, running: Running
) -> None:
    """The kill comes while chunks are under way on both workers; no answer is lost, and none is there twice."""

    class Killing(Cluster):
        def run(self, chunks: Any) -> Any:
            for i, outcome in enumerate(super().run(chunks)):
                if i == 1:
                    running.workers[0].send_signal(signal.SIGKILL)
                seen.append(outcome.key)
                yield outcome

    seen: list[str] = []
    runner = Killing(running.address)
    assert runner.workers == 2
    summary, _ = ran(study, tmp_path / "out", runner)
    runner.close()
    assert running.workers[0].wait(timeout=10) == -signal.SIGKILL
    assert summary.statuses == (("mapped", 12),)
    assert len(seen) == len(set(seen)) == 24
    ran(study, tmp_path / "here")
    assert canonical(tmp_path / "out") == canonical(tmp_path / "here")


def test_workers_of_another_accelsim_are_refused(
    study: Path, tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "LOADED_SOURCES", "0" * 64)
    runner = Cluster(running.address)
    with pytest.raises(InputError, match="run another accelsim than this one; install the same on all machines"):
        ran(study, tmp_path / "out", runner)
    runner.close()


def test_a_search_that_kills_every_worker_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are revived, as those of 'dask worker' are: B kills them until the engine gives it up."""
    from distributed import LocalCluster

    study = written(tmp_path, STUDY.replace("[256 B .. 1024 B, x2]", "[1024 B]").replace("cols: [2, 4]", "cols: [2]"))
    monkeypatch.setattr(cluster, "answered_alike", deadly_alike)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as revived:  # type: ignore[no-untyped-call]
        runner = Cluster(revived.scheduler_address)
        summary, table = ran(study, tmp_path / "out", runner)
        runner.close()
    assert summary.statuses == (("failed", 2),)
    assert {row["reason"] for row in table.rows} == {
        "B: its worker died each time that it was tried (killed, or out of memory)"
    }


def deadly_alike(chunk: Any, sources: str) -> Any:
    """As accelsim.sweep.work.answered_alike, with a search that takes the worker along."""
    return deadly(chunk)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:9", r"^cluster tcp://127\.0\.0\.1:9 does not answer \(Connection refused\); start it with"),
        ("tcp://", r"^--cluster must be the address of a scheduler such as tcp://host:8786, not 'tcp://'$"),
        ("no-such-host.invalid:8786", r"does not answer \(.*\); start it with 'dask scheduler'$"),
    ],
)
def test_an_address_without_a_cluster_is_a_sentence_at_once(address: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Cluster(address)


GUIDED = STUDY.replace("rows: [2, 4], cols: [2, 4]", "rows: 1..8, cols: 1..8") + (
    "sample: {method: guided, points: 40, seed: 5, minimise: [energy, latency_s]}\n"
)


def test_guided_search_is_the_same_however_it_is_interrupted(tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="needs the extra 'guided'")
    path = written(tmp_path, GUIDED)
    _, whole = ran(path, tmp_path / "whole")
    assert len(whole.rows) == 40
    first = Counting(stop=30)
    with pytest.raises(KeyboardInterrupt):
        ran(path, tmp_path / "out", first)
    again = Counting()
    ran(path, tmp_path / "out", again)
    assert canonical(tmp_path / "out") == canonical(tmp_path / "whole")
    third = Counting()
    ran(path, tmp_path / "out", third)
    assert third.searches == 0


def test_guided_search_comes_nearer_than_chance(tmp_path: Path) -> None:
    """40 of the 192 points of the grid, against the median of five random samples of as many."""
    pytest.importorskip("optuna", reason="needs the extra 'guided'")
    grid = written(tmp_path, GUIDED.split("sample:")[0])
    everything = ran(grid, tmp_path / "grid")[1]
    best = min(row["edp"] for row in everything.mapped)
    guided = written(tmp_path, GUIDED.replace("[energy, latency_s]", "[edp]").replace("name: trial", "name: guided"))
    found = min(row["edp"] for row in ran(guided, tmp_path / "guided")[1].mapped)
    chance = []
    for seed in range(5):
        sample = f"sample: {{method: random, points: 40, seed: {seed}}}\n"
        path = written(tmp_path, GUIDED.split("sample:")[0].replace("name: trial", f"name: r{seed}") + sample)
        chance.append(min(row["edp"] for row in ran(path, tmp_path / f"random{seed}")[1].mapped))
    assert best <= found <= sorted(chance)[2]


def test_parquet_holds_the_same_table(study: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="needs the extra 'parquet'")
    import pandas as pd

    ran(study, tmp_path / "out")
    table = load_sweep(tmp_path / "out")
    export(table, tmp_path / "points.parquet")
    read = pd.read_parquet(tmp_path / "points.parquet")
    assert list(read.columns) == list(table.columns)
    assert read["energy"].tolist() == [row["energy"] for row in table.rows]
    assert read["cycles"].tolist() == [row["cycles"] for row in table.rows]
    assert load_study(str(study)).name == "trial"
