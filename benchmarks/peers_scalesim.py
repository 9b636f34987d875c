"""SCALE-Sim beside accelsim's closed form on layers of ResNet-50: CPU seconds of both, and whether the figures agree.

python benchmarks/peers_scalesim.py [--layers conv4_1_3x3,conv5_1_3x3] [--all] [--array 32] [--dataflow ws]

SCALE-Sim 3.0.0 is installed into ``~/.cache/accelsim-peers/scalesim`` on first use (``pip install scalesim
"numpy<2.4"``) and run there on files that accelsim reads as well, in its mode without stalls. Its CPU seconds are those
of the process less those of importing; accelsim's those of one layer's SCALE-Sim figures, and of its cycles alone.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from accelsim.architecture.scalesim import load_scalesim_config
from accelsim.architecture.systolic import SystolicArray
from accelsim.model.array_time import array_time
from accelsim.model.scalesim import scalesim_figures
from accelsim.workload.scalesim import ScalesimLayer, load_topology

HOME = Path(os.environ.get("ACCELSIM_PEERS", Path.home() / ".cache" / "accelsim-peers")) / "scalesim"
REQUIRED = ("scalesim==3.0.0", "numpy<2.4")
HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
# He et al., CVPR 2016, one layer of every kind; planes with their padding, as SCALE-Sim has none.
RESNET50 = """conv1, 230, 230, 7, 7, 3, 64, 2
conv2_1x1a, 56, 56, 1, 1, 64, 64, 1
conv2_3x3, 58, 58, 3, 3, 64, 64, 1
conv2_1x1b, 56, 56, 1, 1, 64, 256, 1
conv3_1x1a, 56, 56, 1, 1, 256, 128, 2
conv3_3x3, 30, 30, 3, 3, 128, 128, 1
conv3_1x1b, 28, 28, 1, 1, 128, 512, 1
conv4_1x1a, 28, 28, 1, 1, 512, 256, 2
conv4_3x3, 16, 16, 3, 3, 256, 256, 1
conv4_1x1b, 14, 14, 1, 1, 256, 1024, 1
conv5_1x1a, 14, 14, 1, 1, 1024, 512, 2
conv5_3x3, 9, 9, 3, 3, 512, 512, 1
conv5_1x1b, 7, 7, 1, 1, 512, 2048, 1
fc1000, 1, 1, 1, 1, 2048, 1000, 1""".splitlines()
QUICK = ("conv4_1x1b", "conv5_3x3", "conv5_1x1b", "fc1000")
CONFIG = """[general]
run_name = resnet50
[architecture_presets]
ArrayHeight: {size}
ArrayWidth: {size}
IfmapSramSzkB: 1024
FilterSramSzkB: 1024
OfmapSramSzkB: 1024
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth : 10
Dataflow : {dataflow}
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport : false
SparseRep : ellpack_block
OptimizedMapping : false
BlockSize : 8
RandomNumberGeneratorSeed : 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""
RUN = (
    "import sys, time; from scalesim.scale_sim import scalesim; start = time.process_time();"
    "s = scalesim(save_disk_space=True, verbose=False, config='run.cfg', topology='topology.csv', layout='layout.csv');"
    "s.run_scale(top_path='.'); print('SECONDS', time.process_time() - start)"
)
LAYOUT = (
    "Layer name," + ",".join(f"d{i}" for i in range(24)) + ",\n{name}," + ",".join(["1"] * 24) + ",\n"
)  # read but not used without a custom layout


def python() -> Path:
    """The interpreter of SCALE-Sim's own environment, made on first use."""
    found = HOME / "bin" / "python"
    if not found.exists():
        venv.create(HOME, with_pip=True)
        subprocess.run([found, "-m", "pip", "install", "--quiet", *REQUIRED], check=True, capture_output=True)
    return found


def theirs(row: str, config: str) -> tuple[float, int]:
    """CPU seconds of SCALE-Sim on one layer, and its total cycles."""
    with tempfile.TemporaryDirectory() as folder:
        name = row.split(",")[0]
        Path(folder, "run.cfg").write_text(config)
        Path(folder, "topology.csv").write_text(f"{HEADER}\n{row},\n")
        Path(folder, "layout.csv").write_text(LAYOUT.format(name=name))
        done = subprocess.run([python(), "-c", RUN], cwd=folder, capture_output=True, text=True)
        seconds = re.search(r"SECONDS ([0-9.]+)", done.stdout)
        if seconds is None:
            raise SystemExit(f"SCALE-Sim failed on {name}: {done.stderr.strip().splitlines()[-1:]}")
        report = next(Path(folder).rglob("COMPUTE_REPORT.csv"))
        (line,) = list(csv.DictReader(report.open(), skipinitialspace=True))
        return float(seconds[1]), int(float(line["Total Cycles"]))


def ours(row: str, config: str) -> tuple[ScalesimLayer, SystolicArray, float, float, int]:
    """The layer, the array, CPU seconds of all figures and of the cycles alone, and SCALE-Sim's total cycles."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "run.cfg").write_text(config)
        Path(folder, "topology.csv").write_text(f"{HEADER}\n{row},\n")
        loaded = load_scalesim_config(f"{folder}/run.cfg")
        (layer,) = load_topology(f"{folder}/topology.csv")
    operation = layer.operation()
    figures = seconds_of(lambda: scalesim_figures(layer, loaded))
    cycles = seconds_of(lambda: array_time(operation, loaded.array))
    return layer, loaded.array, figures, cycles, scalesim_figures(layer, loaded).total_cycles


def seconds_of(call: Callable[[], object]) -> float:
    """CPU seconds of one call, from as many as take a tenth of a second; the first one is not counted."""
    call()
    start, n = time.process_time(), 0
    while time.process_time() - start < 0.1:
        call()
        n += 1
    return (time.process_time() - start) / n


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--layers", default=",".join(QUICK))
    options.add_argument("--all", action="store_true", help="every kind of layer; SCALE-Sim takes many minutes")
    options.add_argument("--array", type=int, default=32)
    options.add_argument("--dataflow", default="ws", choices=("os", "ws", "is"))
    given = options.parse_args()
    names = given.layers.split(",")
    rows = [row for row in RESNET50 if given.all or row.split(",")[0] in names]
    config = CONFIG.format(size=given.array, dataflow=given.dataflow)
    print(f"ResNet-50 on {given.array} x {given.array} {given.dataflow}, CPU seconds of one layer")
    titles = ("cycles", "equal", "SCALE-Sim", "figures", "ratio", "cycles only", "ratio")
    print(f"{'layer':<12}" + "".join(f"{title:>13}" for title in titles), flush=True)
    for row in rows:
        _, _, figures, alone, cycles = ours(row, config)
        seconds, reported = theirs(row, config)
        same = "yes" if reported == cycles else "NO"
        print(
            f"{row.split(',')[0]:<12}{cycles:>13,}{same:>13}{seconds:>13.3f}{figures:>13.2e}"
            f"{seconds / figures:>13,.0f}{alone:>13.2e}{seconds / alone:>13,.0f}",
            flush=True,
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"SCALE-Sim's memory at most {peak:,.0f} MiB; Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main()
