"""Exact access counts: integers per level and tensor, per network, and per busiest instance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The four words of a memory: ``fills`` arrive from the parent, ``reads`` go to children or MACs (accumulation
    reads included), ``updates`` arrive from children or MACs, ``drains`` go to the parent."""

    reads: int = 0
    fills: int = 0
    updates: int = 0
    drains: int = 0


@dataclass(frozen=True)
class TensorCounts:
    """Counts of one tensor at one level.

    total       over all instances
    busiest     each count in the instance where it is largest
    distinct    elements ever held, summed over instances
    tile_words  largest tile of any instance at any time
    instances   instances in use
    """

    level: str
    tensor: str
    total: Words
    busiest: Words
    distinct: int
    tile_words: int
    instances: int


@dataclass(frozen=True)
class NetworkCounts:
    """Words of one tensor through one fan-out: ``sent`` cross its outer side, ``delivered`` its instances' side.

    Both directions: operands and returning partial sums inwards, drained outputs outwards.
    """

    fanout: str
    tensor: str
    sent: int
    delivered: int


@dataclass(frozen=True)
class PortWords:
    """What passes the ports of the busiest instance of a level: all tensors together, in one instance.

    ``reads`` = reads + drains, ``writes`` = fills + updates, ``both`` = their sum (for a shared port), each in parts of
    a word, ``per_word`` of them; an element counts with the parts that it takes.  1 where every element is a word.
    """

    level: str
    reads: int
    writes: int
    both: int
    per_word: int = 1


@dataclass(frozen=True)
class AccessCounts:
    """All counts of one mapping. ``steps``: time steps in which at least one MAC works (compute cycles)."""

    macs: int
    steps: int
    mac_instances: int
    tensors: tuple[TensorCounts, ...]
    networks: tuple[NetworkCounts, ...]
    ports: tuple[PortWords, ...]

    def at(self, level: str, tensor: str) -> TensorCounts:
        """The counts of a tensor at a level; KeyError when the level does not keep it."""
        for row in self.tensors:
            if (row.level, row.tensor) == (level, tensor):
                return row
        raise KeyError((level, tensor))
