"""Rules of the model broken on purpose, one at a time: the equality with execution must catch each of them.

On demand (`pytest -m exhaustive tests/test_mutations.py`): a mutant is a copy of the package with one text replaced; it
runs without compilation and is compared with executed counts that the sound package made.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from strategies import random_case

from accelsim.simulate.execute import execute

ROOT = Path(__file__).parents[1]
CASES = 2400
MUTANTS = {
    "a tile that leaves and returns is not fetched again": (
        "model/kernels.py",
        "if not indexes or (states[i, 1] == 0 and not stepping):",
        "if not indexes or not stepping:",
    ),
    "the ragged last coordinate does nothing": (
        "model/kernels.py",
        "        n = _push(states, n, rest, ZERO, count)\n    else:",
        "        n = _push(states, n, ZERO, ZERO, count)\n    else:",
    ),
    "the first tile of a loop is counted as a step": (
        "model/kernels.py",
        "max(ZERO, full - 1)",
        "full",
    ),
    "an idle instance forgets its tile": (
        "model/kernels.py",
        "if at > 0 and not _feasible(whole - at * step, loop + 1, dim, loops, count):",
        "if False:",
    ),
    "padding is fetched": ("model/kernels.py", "low, low0 = max(0, low), max(0, low0)", "low, low0 = low, low0"),
    "stride gaps are fetched": (
        "model/kernels.py",
        "if length[row, best] > 1 and strides[best] > reach:",
        "if False:",
    ),
    "a multicast word that every holder had is read again": (
        "model/kernels.py",
        "needed + need",
        "needed + new",
    ),
    "nothing is reused between steps": ("model/kernels.py", "total += after - kept", "total += after"),
    "forwarding is multicast": (
        "model/edges.py",
        'k.FORWARD if network == "forwarding" and not to_macs else k.UNION',
        "k.UNION",
    ),
    "unicast is multicast": ("model/edges.py", 'network == "unicast" or', ""),
    "a reducing network does not add": ("model/edges.py", 'k.FIRST if network == "reduction"', "k.SUM if network"),
    "every network reduces": ("model/edges.py", 'network == "reduction" and not relevant', "not relevant"),
    "MACs have latches": ("model/edges.py", "coords, full=to_macs)\n        for f", "coords)\n        for f"),
    "the first visit of an output is read": (
        "model/edges.py",
        "EdgeCounts(crossing[0] - distinct,",
        "EdgeCounts(crossing[0],",
    ),
    "a partial sum goes back to every child": (
        "model/edges.py",
        "values[folds.group] - distinct",
        "crossing[-1] - distinct",
    ),
    "overlapping output tiles get their sums back": ("model/edges.py", "(1 - merges)", "1"),
    "a returning sum does not cross the network": (
        "model/traffic.py",
        "delivered += words.crossing[side + 1] + words.returned",
        "delivered += words.crossing[side + 1]",
    ),
    "every instance of a reduction group gets the sum back": ("model/traffic.py", "0 if any(inside) else", ""),
    "padding does not move the busiest instance": (
        "model/busiest.py",
        "if not ranks or",
        "if ranks or",
    ),
    "idle instances count as used": (
        "model/traffic.py",
        "k.SUM if f < fanouts else k.FIRST",
        "k.FIRST if f < fanouts else k.FIRST",
    ),
    "drains are forgotten at the ports": (
        "model/traffic.py",
        "words[i].reads + words[i].drains",
        "words[i].reads",
    ),
    "only the first coordinate's tiles are ever held": (
        "model/plan.py",
        "EVER_AS_FIRST = (k.FIRST, k.SUM,",
        "EVER_AS_FIRST = (k.FIRST, k.FIRST,",
    ),
}
RUNNER = """
import pickle, sys
sys.path.insert(0, sys.argv[2])
from strategies import random_case
from accelsim.model.traffic import access_counts
import accelsim
assert accelsim.__file__.startswith(sys.argv[3]), accelsim.__file__
for seed, executed in enumerate(pickle.load(open(sys.argv[1], "rb"))):
    if access_counts(*random_case(seed)) != executed:
        print(f"caught by case {seed}")
        break
else:
    print("survived")
"""


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Executed counts of the first cases, on disk."""
    path = tmp_path_factory.mktemp("executed") / "counts.pickle"
    path.write_bytes(pickle.dumps([execute(*random_case(seed)).counts for seed in range(CASES)]))
    return path


def verdict(package: Path, executed: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", RUNNER, str(executed), str(ROOT / "tests"), str(package)],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    return run.stdout.strip() or run.stderr.strip().splitlines()[-1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("broken", MUTANTS)
def test_a_broken_rule_is_caught(broken: str, executed: Path, tmp_path: Path) -> None:
    name, sound, changed = MUTANTS[broken]
    shutil.copytree(ROOT / "accelsim", tmp_path / "accelsim", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "accelsim" / name
    text = source.read_text()
    assert text.count(sound) == 1, f"{name} must hold {sound!r} once, not {text.count(sound)} times"
    source.write_text(text.replace(sound, changed))
    assert verdict(tmp_path, executed).startswith("caught by case")


@pytest.mark.exhaustive
def test_the_sound_package_survives(executed: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "accelsim", tmp_path / "accelsim", ignore=shutil.ignore_patterns("__pycache__"))
    assert verdict(tmp_path, executed) == "survived"
