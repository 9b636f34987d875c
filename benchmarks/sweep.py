"""How long a sweep takes: 200 machines x ResNet-50, every layer mapped, and how that grows with points and workers.

    python benchmarks/sweep.py                       # 200 machines on two workers, then the scaling of both
    python benchmarks/sweep.py --machines 1000 --only

The machines are ws16x16 with eight buffers, and arrays of five widths and five heights (and five bandwidths beyond
200). Of each run: wall time, CPU time of all processes (which other programs on the machine change little), the largest
process, what was searched, and the worst gap that is left.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from accelsim.sweep.execute import run_study
from accelsim.sweep.frame import load_sweep
from accelsim.sweep.local import Local
from accelsim.sweep.study import load_study
from accelsim.sweep.work import Here, Runner

STUDY = """\
name: bench
base: ws16x16
axes:
  levels.DRAM.read_bandwidth: [4 words/cycle, 8 words/cycle, 16 words/cycle, 2 words/cycle, 1 words/cycle]
  levels.GLB.capacity: [32 KiB .. 256 KiB, +32 KiB]
  array: {{X: [8, 12, 16, 24, 32], Y: [8, 12, 16, 24, 32]}}
networks: [{network}]
sample: {{points: {points}}}
"""
HEADER = (
    "machines  workers  layers  searches  wall (s)  CPU (s)  CPU per point (s)  largest process (MB)  worst gap (%)"
)


def measured(network: str, points: int, workers: int) -> str:
    """One run in a folder of its own, as a line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.yaml"
        path.write_text(STUDY.format(network=network, points=points))
        study = load_study(str(path))
        runner: Runner = Local(workers) if workers > 1 else Here()
        start, before = time.perf_counter(), _cpu()
        summary = run_study(study, Path(folder) / "out", runner)
        wall = time.perf_counter() - start
        runner.close()
        time.sleep(1)  # until the workers are reaped, and their time is ours
        cpu = _cpu() - before
        table = load_sweep(Path(folder) / "out")
        assert len(table.mapped) == points, summary
        gap = max(row["worst_gap"] for row in table.mapped)
        layers = sum(layer["kind"] != "vector" for layer in table.layers)
        largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return (
            f"{points:8}  {workers:7}  {layers:6}  {summary.searches:8}  {wall:8.1f}  {cpu:7.1f}  {cpu / points:17.2f}"
            f"  {largest / 1024:20.0f}  {100 * gap:13.2f}"
        )


def _cpu() -> float:
    """CPU seconds of this process and of those it has reaped."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--network", default="resnet50")
    parser.add_argument("--machines", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", action="store_true", help="without the scaling")
    given = parser.parse_args()
    print(HEADER)
    print(measured(given.network, given.machines, given.workers), flush=True)
    if given.only:
        return
    for points, workers in ((25, 2), (50, 2), (100, 2), (50, 1), (50, 4)):
        print(measured(given.network, points, workers), flush=True)
    print(measured("alexnet", 100, 2) + "  alexnet")


if __name__ == "__main__":
    main()
