"""One problem through AccelForge's mapper; runs inside AccelForge's own environment, not accelsim's.

python peers_accelforge.py '{"machine": "ws16x16", "dims": {"M": 512, "C": 512, "E": 7, "F": 7, "R": 3, "S": 3}}'

The machines are those of ``architectures/`` with the same names.  Prints one JSON object on its last line.  What cannot
be expressed the same: AccelForge stacks the scratchpads of a PE in a fixed order, reads the overlap of the input tiles
of neighbouring PEs once per PE, and refetches a tile at every loop above it that is not directly above.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

WARM_UP = {"N": 4, "M": 8, "C": 6}
QUIET = "leak_power: 0, area: 0"
FREE = {"X": "Nothing", "Y": "Nothing"}


def memory(name: str, bits: str, tensors: str, pj: int, words_per_cycle: str) -> str:
    """One memory of 16-bit words at 200 MHz; reads and writes cost and last the same."""
    action = f"energy: {pj}e-12, bits_per_action: 16, throughput: {words_per_cycle}"
    actions = f"[{{name: read, {action}}}, {{name: write, {action}}}]"
    return f"  - !Memory {{name: {name}, size: {bits}, {QUIET}, tensors: {tensors}, actions: {actions}}}"


def array(x: int, y: int, stays: dict[str, str], min_usage: int) -> str:
    """Two axes; along each, only dims irrelevant to the tensor that stays may be spread."""
    axes = [
        f"{{name: {axis}, fanout: {size}, reuse: {stays[axis]}, may_reuse: All, min_usage: {min_usage}}}"
        for axis, size in (("X", x), ("Y", y))
    ]
    return f"  - !Container {{name: PE, spatial: [{', '.join(axes)}]}}"


def architecture(machine: str) -> str:
    """The machine in AccelForge's words."""
    glb = "{keep: input | output}" if machine == "ws16x16" else "{may_keep: All}"
    above = [
        memory("DRAM", "inf", "{keep: ~Intermediates, may_keep: All}", 200, "4 * 200e6"),
        memory("GLB", "128 * 1024 * 8", glb, 6, "16 * 200e6"),
    ]
    match machine:
        case "ws16x16":
            inside = [
                array(16, 16, {"X": "input", "Y": "output"}, 0),
                memory("RF", "16", "{keep: weight}", 1, "inf"),
            ]
        case "eyeriss_like_unified":
            inside = [array(14, 12, FREE, 0), memory("RF", "512 * 8", "{keep: All}", 1, "inf")]
        case "eyeriss_like_spads":
            words = {"input": 12, "weight": 192, "output": 16}
            inside = [array(14, 12, {"X": "weight", "Y": "output"}, 1)]
            inside += [memory(f"RF_{t}", f"{n} * 16", f"{{keep: {t}}}", 1, "inf") for t, n in words.items()]
        case _:
            raise SystemExit(f"machine must be one of the three made-up ones, not '{machine}'")
    mac = f"  - !Compute {{name: MAC, {QUIET}, actions: [{{name: compute, energy: 1e-12, throughput: 200e6}}]}}"
    return "\n".join(["arch:", "  nodes:", *above, *inside, mac, ""])


def workload(dims: dict[str, int], stride: int) -> str:
    """The convolution or matrix product; dims of one element are left out."""
    ranks = {dim: dim.lower() for dim, n in dims.items() if n > 1}
    step = f"{stride} * " if stride > 1 else ""

    def projection(*axes: tuple[str, ...]) -> str:
        parts = []
        for axis in axes:
            terms = [(step if dim in "EF" and len(axis) > 1 else "") + ranks[dim] for dim in axis if dim in ranks]
            if terms:
                parts.append(f"{axis[0]}: {' + '.join(terms)}")
        return f"{{{', '.join(parts)}}}"

    accesses = (
        ("inputs", projection(("N",), ("C",), ("E", "R"), ("F", "S")), ""),
        ("weights", projection(("M",), ("C",), ("R",), ("S",)), ""),
        ("outputs", projection(("N",), ("M",), ("E",), ("F",)), ", output: true"),
    )
    lines = ["workload:", "  iteration_space_shape:"]
    lines += [f"    {rank}: 0 <= {rank} < {dims[dim]}" for dim, rank in ranks.items()]
    lines += ["  bits_per_value: {All: 16}", "  einsums:", "  - name: Layer", "    tensor_accesses:"]
    lines += [f"    - {{name: {name}, projection: {axes}{output}}}" for name, axes, output in accesses]
    return "\n".join([*lines, "    renames: {input: inputs, weight: weights, output: outputs}", ""])


def solve(machine: str, dims: dict[str, int], stride: int) -> tuple[float, float]:
    """Energy in pJ of AccelForge's best mapping, and the CPU seconds that it took."""
    import accelforge
    from accelforge.frontend.mapper.metrics import Metrics
    from accelforge.mapper.FFM.main import map_workload_to_arch

    accelforge.set_n_parallel_jobs(1)
    Path("arch.yaml").write_text(architecture(machine))
    Path("workload.yaml").write_text(workload(dims, stride))
    start = time.process_time()
    spec = accelforge.Spec.from_yaml("arch.yaml", "workload.yaml")
    spec.mapper.metrics = Metrics.ENERGY
    # The detailed evaluation afterwards draws the mapping with Graphviz, which need not be there.
    found = map_workload_to_arch(spec, print_progress=False, eval_in_detail=False)
    joules = float(found.data["Total<SEP>energy"].min())
    return joules * 1e12, time.process_time() - start


def main() -> None:
    problem = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        solve(problem["machine"], WARM_UP, 1)
        start_up = time.process_time()
        energy, seconds = solve(problem["machine"], problem["dims"], problem.get("stride", 1))
    answer = {
        "version": version("accelforge"),
        "python": sys.version.split()[0],
        "energy_pj": energy,
        "cpu_seconds": seconds,
        "start_up_seconds": start_up,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
