"""Conventions: how the field's tools report a count; a tile rule and a linear view over our counts, no second model.

A view gives the accesses that a level is charged for one tensor, as coefficients of reads, fills, updates, drains and
distinct; and the words that a network is charged, as coefficients of sent and delivered. Roles: ``outermost`` (DRAM),
``buffer`` (outside every fan-out), ``register`` (inside one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from accelsim.errors import InputError, nearest
from accelsim.mapping.counts import NetworkCounts, TensorCounts
from accelsim.model.plan import TileRule

Role = Literal["outermost", "buffer", "register"]
SETS = TileRule()
TERMS = ("reads", "fills", "updates", "drains", "distinct")


@dataclass(frozen=True)
class View:
    """Charged accesses: ``read`` at the level's read energy, ``write`` at its write energy; coefficients per TERMS."""

    read: tuple[int, int, int, int, int]
    write: tuple[int, int, int, int, int]

    def accesses(self, row: TensorCounts) -> tuple[int, int]:
        """(read, write) accesses of one tensor at one level, words over all instances."""
        words = row.total
        terms = (words.reads, words.fills, words.updates, words.drains, row.distinct)
        return (
            sum(c * n for c, n in zip(self.read, terms, strict=True) if c),
            sum(c * n for c, n in zip(self.write, terms, strict=True) if c),
        )


@dataclass(frozen=True)
class Convention:
    """A tile rule, a view per role for operands and one for the output, and what the networks are charged.

    ``operand_hops`` / ``output_hops``: coefficients of (sent, delivered).
    ``drop_unreused_registers``: an operand that is read from a register only once per fill costs nothing there.
    """

    name: str
    description: str
    operand: View
    output: View
    tiles: TileRule = SETS
    by_role: tuple[tuple[Role, View, View], ...] = ()
    operand_hops: tuple[int, int] = (0, 1)
    output_hops: tuple[int, int] = (0, 1)
    drop_unreused_registers: bool = False
    source: str = field(default="", compare=False)

    def view(self, role: Role, is_output: bool) -> View:
        for name, operand, output in self.by_role:
            if name == role:
                return output if is_output else operand
        return self.output if is_output else self.operand

    def accesses(self, row: TensorCounts, role: Role, is_output: bool) -> tuple[int, int]:
        """(read, write) accesses that this convention charges for a tensor at a level."""
        reads, writes = self.view(role, is_output).accesses(row)
        if self.drop_unreused_registers and role == "register" and not is_output:
            reused = row.total.reads > row.total.fills
            return reads * reused, writes * reused
        return reads, writes

    def hops(self, row: NetworkCounts, is_output: bool) -> int:
        """Words that this convention charges for a tensor on a network."""
        sent, delivered = self.output_hops if is_output else self.operand_hops
        return sent * row.sent + delivered * row.delivered


_MOVES = View(read=(1, 0, 0, 1, 0), write=(0, 1, 1, 0, 0))
# A partial sum goes back to every child that adds to it, not to one per reduction group: fills = drains - distinct.
_PSUMS_TO_ALL = View(read=(1, 0, 0, 1, 0), write=(0, 0, 1, 1, -1))
_DRAIN_IS_FREE = View(read=(1, 0, 0, 0, 0), write=(0, 0, 1, 1, -1))
_OUTERMOST_OUTPUT = View(read=(1, 0, 0, 0, 0), write=(0, 0, 1, 0, 0))
_READS_ONLY = View(read=(1, 0, 0, 0, 0), write=(0, 0, 0, 0, 0))
_WRITES_ONLY = View(read=(0, 0, 0, 0, 0), write=(0, 0, 1, 0, 0))
_NOTHING = View(read=(0, 0, 0, 0, 0), write=(0, 0, 0, 0, 0))
# The first of all additions to a sum reads it, too: reads + distinct = updates.
_FIRST_READ_TOO = View(read=(1, 0, 0, 1, 1), write=(0, 0, 1, 1, -1))
# Equation 4: each accumulation but the first of a stay is one read and one write; arriving and leaving are not charged.
_ACCUMULATIONS = View(read=(0, 0, 1, -1, 0), write=(0, 0, 1, -1, 0))

OURS = Convention(
    "ours",
    "every word that moves: reads and drains cost a read, fills and updates a write, delivered words a hop",
    _MOVES,
    _MOVES,
)
TIMELOOP = Convention(
    "timeloop",
    "dense boxes, a drain is free, partial sums go back to every child that reduces",
    View(read=(1, 0, 0, 0, 0), write=(0, 1, 0, 0, 0)),
    _DRAIN_IS_FREE,
    TileRule(dense=True, shared_halo=False),
    by_role=(("outermost", _READS_ONLY, _OUTERMOST_OUTPUT),),
    source="timeloop-model, exact mode, commit 4cf6d4c (2025-03-31)",
)
ACCELFORGE = Convention(
    "accelforge",
    "dense boxes, a drain is a read, partial sums go back to every child that reduces, only equal tiles are multicast",
    _MOVES,
    _PSUMS_TO_ALL,
    TileRule(dense=True, shared_halo=False),
    by_role=(("outermost", _MOVES, _OUTERMOST_OUTPUT),),
    source="AccelForge 1.0.467",
)
PAPER = Convention(
    "paper",
    "equations 3 and 4 of ISCA 2016: filling is not charged, a hop per word that a PE receives, no register term "
    "where nothing is reused",
    _READS_ONLY,
    _ACCUMULATIONS,
    by_role=(("outermost", _READS_ONLY, _OUTERMOST_OUTPUT),),
    output_hops=(-1, 1),
    drop_unreused_registers=True,
    source="Chen, Emer, Sze, ISCA 2016, equations 3 and 4",
)
ZIGZAG = Convention(
    "zigzag",
    "dense boxes; partial sums go back to every child that reduces, and in a register the first read of a sum is "
    "charged as well",
    _MOVES,
    _PSUMS_TO_ALL,
    TileRule(dense=True, shared_halo=False),
    by_role=(("outermost", _MOVES, _OUTERMOST_OUTPUT), ("register", _MOVES, _FIRST_READ_TOO)),
    operand_hops=(0, 0),
    output_hops=(0, 0),
    source="ZigZag 3.9.1",
)
SCALESIM = Convention(
    "scalesim",
    "what a systolic array asks of its memories: every word read for it and every sum written, none read back; "
    "registers, fills and networks are free",
    _READS_ONLY,
    _WRITES_ONLY,
    by_role=(("register", _NOTHING, _NOTHING),),
    operand_hops=(0, 0),
    output_hops=(0, 0),
    source="SCALE-Sim 3.0.0",
)
CONVENTIONS = {c.name: c for c in (OURS, TIMELOOP, ACCELFORGE, PAPER, ZIGZAG, SCALESIM)}


def convention(name: str) -> Convention:
    """The convention of that name; raises InputError with the nearest name when there is none."""
    if name not in CONVENTIONS:
        raise InputError(f"no convention '{name}'{nearest(name, tuple(CONVENTIONS))}")
    return CONVENTIONS[name]
