"""Other mappers on the same problems: each installed in an environment of its own, run with a hard CPU limit.

Used by ``search.py --peers``.  The environments lie in $XDG_CACHE_HOME/accelsim-bench (~/.cache without it), stay there
for the next run, and may be deleted at any time.  What cannot be installed or run is a row that says why.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from accelsim.workload.operation import Operation

HERE = Path(__file__).parent
MACHINES = ("ws16x16", "eyeriss_like_unified", "eyeriss_like_spads")
INSTALL_SECONDS = 900
FIRST_READ = "reads every output from its memory before the first product, too, where we read nothing"
Asked = tuple[str, tuple[str, ...], tuple[Operation, ...]]
Record = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A mapper: what pip installs, the versions of Python to try in order, its script, and how it differs."""

    name: str
    requirements: tuple[str, ...]
    pythons: tuple[str, ...]
    script: str
    claims: str
    differences: tuple[tuple[str, str], ...]


PEERS = (
    Peer(
        "AccelForge",
        ("accelforge==1.0.467",),
        ("3.12", "3.13"),
        "peers_accelforge.py",
        "optimal in its own space of perfect factors; its total is a single-precision number",
        (
            (
                "ws16x16",
                "counts equal ours; its space leaves out nests that ours has, so its optimum may be above ours",
            ),
            (
                "eyeriss_like_unified",
                "counts of a matrix product equal ours; of a convolution, overlapping input tiles are read once per PE",
            ),
            (
                "eyeriss_like_spads",
                "stacks the three scratchpads in a fixed order, reads overlapping input tiles once per PE, and must use"
                " as many PEs of each axis as the allowed dims can",
            ),
        ),
    ),
    Peer(
        "ZigZag",
        ("zigzag-dse==3.9.1", "six"),  # six: imported by it and not among its requirements
        ("3.11", "3.12"),
        "peers_zigzag.py",
        "a heuristic without a bound: orders of at most six merged loop factors over its three best spatial unrollings",
        (
            ("ws16x16", FIRST_READ),
            ("eyeriss_like_unified", f"{FIRST_READ}; unrollings may be fractions of a bound"),
            ("eyeriss_like_spads", f"{FIRST_READ}; unrollings may be fractions of a bound"),
        ),
    ),
)


class UnavailableError(Exception):
    """Why a peer does not run here, in words."""


def compared(asked: Sequence[Asked], options: argparse.Namespace) -> list[Record]:
    """One record per peer and problem of one operation on a made-up machine, in order."""
    return [
        record
        for peer in PEERS
        for record in _of_peer(peer, [a for a in asked if len(a[2]) == 1 and a[1][0] in MACHINES], options.peer_seconds)
    ]


def _of_peer(peer: Peer, asked: Sequence[Asked], seconds: int) -> Iterator[Record]:
    try:
        python = _environment(peer)
    except UnavailableError as error:
        yield {"peer": peer.name, "problem": "all", "machine": "", "failure": str(error)}
        return
    for problem, (machine,), (operation,) in asked:
        print(f"{problem}, {peer.name} ...", file=sys.stderr)
        record = {"peer": peer.name, "problem": problem, "machine": machine, "failure": ""}
        try:
            yield {**record, **_run(python, peer, machine, operation, seconds)}
        except UnavailableError as error:
            yield {**record, "failure": str(error)}


def _environment(peer: Peer) -> Path:
    """The Python of the peer's environment, made on first use; a mark in it says that the installation went through."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "accelsim-bench"
    folder = cache / f"{peer.name}-{peer.requirements[0].partition('==')[2]}"
    python, mark = folder / "bin" / "python", folder / "installed"
    if mark.exists():
        return python
    base = _base_python(peer)
    print(f"installing {' '.join(peer.requirements)} with {Path(base).name} ...", file=sys.stderr)
    for command in (
        [base, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *peer.requirements],
    ):
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"not installed: gave up after {INSTALL_SECONDS} s") from None
        if done.returncode:
            raise UnavailableError(f"not installed: {_last_line(done.stderr)}")
    mark.touch()
    return python


def _base_python(peer: Peer) -> str:
    """An interpreter of a version that the peer runs on: on the path, under pyenv, or this one."""
    here = "{}.{}".format(*sys.version_info[:2])
    if here in peer.pythons:
        return getattr(sys, "_base_executable", "") or sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in peer.pythons:
        for candidate in (*sorted(pyenv.glob(f"{version}.*/bin/python")), shutil.which(f"python{version}")):
            # A launcher on the path may stand for a version that is not there.
            if candidate and not subprocess.run([candidate, "-c", ""], capture_output=True).returncode:
                return str(candidate)
    raise UnavailableError(f"not installed: needs Python {' or '.join(peer.pythons)}, and none was found")


def _run(python: Path, peer: Peer, machine: str, operation: Operation, seconds: int) -> Record:
    """The peer's answer to one problem; raises UnavailableError with what happened instead."""
    problem = {"machine": machine, "dims": dict(operation.bounds)}

    def limit_cpu() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))

    command = [str(python), str(HERE / peer.script), json.dumps(problem)]
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    late = f"no result after {seconds} CPU seconds (stopped)"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=4 * seconds + 60, preexec_fn=limit_cpu, env=alone
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(late) from None
    if done.returncode < 0:
        raise UnavailableError(late if -done.returncode in (9, 24) else f"ended by signal {-done.returncode}")
    if done.returncode:
        raise UnavailableError(f"failed: {_last_line(done.stderr)}")
    answer: Record = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def _last_line(text: str) -> str:
    """The last line of an error, without addresses."""
    lines = [line for line in text.strip().splitlines() if not line.startswith(("WARNING", "[notice]"))]
    return re.sub(r"\b\w+://\S+", "...", lines[-1]) if lines else "no message"


def peers_table(records: list[Record], ours: dict[tuple[str, str], tuple[float, float]]) -> Table:
    """Peers beside this run's own rows; ``ours``: energy and CPU seconds by (problem, mode)."""
    differences = {(peer.name, machine): text for peer in PEERS for machine, text in peer.differences}
    out = Table(title="Other mappers, same run; ratios are theirs / ours (proven, close)", show_lines=True)
    for title in ("problem", "mapper"):
        out.add_column(title)
    for title in ("energy pJ", "energy ratio", "CPU s", "CPU ratio", "peak MiB"):
        out.add_column(title, justify="right")
    out.add_column("differences")
    for record in records:
        if record["failure"]:
            words = f"{record['failure']}; {differences.get((record['peer'], record['machine']), '')}".rstrip("; ")
            out.add_row(record["problem"], record["peer"], "", "", "", "", "", words)
            continue
        own = [ours.get((record["problem"], mode)) for mode in ("proven", "close")]
        out.add_row(
            record["problem"],
            f"{record['peer']} {record['version']}\nPython {record['python']}",
            f"{record['energy_pj']:.6g}",
            ", ".join(f"{record['energy_pj'] / x[0]:.5f}" if x else "-" for x in own),
            f"{record['cpu_seconds']:.2f}",
            ", ".join(f"{record['cpu_seconds'] / x[1]:.1f}" if x else "-" for x in own),
            f"{record['peak_mib']:.0f}",
            differences[record["peer"], record["machine"]],
        )
    out.caption = "; ".join(f"{peer.name}: {peer.claims}" for peer in PEERS)
    return out
