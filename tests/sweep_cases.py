"""A small network, a small machine and studies over them, for the tests of sweeps."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from accelsim.sweep.execute import Summary, run_study
from accelsim.sweep.frame import Table, load_sweep, render_rows
from accelsim.sweep.study import load_study
from accelsim.sweep.work import Chunk, Here, Outcome, Runner

NETWORK = """\
name: tiny
layers:
  - {name: A, type: conv, M: 8, C: 4, H: 8, R: 3, padding: 1}
  - {name: POOL, type: pool, C: 8, H: 8, R: 2, U: 2}
  - {name: B, type: fc, M: 10, C: 8, H: 4}
"""
MACHINE = """\
name: toy
clock: 100 MHz
word: 16 b
elements:
- {level: DRAM, read_bandwidth: 4 words/cycle, shared_port: true, read_energy: 100 pJ, write_energy: 100 pJ}
- {level: Buffer, capacity: 1 KiB, read_energy: 5 pJ, write_energy: 5 pJ, area: 0.1 mm2}
- fanout: Array
  axes:
  - {axis: Y, size: 4, networks: {'*': multicast, outputs: reduction}}
  - {axis: X, size: 4, networks: {'*': multicast, outputs: reduction}}
- {level: Register, capacity: 1 word, keeps: {weights: must, inputs: not, outputs: not}, area: 0.001 mm2,
   read_energy: 1 pJ, write_energy: 1 pJ}
- {compute: MAC, energy: 1 pJ}
"""
STUDY = """\
name: trial
base: ./toy.yaml
axes:
  levels.Buffer.capacity: [256 B .. 1024 B, x2]
  array: {rows: [2, 4], cols: [2, 4]}
networks: [./tiny.yaml]
"""


def written(folder: Path, study: str = STUDY) -> Path:
    """The study's file, with its machine and network beside it."""
    (folder / "toy.yaml").write_text(MACHINE)
    (folder / "tiny.yaml").write_text(NETWORK)
    path = folder / "trial.yaml"
    path.write_text(study)
    return path


def ran(path: Path, out: Path, runner: Runner | None = None, retry_failed: bool = False) -> tuple[Summary, Table]:
    """The study run here, and its table."""
    summary = run_study(load_study(str(path)), out, runner or Here(), None, retry_failed)
    return summary, load_sweep(out)


def canonical(out: Path) -> str:
    """The canonical export of a folder."""
    table = load_sweep(out)
    return render_rows(table.rows, table.canonical_columns)


class Counting(Here):
    """A runner that counts, and breaks at chosen searches (by their count)."""

    def __init__(self, breaks: frozenset[int] = frozenset(), stop: int | None = None) -> None:
        self.searches, self.breaks, self.stop = 0, breaks, stop

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Outcome]:
        for chunk in chunks:
            for search in chunk:
                if self.searches == self.stop:
                    raise KeyboardInterrupt
                self.searches += 1
                if self.searches in self.breaks:
                    yield Outcome(search.key, None, "it broke")
                else:
                    yield from super().run(iter([(search,)]))


def deadly(chunk: Chunk) -> list[Outcome]:
    """Answers a chunk in a worker; takes the worker along at the search of the layer B (10 outputs)."""
    from accelsim.sweep.work import answered

    for search in chunk:
        if search.question.operation.macs == DEADLY_MACS:
            os.kill(os.getpid(), signal.SIGKILL)
    return answered(chunk)


DEADLY_MACS = 10 * 8 * 4 * 4
"""Of the layer B."""
