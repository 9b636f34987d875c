"""One problem through ZigZag's LOMA mapper; runs inside ZigZag's own environment, not accelsim's.

python peers_zigzag.py '{"machine": "ws16x16", "dims": {"M": 512, "C": 512, "E": 7, "F": 7, "R": 3, "S": 3}}'

The machines are those of ``architectures/`` with the same names.  Prints one JSON object on its last line.  What cannot
be expressed the same: ZigZag proves nothing (it orders loop factors, merged until ``lpf_limit`` are left, over a few
spatial unrollings, which may be fractions of a bound), and it reads an output before its first product, too.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

LETTERS = {"N": "B", "M": "K", "C": "C", "E": "OY", "F": "OX", "R": "FY", "S": "FX"}
WARM_UP = {"M": 8, "C": 6, "E": 4, "F": 4, "R": 2, "S": 2}
OPERANDS = {"I1": ("fh", "tl"), "I2": ("fh", "tl"), "O": ("fh", "tl", "fl", "th")}
WIDTH = 256
"""Words a port can move at once: ZigZag spreads no wider than a port is. Energies are per access of this width."""
MOST_WORDS = 2**34
"""Stands for a memory without limit."""


def memory(words: int, pj: float, operands: tuple[str, ...], shared: bool) -> dict[str, Any]:
    """One memory of 16-bit words with one port for everything; ``shared``: one for the array, otherwise one per PE."""
    port = {
        "name": "rw_port_1",
        "type": "read_write",
        "bandwidth_min": 16,
        "bandwidth_max": 16 * WIDTH,
        "allocation": [f"{operand}, {way}" for operand in operands for way in OPERANDS[operand]],
    }
    return {
        "size": words * 16,
        "r_cost": pj * WIDTH,
        "w_cost": pj * WIDTH,
        "area": 0.0,
        "latency": 1,
        "operands": list(operands),
        "ports": [port],
        "served_dimensions": ["D1", "D2"] if shared else [],
    }


def architecture(machine: str) -> dict[str, Any]:
    """The machine in ZigZag's words, innermost memory first."""
    every = tuple(OPERANDS)
    glb: tuple[str, ...]
    match machine:
        case "ws16x16":
            inside = {"rf": memory(1, 1.0, ("I2",), False)}
            glb, sizes = ("I1", "O"), [16, 16]
        case "eyeriss_like_unified":
            inside = {"rf": memory(256, 1.0, every, False)}
            glb, sizes = every, [14, 12]
        case "eyeriss_like_spads":
            words = {"I1": 12, "I2": 192, "O": 16}
            inside = {f"rf_{operand}": memory(n, 1.0, (operand,), False) for operand, n in words.items()}
            glb, sizes = every, [14, 12]
        case _:
            raise SystemExit(f"machine must be one of the three made-up ones, not '{machine}'")
    outside = {"glb": memory(65536, 6.0, glb, True), "dram": memory(MOST_WORDS, 200.0, every, True)}
    array = {"unit_energy": 1.0, "unit_area": 0.0, "dimensions": ["D1", "D2"], "sizes": sizes}
    return {"name": machine, "memories": {**inside, **outside}, "operational_array": array}


def mapping(machine: str) -> list[dict[str, Any]]:
    """Which dims may be spread on each axis."""
    every = list(LETTERS.values())
    axes = {
        "ws16x16": (["K"], ["C", "FY", "FX"]),
        "eyeriss_like_unified": (every, every),
        "eyeriss_like_spads": (["B", "OY", "OX"], ["C", "FY", "FX"]),
    }[machine]
    hint = dict(zip(("D1", "D2"), axes, strict=True))
    return [{"name": "default", "spatial_mapping_hint": hint, "memory_operand_links": {"O": "O", "W": "I2", "I": "I1"}}]


def workload(dims: dict[str, int], stride: int) -> list[dict[str, Any]]:
    """The convolution or matrix product as one layer without padding."""
    sizes = {LETTERS[dim]: dims.get(dim, 1) for dim in LETTERS}
    layer = {
        "id": 0,
        "operator_type": "Conv",
        "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
        "dimension_relations": [f"ix={stride}*ox+1*fx", f"iy={stride}*oy+1*fy"],
        "loop_dims": list(sizes),
        "loop_sizes": list(sizes.values()),
        "operand_precision": {"I": 16, "W": 16, "O": 16, "O_final": 16},
        "operand_source": {"I": 0, "W": 0},
    }
    return [layer]


def solve(machine: str, dims: dict[str, int], stride: int) -> tuple[float, float]:
    """Energy in pJ of ZigZag's best mapping, and the CPU seconds that it took."""
    from zigzag import api

    # A word that stays at a register's output is charged at every use, as on the other tools' machines.
    stage = api.MainStage
    api.MainStage = lambda **options: stage(**{**options, "access_same_data_considered_as_no_access": False})
    for name, content in (("arch", architecture(machine)), ("mapping", mapping(machine))):
        Path(f"{name}.yaml").write_text(json.dumps(content))
    start = time.process_time()
    try:
        energy, _, _ = api.get_hardware_performance_zigzag(
            workload(dims, stride),
            "arch.yaml",
            "mapping.yaml",
            opt="energy",
            dump_folder=".",
            loma_show_progress_bar=False,
        )
    finally:
        api.MainStage = stage
    return float(energy), time.process_time() - start


def main() -> None:
    problem = json.loads(sys.argv[1])
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        solve(problem["machine"], WARM_UP, 1)
        start_up = time.process_time()
        energy, seconds = solve(problem["machine"], problem["dims"], problem.get("stride", 1))
    answer = {
        "version": version("zigzag-dse"),
        "python": sys.version.split()[0],
        "energy_pj": energy,
        "cpu_seconds": seconds,
        "start_up_seconds": start_up,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
