"""Mappings recorded from AccelForge and from an independent search, as our nests; data: published/accelforge/runs.json.

The recorded nests are in AccelForge's own notation; below they are in the compact one of the data file.
"""

from __future__ import annotations

import re
from typing import Any

from accelsim.mapping.nest import Mapping, Node, Spatial, Storage, Temporal
from accelsim.validation.data import published_json
from accelsim.workload.layer import Convolution, MatrixProduct
from accelsim.workload.operation import Operation


def records() -> dict[str, Any]:
    """``accelforge``: its own runs; ``independent``: optima of a search that is neither AccelForge's nor ours."""
    data: dict[str, Any] = published_json("accelforge/runs.json")
    return data


TENSORS = {"I": "inputs", "W": "weights", "O": "outputs"}
LAYERS = {
    "AlexNet CONV2": Convolution("conv2", M=192, C=64, H=31, R=5, E=27),
    "ResNet-18 layer4 3x3": Convolution("layer4", M=512, C=512, H=9, R=3, E=7),
    "matrix product": MatrixProduct("mm", M=4096, K=4096, N=4096),
    "ResNet-18 layer4 downsample": Convolution("down", M=512, C=256, H=13, R=1, U=(2, 2), E=7),
}
RECORDED_NESTS = {
    "ws3_a2_energy": "[DRAM WOI] c2 [GLB I] m12 [GLB O] c2 r5 s5 par-c16 par-m16 [RF W] e27 f27 MAC",
    "ws3_l4_energy": "[DRAM WOI] [GLB I] m32 [GLB O] c32 r3 s3 par-c16 par-m16 [RF W] e7 f7 MAC",
    "ws3_l4_edp": "[DRAM WOI] [GLB I] m32 [GLB O] c32 r3 s3 par-c16 par-m16 [RF W] e7 f7 MAC",
    "e3uni_mm4096_energy": "[DRAM OWI] n16 m16 [GLB O] c128 par-n8 par-n4x par-c2x "
    "[RF I] m256 [RF W] n8 [RF O] c16 MAC",
}
PROBLEMS = {"ws3_a2": "AlexNet CONV2", "ws3_l4": "ResNet-18 layer4 3x3", "e3uni": "matrix product"}
AXES = {
    "ws16x16": {"M": "X", "C": "Y"},
    "eyeriss_like_spads": {"F": "X", "E": "X", "C": "Y", "S": "Y", "R": "Y"},
    "eyeriss_like_unified": {"N": "Y", "C": "X"},
}


def nest(operation: Operation, text: str, axes: dict[str, str]) -> Mapping:
    """Read the compact notation; a trailing x puts a spatial loop on axis X whatever its dim."""
    left, nodes = dict(operation.bounds), list[Node]()
    for word in re.findall(r"\[[^\]]*\]|\S+", text.removesuffix(" MAC")):
        if word.startswith("["):
            level, tensors = word[1:-1].split()
            nodes += [Storage(level, TENSORS[t]) for t in tensors]
            continue
        letter, count, forced = re.findall(r"^(?:par-)?([a-z])(\d+)(x?)$", word)[0]
        dim = letter.upper()
        left[dim] //= int(count)
        axis = "X" if forced else axes.get(dim, "")
        nodes.append(Spatial(dim, left[dim], axis) if word.startswith("par-") else Temporal(dim, left[dim]))
    return Mapping.of(operation, nodes)


def layer_of(problem: str) -> Operation:
    key = next(name for name in LAYERS if problem.startswith(name))
    return LAYERS[key].operation()


def recorded(record: dict[str, Any]) -> tuple[Operation, Mapping]:
    problem = next(name for start, name in PROBLEMS.items() if record["name"].startswith(start))
    operation = layer_of(problem)
    return operation, nest(operation, RECORDED_NESTS[record["name"]], AXES[record["machine"]])


def independent(record: dict[str, Any]) -> tuple[Operation, Mapping]:
    operation = layer_of(record["problem"])
    # The recorded 32 columns are 8 x 4 on the two axes of the 12 x 14 array.
    text = record["mapping"].replace("par-n32 par-c2", "par-n8 par-n4x par-c2")
    return operation, nest(operation, text, AXES[record["machine"]])
