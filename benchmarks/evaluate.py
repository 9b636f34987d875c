"""Speed of one evaluation and of a batch, in one run on one core; figures are medians of several rounds.

python benchmarks/evaluate.py            (about half a minute, compilation excluded and printed)
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from accelsim.architecture.files import load_architecture
from accelsim.mapping.nest import Mapping, Storage
from accelsim.mapping.parse import parse_mapping
from accelsim.model.batch import BatchEvaluator
from accelsim.model.evaluate import evaluate
from accelsim.model.traffic import counter, template_of
from accelsim.workload.layer import Convolution
from accelsim.workload.operation import Operation

WS = """
DRAM keeps inputs weights outputs
for m in 0..192 by 64
GLB keeps outputs
for c in 0..64 by 16
GLB keeps inputs
for m in 0..64 by 16
for r in 0..5 by 1
for s in 0..5 by 1
par-for m in 0..16 by 1 on X
par-for c in 0..16 by 1 on Y
RF keeps weights
for e in 0..27 by 1
for f in 0..27 by 1
MAC
"""
CHIP = """
DRAM keeps inputs weights outputs
for g in 0..2 by 1
for m in 0..128 by 64
GlobalBuffer keeps outputs
for c in 0..192 by 6
GlobalBuffer keeps inputs
for m in 0..64 by 32
par-for e in 0..13 by 1 on X
par-for m in 0..32 by 16 on Y
par-for c in 0..6 by 3 on Y
par-for r in 0..3 by 1 on Y
Scratchpad keeps weights
for f in 0..13 by 1
Scratchpad keeps inputs outputs
for c in 0..3 by 1
for s in 0..3 by 1
for m in 0..16 by 1
MAC
"""
CASES = {
    "ws16x16, AlexNet CONV2": ("ws16x16", Convolution("conv2", M=192, C=64, H=31, R=5, E=27), WS),
    "eyeriss, AlexNet CONV5 padded": ("eyeriss", Convolution("conv5", M=256, C=384, G=2, H=13, R=3, padding=1), CHIP),
}
BATCH = 400_000


def median_seconds(action: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return statistics.median(times)


def random_steps(mapping: Mapping, seed: int = 0) -> np.ndarray:
    """Steps of BATCH mappings of the same template: every loop's step a divisor of what encloses it."""
    generator = np.random.default_rng(seed)
    left = {dim: np.full(BATCH, bound) for dim, bound in mapping.bounds}
    last = {loop.dim: i for i, loop in enumerate(mapping.loops)}
    steps = np.empty((BATCH, len(mapping.loops)), np.int64)
    for column, loop in enumerate(mapping.loops):
        drawn = np.ones(BATCH, np.int64)
        if last[loop.dim] != column:
            for extent in np.unique(left[loop.dim]):
                here = left[loop.dim] == extent
                divisors = [d for d in range(1, extent + 1) if extent % d == 0]
                drawn[here] = generator.choice(divisors, here.sum())
        steps[:, column] = left[loop.dim] = drawn
    return steps


def measure(name: str, machine_name: str, operation: Operation, text: str) -> None:
    machine, mapping = load_architecture(machine_name), parse_mapping(text)
    start = time.process_time()
    evaluate(operation, machine, mapping)
    print(f"{name}\n  first evaluation, kernels compiled or loaded   {time.process_time() - start:8.2f} s")
    single = median_seconds(lambda: [evaluate(operation, machine, mapping) for _ in range(100)], 7) / 100

    def new_template() -> None:
        counter.cache_clear()
        evaluate(operation, machine, mapping)

    fresh = median_seconds(new_template, 30)
    print(f"  one evaluation, checked, template seen before  {single * 1e3:8.3f} ms")
    print(f"  one evaluation, checked, new template          {fresh * 1e3:8.3f} ms")
    batch, steps = BatchEvaluator(operation, machine, template_of(mapping)), random_steps(mapping)
    batch(steps[:1000])
    seconds = median_seconds(lambda: batch(steps), 5)
    loops = sum(not isinstance(node, Storage) for node in mapping.nodes)
    print(f"  batch of {BATCH:,} mappings, {loops} loops            {BATCH / seconds / 1e6:8.2f} million / s / core")


def main() -> None:
    for name, (machine, layer, text) in CASES.items():
        measure(name, machine, layer.operation(), text)
    command = [sys.executable, "-m", "accelsim", "--help"]
    subprocess.run(command, capture_output=True, check=True)
    times = []
    for _ in range(7):
        before = time.clock_gettime(time.CLOCK_MONOTONIC)
        subprocess.run(command, capture_output=True, check=True)
        times.append(time.clock_gettime(time.CLOCK_MONOTONIC) - before)
    print(f"accelsim --help                                  {statistics.median(times):8.3f} s wall")


if __name__ == "__main__":
    main()
