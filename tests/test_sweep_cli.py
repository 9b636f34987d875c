"""The commands as a user runs them: killed at random moments, two at once, on a full or a read-only disk."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import NETWORK, STUDY, canonical, ran, written

from accelsim.cli.main import main
from accelsim.sweep.frame import load_sweep
from accelsim.sweep.store import FILE

COMMAND = (sys.executable, "-m", "accelsim", "sweep")


def sweep(*arguments: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=300, **more)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_a_study_from_start_to_front(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    study.write_text(STUDY + "budgets: [pes < 16]\n")
    assert main(["sweep", "trial.yaml", "--out", "out", "--workers", "1"]) == 0
    shown = capsys.readouterr()
    assert "files written to out" in shown.err
    assert main(["sweep", "--status", "out"]) == 0
    status = capsys.readouterr().out
    assert main(["pareto", "out", "--x", "energy", "--y", "latency", "--where", "area_mm2 < 0.11"]) == 0
    golden("sweep.txt", "\n".join((shown.out, status, capsys.readouterr().out)))
    assert main(["sweep", "--export", "points.csv", "--canonical", "out"]) == 0
    assert (tmp_path / "points.csv").read_text() == canonical(tmp_path / "out")


def test_json_of_the_commands(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ran(study, tmp_path / "out")
    assert main(["sweep", "--status", str(tmp_path / "out"), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["study"], record["points"]) == ("trial", {"mapped": 12})
    assert main(["pareto", str(tmp_path / "out"), "--json"]) == 0
    (front,) = json.loads(capsys.readouterr().out)["fronts"]
    assert front["columns"] == ["latency_s", "energy"]
    assert front["energy_unit"] == "pJ"
    assert {point["status"] for point in front["points"]} == {"mapped"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sweep", "trial.yaml"], "sweep needs the folder of its results: --out DIR (or --status DIR, --export FILE "
         "DIR)"),
        (["sweep", "nowhere.yaml", "--out", "out"], "nowhere.yaml: no such file"),
        (["sweep", "--status", "nowhere"], "nowhere: holds no study; 'accelsim sweep STUDY --out nowhere' begins one"),
        (["sweep", "--status", "out", "--out", "x"], "--status and --export take the study's folder, and no --out"),
        (["sweep", "trial.yaml", "--out", "out", "--canonical"], "--canonical says how to --export"),
        (["sweep", "trial.yaml", "--out", "out", "--workers", "0"], "workers must be at least 1, not 0"),
        (["pareto", "nowhere"], "nowhere: holds no study; 'accelsim sweep STUDY --out nowhere' begins one"),
        (["sweep", "trial.yaml", "--out", "trial.yaml/x"], "trial.yaml/x/study.sqlite: the store of results cannot be "
         "used (Not a directory); name a file in a folder that can be written"),
        (["sweep", "eyeriss", "--out", "out"], None),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_a_sentence(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: list[str], sentence: str | None,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    if sentence is None:
        assert shown.err.endswith("is a report and no study: accelsim compare --report makes it\n")
    else:
        assert shown.err == f"accelsim: {sentence}\n"


def test_a_typo_stops_before_the_first_point(study: Path, tmp_path: Path) -> None:
    study.write_text(STUDY.replace("capacity", "capcity"))
    done = sweep(study, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"accelsim: {study}:4: elements.1.capcity is not a known field; did you mean 'capacity'?\n"
    assert not (tmp_path / "out").exists()


def test_points_without_a_result_make_the_exit_status_1(study: Path, tmp_path: Path) -> None:
    study.write_text(STUDY.replace("  array: {rows: [2, 4], cols: [2, 4]}", "  word: [16 b, 24 b]"))
    done = sweep(study, "--out", tmp_path / "out", "--workers", 1)
    assert done.returncode == 1
    assert "invalid       3  no such machine can be" in done.stdout
    assert "Buffer.capacity must be a whole number of 24-bit words" in " ".join(done.stdout.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_what_is_done_and_goes_on(study: Path, tmp_path: Path, number: int) -> None:
    slow(study)
    process = started(study, tmp_path / "out")
    wait_for_results(tmp_path / "out", process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else 143)
    if number == signal.SIGINT:
        assert "points are done and kept; the same command goes on from there\n" in err
    assert sweep(study, "--out", tmp_path / "out").returncode == 0
    undisturbed(study, tmp_path)


def slow(study: Path) -> None:
    """Enough points that a kill comes between them."""
    study.write_text(
        STUDY.replace("[256 B .. 1024 B, x2]", "[256 B .. 4096 B, +256 B]").replace("cols: [2, 4]", "cols: 1..4")
    )


def started(study: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [*COMMAND, str(study), "--out", str(out), "--workers", "2", *more]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload, no-any-return]


def wait_for_results(out: Path, process: subprocess.Popen[str]) -> None:
    """Until the first results are there."""
    for _ in range(3000):
        log = out / f"{FILE}-wal"
        if log.exists() and log.stat().st_size > 200_000:
            return
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.01)


def undisturbed(study: Path, tmp_path: Path) -> None:
    """The folder's export is that of a run in one process that nothing disturbed."""
    ran(study, tmp_path / "alone")
    assert canonical(tmp_path / "out") == canonical(tmp_path / "alone")


