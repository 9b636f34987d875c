"""An operation is an iteration space and tensors with affine projections: all that the model sees of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Literal

from accelsim.errors import InputError

INPUTS, WEIGHTS, OUTPUTS = "inputs", "weights", "outputs"
ROWS = "rows"
"""The rows of a table that an embedding fetches."""


@dataclass(frozen=True)
class Term:
    """``stride`` x dim, one summand of a tensor index."""

    dim: str
    stride: int = 1


@dataclass(frozen=True)
class Rank:
    """One index of a tensor: ``offset + sum of stride x dim``, data where ``0 <= index < size``.

    An index outside the size is padding: it multiplies as zero and is never fetched.
    """

    terms: tuple[Term, ...]
    size: int
    offset: int = 0

    def span(self, bounds: dict[str, int]) -> tuple[int, int]:
        """Smallest and largest index that the iteration space reaches, before clipping."""
        high = self.offset + sum(t.stride * (bounds[t.dim] - 1) for t in self.terms)
        return self.offset, high


@dataclass(frozen=True)
class Tensor:
    """A tensor by its name and ranks; ``bits`` is the width of an element, or None for the machine's word."""

    name: str
    ranks: tuple[Rank, ...]
    bits: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(rank.size for rank in self.ranks)

    @property
    def words(self) -> int:
        """Elements of the whole tensor."""
        return prod(self.shape)

    @cached_property
    def dims(self) -> frozenset[str]:
        """The dims that move the index; all others are irrelevant to (reuse) this tensor."""
        return frozenset(t.dim for rank in self.ranks for t in rank.terms)


@dataclass(frozen=True)
class Operation:
    """Iteration space (``bounds``, in a fixed order) and tensors; the last tensor is the output.

    ``kind`` is ``mac`` (one multiply-accumulate per point) or ``vector`` (pooling, elementwise and kin:
    one operation per point, streamed DRAM -> buffer -> vector unit, no dataflow).

    Raises InputError when a bound is not positive, a term names an unknown dim, or a stride is not positive.
    """

    name: str
    bounds: tuple[tuple[str, int], ...]
    tensors: tuple[Tensor, ...]
    kind: Literal["mac", "vector"] = "mac"

    def __post_init__(self) -> None:
        known = {dim for dim, _ in self.bounds}
        for dim, bound in self.bounds:
            if bound < 1:
                raise InputError(f"{self.name}: {dim} must be at least 1, not {bound}")
        for tensor in self.tensors:
            for term in (t for rank in tensor.ranks for t in rank.terms):
                if term.dim not in known:
                    raise InputError(f"{self.name}: tensor '{tensor.name}' uses dim '{term.dim}', which has no bound")
                if term.stride < 1:
                    raise InputError(
                        f"{self.name}: stride of {term.dim} in '{tensor.name}' must be at least 1, not {term.stride}"
                    )

    @cached_property
    def extents(self) -> dict[str, int]:
        """Bounds as a dict, dim -> extent."""
        return dict(self.bounds)

    @property
    def dims(self) -> tuple[str, ...]:
        return tuple(dim for dim, _ in self.bounds)

    @property
    def output(self) -> Tensor:
        return self.tensors[-1]

    @property
    def operands(self) -> tuple[Tensor, ...]:
        """The tensors that are read only."""
        return self.tensors[:-1]

    @property
    def points(self) -> int:
        """Points of the iteration space: MACs of a ``mac`` operation, operations of a ``vector`` one."""
        return prod(bound for _, bound in self.bounds)

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included (as every published MAC count does)."""
        return self.points if self.kind == "mac" else 0

    def tensor(self, name: str) -> Tensor:
        """The tensor of that name; raises InputError when there is none."""
        for tensor in self.tensors:
            if tensor.name == name:
                return tensor
        names = ", ".join(t.name for t in self.tensors)
        raise InputError(f"{self.name}: no tensor '{name}'; it has {names}")
