"""The columns of a study's table: axes, what the machine is, what the network costs on it, and what is derived.

pes                  MAC units
area_mm2             of the machine, where its file states areas
storage_bytes        of all memories but the outermost
storage_area_bytes   the same memories as bytes of a large buffer that takes their area (ISCA 2016, Fig. 7a)
energy               of one run of the network, in ``energy_unit`` (pJ, or MAC where one MAC is 1); ``latency_s`` in
                     seconds; ``edp`` their product; energy_at_X in component X, energy_of_T of tensor T
gap                  1 - (sum of the layers' lower bounds) / (sum of what was found), of the objective
worst_gap            of a layer
search_seconds       what the searches took when they were first made: the one column that is not reproducible
"""

from __future__ import annotations

from fractions import Fraction

from accelsim.architecture.spec import Architecture
from accelsim.architecture.technology import memory_area
from accelsim.errors import InputError
from accelsim.model.latency import area_um2

MACHINE_COLUMNS = ("pes", "clock_mhz", "area_mm2", "storage_bytes", "storage_area_bytes")
COST_COLUMNS = (
    *("layers", "mapped", "proven", "macs", "energy_unit", "energy", "energy_per_mac", "cycles", "latency_s", "edp"),
    *("tops", "utilization", "dram_words", "dram_bytes", "dram_words_per_mac", "gap", "worst_gap"),
    *("vector_operations", "vector_energy", "vector_cycles", "vector_dram_words"),
)
STATUS_COLUMNS = ("status", "reason")
TIMING_COLUMNS = ("search_seconds",)
KEY_COLUMNS = ("point", "network")
FIXED = (*KEY_COLUMNS, *STATUS_COLUMNS, *MACHINE_COLUMNS, *COST_COLUMNS, *TIMING_COLUMNS, "model_version", "key")
PER_WORK = ("energy_per_mac", "tops", "utilization", "dram_words_per_mac")
"""Columns in which more work is not more, so that batches and phases may be compared."""
SHORT = {"latency": "latency_s", "time": "latency_s", "area": "area_mm2", "delay": "latency_s"}
"""What people call a column."""
PREFIXES = ("energy_at_", "energy_of_")


def machine_columns(machine: Architecture) -> dict[str, int | float | None]:
    """What the machine is."""
    area = area_um2(machine)
    sizes = [
        (machine.level_instances(level.name), Fraction(words * level.word_bits, 8))
        for level in machine.levels[1:]
        for words in (level.capacity_words, *(held for _, held in level.tensor_capacity_words))
        if words is not None
    ]
    return {
        "pes": machine.mac_units,
        "clock_mhz": machine.clock_mhz,
        "area_mm2": None if area is None else area / 1e6,
        "storage_bytes": _number(sum((count * size for count, size in sizes), Fraction(0))),
        "storage_area_bytes": _area(sizes),
    }


def _area(sizes: list[tuple[int, Fraction]]) -> int | float | None:
    """None where a memory is smaller than the smallest whose area is known."""
    try:
        return _number(sum((count * memory_area(size) for count, size in sizes), Fraction(0)))
    except InputError:
        return None


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
