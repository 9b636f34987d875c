"""SCALE-Sim's configuration files: the array, its SRAMs and how its bandwidth is meant."""

from __future__ import annotations

from configparser import ConfigParser, Error
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from accelsim.architecture.spec import Architecture
from accelsim.architecture.systolic import ArrayDataflow, SystolicArray
from accelsim.errors import InputError, nearest
from accelsim.files import read_text

_PRESETS = "architecture_presets"


@dataclass(frozen=True)
class ScalesimConfig:
    """``*_sram_kib``: sizes of the double-buffered SRAMs in KiB of one-byte words. ``bandwidth_mode``: CALC (no stalls)
    or USER (SCALE-Sim stalls at a stated bandwidth)."""

    name: str
    array: SystolicArray
    ifmap_sram_kib: int
    filter_sram_kib: int
    ofmap_sram_kib: int
    bandwidth_mode: str


def as_scalesim_config(architecture: Architecture) -> ScalesimConfig:
    """The array of a machine, and as SRAMs what its level nearest to the array holds of each tensor.

    Raises InputError for a machine whose array SCALE-Sim has not.
    """
    array = architecture.systolic
    if array is None or array.dataflow == "rs":
        what = "none" if array is None else "a row-stationary one"
        raise InputError(f"{architecture.name}: SCALE-Sim needs a machine with a ws, is or os array, not {what}")
    inputs, weights, outputs = (_sram_kib(architecture, tensor) for tensor in ("inputs", "weights", "outputs"))
    return ScalesimConfig(architecture.name, replace(array, double_buffered=False), inputs, weights, outputs, "CALC")


def _sram_kib(architecture: Architecture, tensor: str) -> int:
    """KiB beside the array for a tensor; without a bound 1 GiB, which no layer fills."""
    for level in reversed(architecture.levels[1:]):
        words = dict(level.tensor_capacity_words).get(tensor, level.capacity_words)
        if architecture.fanouts_above[level.name] == 0 and level.keep(tensor) != "not" and words is not None:
            return max(1, words * level.word_bits // 8 // 1024)
    return 2**20


def load_scalesim_config(path: str) -> ScalesimConfig:
    """The configuration of a file; raises InputError naming the section and field that is missing or wrong."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(Path(path)))
    except Error as error:
        raise InputError(f"{path}: must be a SCALE-Sim configuration: {' '.join(str(error).split())}") from None

    def field(section: str, name: str) -> str:
        if not parser.has_section(section):
            raise InputError(f"{path}: must have a section [{section}]{nearest(section, parser.sections())}")
        if not parser.has_option(section, name):
            raise InputError(f"{path}: [{section}] must have a field {name}{nearest(name, parser.options(section))}")
        return parser.get(section, name).strip()

    def number(name: str) -> int:
        text = field(_PRESETS, name)
        if not (text.isascii() and text.isdigit()) or not 1 <= len(text) <= 9 or int(text) < 1:
            raise InputError(f"{path}: [{_PRESETS}] {name} must be a whole number of at least 1, not '{text}'")
        return int(text)

    dataflow = field(_PRESETS, "Dataflow")
    if dataflow not in ("os", "ws", "is"):
        raise InputError(f"{path}: [{_PRESETS}] Dataflow must be one of os, ws, is, not '{dataflow}'")
    mode = field("run_presets", "InterfaceBandwidth")
    if mode not in ("CALC", "USER"):
        raise InputError(f"{path}: [run_presets] InterfaceBandwidth must be CALC or USER, not '{mode}'")
    if parser.get("sparsity", "SparsitySupport", fallback="false").strip().lower() == "true":
        raise InputError(f"{path}: [sparsity] SparsitySupport must be false, not true")
    array = SystolicArray(number("ArrayHeight"), number("ArrayWidth"), cast(ArrayDataflow, dataflow))
    sizes = [number(f"{what}SramSzkB") for what in ("Ifmap", "Filter", "Ofmap")]
    return ScalesimConfig(field("general", "run_name"), array, sizes[0], sizes[1], sizes[2], mode)