@pytest.mark.parametrize(
    "kills", [pytest.param(4, id="some"), pytest.param(50, id="fifty", marks=pytest.mark.exhaustive)]
)
def test_killed_at_random_moments_a_study_comes_to_the_same_export(study: Path, tmp_path: Path, kills: int) -> None:
    """SIGKILL to the program and its workers, before, while and after results are written."""
    slow(study)
    source = random.Random(kills)
    ended = 0
    for _ in range(kills):
        process = started(study, tmp_path / "out")
        time.sleep(source.uniform(0.3, 4.0))
        ended += process.poll() is not None
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.communicate()
        if ended:  # it was quicker than the kill: begin anew, so that every kill has something to hit
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
            ended = 0
    assert sweep(study, "--out", tmp_path / "out").returncode == 0
    undisturbed(study, tmp_path)


def test_two_programs_on_one_study_do_not_disturb_each_other(study: Path, tmp_path: Path) -> None:
    slow(study)
    both = [started(study, tmp_path / "out") for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    undisturbed(study, tmp_path)


def test_a_full_disk_is_a_sentence_and_loses_nothing(study: Path, tmp_path: Path) -> None:
    """No file may grow beyond what half of the results need, then all of them."""
    slow(study)
    ran(study, tmp_path / "alone")  # warms the kernels' cache, which must not be what does not fit
    size = (tmp_path / "alone" / FILE).stat().st_size

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, size // 2))

    done = sweep(study, "--out", tmp_path / "out", "--workers", 1, preexec_fn=small)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"accelsim: {tmp_path / 'out' / FILE}: the store of results cannot be used (")
    assert done.stderr.endswith(
        "; make room on its disk and run the same command again: what was found until now is kept\n"
    )
    before = {row["key"] for row in load_sweep(tmp_path / "out").rows if row["status"] == "mapped"}
    assert 0 < len(before) < 256
    assert sweep(study, "--out", tmp_path / "out").returncode == 0
    assert canonical(tmp_path / "out") == canonical(tmp_path / "alone")


def test_a_store_that_cannot_be_written_is_a_sentence_and_can_be_read(study: Path, tmp_path: Path) -> None:
    """Permissions bind root only without the capability to pass over them."""
    bound: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and there is no setpriv to give that up")
        bound = ("setpriv", "--bounding-set", "-dac_override")
    ran(study, tmp_path / "out")
    good = canonical(tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        path.chmod(0o444)
    (tmp_path / "out").chmod(0o555)
    study.write_text(STUDY.replace("cols: [2, 4]", "cols: [2, 3, 4]"))
    begun = [*bound, *COMMAND]
    done = subprocess.run(
        [*begun, study, "--out", tmp_path / "out", "--workers", "1"], capture_output=True, text=True, timeout=300
    )
    status = subprocess.run([*begun, "--status", tmp_path / "out"], capture_output=True, text=True, timeout=300)
    (tmp_path / "out").chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"accelsim: {tmp_path / 'out' / FILE}: the store of results cannot be used (attempt to write a "
        "readonly database); name a file in a folder that can be written\n"
    )
    assert (status.returncode, status.stderr) == (0, "")
    assert "mapped      12  every layer has a mapping" in status.stdout
    assert canonical(tmp_path / "out") == good


def test_a_cluster_that_is_not_there_is_a_sentence(study: Path, tmp_path: Path) -> None:
    done = sweep(study, "--out", tmp_path / "out", "--cluster", "127.0.0.1:9")
    assert (done.returncode, done.stdout) == (2, "")
    expected = (
        "--cluster needs the extra 'dask': pip install 'accelsim[dask]'",
        "cluster tcp://127.0.0.1:9 does not answer",
    )
    assert any(done.stderr.startswith(f"accelsim: {sentence}") for sentence in expected)


def test_shipped_studies_are_listed_and_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["show", str(written(tmp_path))]) == 0
    shown = capsys.readouterr().out
    assert "axis         capacity (levels.Buffer.capacity): 256 B, 512 B, 1024 B\n" in shown
    assert "points       12 at most (grid)\n" in shown
    assert NETWORK.startswith("name: tiny")
