"""The rows of the figures that need reasons: tiles against capacity, and what more of a machine would change."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.report.reasons import Reason
from accelsim.report.rows import Row


def tile_rows(reasons: Sequence[Reason]) -> list[Row]:
    """Words that the largest tile of every tensor takes in every memory of the machines, all buffers together."""
    out: list[Row] = []
    for result, why in reasons:
        for memory in why.memories:
            level = result.architecture.level(memory.level)
            for tensor, words in memory.tiles:
                bits = level.element_bits(result.operation.tensor(tensor).bits)
                out.append(
                    {
                        "machine": result.machine,
                        "layer": result.layer,
                        "memory": f"{memory.level} {memory.partition}".strip(),
                        "tensor": tensor,
                        "tile_words": words,
                        "buffers": level.buffers,
                        "taken_words": words * level.buffers * bits / level.word_bits,
                        "capacity_words": memory.capacity,
                    }
                )
    return out


def sensitivity_rows(reasons: Sequence[Reason]) -> list[Row]:
    """Every change that was searched: what it would buy, and what its lower bound leaves open."""
    return [
        {
            "machine": result.machine,
            "layer": result.layer,
            "objective": why.objective,
            "what": what.what,
            "more": what.more,
            "change_percent": None if what.change is None else 100 * what.change,
            "at_best_percent": 100 * what.at_best,
            "proven": what.is_proven,
        }
        for result, why in reasons
        for what in why.what_ifs
    ]
