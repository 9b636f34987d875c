"""The counts of a nest as folds over tables: what must be summed, before any step is known.

A plan is made once for an operation, a machine and the order of nodes; ``steps`` come later, one mapping or millions.
Each fold is a product over groups (the ranks of a tensor, and each dim that does not index it), see kernels.fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from accelsim.architecture.spec import Architecture
from accelsim.errors import MappingError
from accelsim.mapping.nest import Loop, Node, Spatial, Storage
from accelsim.model import kernels as k
from accelsim.workload.operation import Operation, Rank, Tensor

# Per mode (TEMPORAL, SUM, UNION, FORWARD, FIRST, FIXED), what it comes to for a group of one dim.
MERGED_AS_SUM = (k.TEMPORAL, k.SUM, k.SUM, k.SUM, k.FIRST, k.FIXED)
MERGED_AS_FIRST = (k.TEMPORAL, k.SUM, k.FIRST, k.FIRST, k.FIRST, k.FIXED)
EVER_AS_FIRST = (k.FIRST, k.SUM, k.FIRST, k.FIRST, k.FIRST, k.FIXED)
# For a window: all that it holds at any time, as if it were held at once.
EVER_AS_UNION = (k.UNION, k.SUM, k.UNION, k.FIRST, k.FIRST, k.FIXED)
NO_VARIANTS = np.zeros((1, 1), np.int64)
NO_TENSOR = Tensor("", ())
"""Indexed by no dim: its sums count positions."""


class TileRule(NamedTuple):
    """How a tile is counted. ``dense``: an operand's window is its bounding box, stride gaps included.
    ``shared_halo``: a multicast network reads the overlap of different tiles once (else only equal tiles)."""

    dense: bool = False
    shared_halo: bool = True


def uncountable(operation: Operation, tensor: Tensor) -> MappingError:
    """What is said of a tensor whose words have no closed form."""
    return MappingError(
        f"{operation.name}: a dim of '{tensor.name}' indexes two ranks, or a rank has more than "
        f"{k.DIMS} dims; the closed form must not count it, execute it instead"
    )


@dataclass(frozen=True)
class Group:
    """Dims whose positions decide one factor of a fold: a rank of the tensor, or one dim that does not index it."""

    kind: int
    index: int
    dims: tuple[int, ...]


@dataclass(frozen=True)
class Edge:
    """A storage node (positions in the nest) and what it feeds: ``child`` None means the MACs."""

    tensor: Tensor
    level: str
    loops_above: int
    child: str | None
    child_loops: int


class Plan:
    """Tables and folds of one template. ``fold(...)`` asks for a sum and returns its column in the results."""

    def __init__(
        self, operation: Operation, architecture: Architecture, template: tuple[Node, ...], rule: TileRule
    ) -> None:
        self.operation, self.architecture, self.rule = operation, architecture, rule
        self.loops: tuple[Loop, ...] = tuple(n for n in template if not isinstance(n, Storage))
        self.dim_index = {dim: i for i, dim in enumerate(operation.dims)}
        self.loop_dim = [self.dim_index[loop.dim] for loop in self.loops]
        fanout = architecture.fanout_of_axis
        self.loop_fanout = [fanout[loop.axis] if isinstance(loop, Spatial) else -1 for loop in self.loops]
        self.ranks: list[Rank] = []
        self.dense: list[bool] = []
        self.groups = {t.name: self._groups(t) for t in (*operation.tensors, NO_TENSOR)}
        self.edges = self._edges(template)
        self._tables: dict[tuple[Any, ...], int] = {}
        self._prefixes: dict[tuple[tuple[int, ...], int], tuple[int, ...]] = {}
        self._folds: dict[tuple[Any, ...], int] = {}
        self._fold_rows: list[tuple[tuple[int, ...], bool, tuple[int, ...]]] = []

    def _groups(self, tensor: Tensor) -> tuple[Group, ...]:
        seen: set[str] = set()
        groups = []
        dense = self.rule.dense and tensor is not self.operation.output
        for rank in tensor.ranks:
            terms = [t for t in rank.terms if self.operation.extents[t.dim] > 1]
            names = [t.dim for t in terms]
            if len(terms) > k.DIMS or seen & set(names) or len(set(names)) < len(names):
                raise uncountable(self.operation, tensor)
            seen |= set(names)
            low, high = rank.span(self.operation.extents)
            dims = tuple(self.dim_index[d] for d in names)
            plain = len(terms) == 1 and low >= 0 and high < rank.size and not (dense and terms[0].stride > 1)
            if plain:
                groups.append(Group(k.CHAIN, dims[0], dims))
            elif terms or low < 0 or high >= rank.size:
                self.ranks.append(Rank(tuple(terms), rank.size, rank.offset))
                self.dense.append(dense)
                groups.append(Group(k.WINDOW, len(self.ranks) - 1, dims))
        for dim, index in self.dim_index.items():
            if dim not in seen and self.operation.extents[dim] > 1:
                groups.append(Group(k.REUSE, index, (index,)))
        return tuple(groups)

    def _edges(self, template: tuple[Node, ...]) -> tuple[Edge, ...]:
        edges = []
        for tensor in self.operation.tensors:
            above, chain = 0, []
            for node in template:
                if not isinstance(node, Storage):
                    above += 1
                elif node.tensor == tensor.name:
                    chain.append((node.level, above))
            for i, (level, loops_above) in enumerate(chain):
                child = chain[i + 1] if i + 1 < len(chain) else (None, len(self.loops))
                edges.append(Edge(tensor, level, loops_above, child[0], child[1]))
        return tuple(edges)

    def fold(
        self,
        tensor: Tensor,
        modes: tuple[int, ...],
        coords: tuple[int, ...] = (),
        *,
        full: bool = False,
        cover: bool = False,
        only: Group | None = None,
    ) -> int:
        """Column of the sum over the positions of the first ``len(modes)`` loops, with a mode per loop.

        ``full``: sum of |set| over all positions, nothing is held from step to step. ``cover``: everything ever held.
        ``only``: one group instead of all.
        """
        key = (tensor.name, modes, coords, full, cover, only)
        if key in self._folds:
            return self._folds[key]
        looped = {self.loop_dim[i] for i in range(len(modes))}
        groups = self.groups[tensor.name] if only is None else (only,)
        groups = tuple(g for g in groups if g.kind != k.REUSE or g.index in looped)  # without loops its factor is 1
        tables = tuple(self._table(g, modes, coords, full, cover) for g in groups)
        owner = {dim: position for position, g in enumerate(groups) for dim in g.dims}
        steppers = tuple(
            owner[self.loop_dim[i]] for i, mode in enumerate(modes) if mode == k.TEMPORAL and self.loop_dim[i] in owner
        )
        self._fold_rows.append((tables, full or cover, steppers))
        self._folds[key] = len(self._fold_rows) - 1
        for made in ("arrays", "columns"):
            self.__dict__.pop(made, None)
        return self._folds[key]

    def _table(self, group: Group, modes: tuple[int, ...], coords: tuple[int, ...], full: bool, cover: bool) -> int:
        loops = self._loops_above(group.dims, len(modes))
        kind, own = group.kind, tuple([modes[i] for i in loops])
        if kind == k.CHAIN:  # tiles of one dim never overlap: the union of their sets is their sum
            own = tuple([MERGED_AS_SUM[m] for m in own])
        elif kind == k.REUSE:  # all coordinates hold the same: one of them stands for the union, and for all time
            own = tuple([(EVER_AS_FIRST if cover else MERGED_AS_FIRST)[m] for m in own])
        elif cover:
            own = tuple([EVER_AS_UNION[m] for m in own])
        fixed = tuple([coords[i] for i in loops]) if k.FIXED in own else None
        key = (kind, group.index, loops, own, fixed, full or cover)
        return self._tables.setdefault(key, len(self._tables))

    def _loops_above(self, dims: tuple[int, ...], count: int) -> tuple[int, ...]:
        """The loops over these dims among the first ``count``."""
        key = (dims, count)
        if key not in self._prefixes:
            self._prefixes[key] = tuple(i for i in range(count) if self.loop_dim[i] in dims)
        return self._prefixes[key]

    @cached_property
    def arrays(self) -> dict[str, Any]:
        """The plan as the kernels take it: of its tables and of its folds; temporal loops per table; entries of a row.
        Written into: ``scratch`` of fill_tables (loops; bounds and strides of a window; per dim the step of the loop
        outside; and two multisets of tile lengths), its ``room`` (kernels.room_for), and two rows per group of a fold.
        """
        keys = list(self._tables)
        widest = max([1, *(len(key[2]) for key in keys)])
        loops, modes, coords = (np.zeros((len(keys), widest), np.int64) for _ in range(3))
        for row, (_, _, own, own_modes, own_coords, _) in enumerate(keys):
            loops[row, : len(own)], modes[row, : len(own_modes)] = own, own_modes
            if own_coords is not None:
                coords[row, : len(own_coords)] = own_coords
        groups = max([1, *(len(tables_of) for tables_of, _, _ in self._fold_rows)])
        steps = max([1, *(len(s) for _, _, s in self._fold_rows)])
        fold_tables = np.zeros((len(self._fold_rows), groups), np.int64)
        fold_loop_group = np.zeros((len(self._fold_rows), steps), np.int64)
        for row, (ids, _, steppers) in enumerate(self._fold_rows):
            fold_tables[row, : len(ids)] = ids
            fold_loop_group[row, : len(steppers)] = steppers
        temporal = [sum(m == k.TEMPORAL for m in key[3]) for key in keys]
        kind, rank = (np.array([key[column] for key in keys], np.int64) for column in (0, 1))
        size, first = np.array([len(key[2]) for key in keys], np.int64), np.array([key[5] for key in keys], np.bool_)
        full = np.array([full for _, full, _ in self._fold_rows], np.bool_)
        many, looped = (
            np.array([*map(len, parts)], np.int64)
            for parts in ([ids for ids, _, _ in self._fold_rows], [steppers for _, _, steppers in self._fold_rows])
        )
        chain = np.zeros((widest, k.COLUMNS), np.int64), *np.zeros((2, k.DIMS), np.int64)
        states = np.empty((2, k.STATES, 3), np.int64)
        return {
            "tables": (kind, rank, loops, modes, coords, size, first),
            "folds": (many, fold_tables, full, looped, fold_loop_group),
            "temporal": np.array(temporal, np.int64),
            "width": 2 * max([0, *temporal]) + 1,
            "scratch": (*chain, np.empty(len(self.operation.bounds), np.int64), *states),
            "room": k.room_for(max([0, *(self.ranks[key[1]].size for key in keys if key[0] == k.WINDOW)])),
            "fold_scratch": tuple(np.empty((2, groups), np.int64)),
        }

    @cached_property
    def space(self) -> dict[str, Any]:
        """The operation's dims and ranks as arrays."""
        ranks = max(1, len(self.ranks))
        dims, strides = np.full((ranks, k.DIMS), -1, np.int64), np.zeros((ranks, k.DIMS), np.int64)
        for row, rank in enumerate(self.ranks):
            for column, term in enumerate(rank.terms):
                dims[row, column], strides[row, column] = self.dim_index[term.dim], term.stride
        return {
            "loop_dim": np.array(self.loop_dim or [0], np.int64),
            "bound": np.array([n for _, n in self.operation.bounds], np.int64),
            "ranks": (
                dims,
                strides,
                np.array([r.offset for r in self.ranks] or [0], np.int64),
                np.array([r.size for r in self.ranks] or [0], np.int64),
                np.array(self.dense or [False], np.bool_),
            ),
        }

    @cached_property
    def columns(self) -> list[tuple[int, ...]]:
        """Per table, the loops whose steps it depends on: all of the dims it shares a window with."""
        together = [set(g.dims) for groups in self.groups.values() for g in groups]
        out = []
        for kind, index, loops, *_ in self._tables:
            dims = {self.loop_dim[i] for i in loops} or ({index} if kind in (k.CHAIN, k.REUSE) else set())
            for other in together:
                dims |= other if dims & other else set()
            out.append(tuple(i for i, dim in enumerate(self.loop_dim) if dim in dims))
        return out

    def tables(self, rows: np.ndarray, variant_steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(A, B) of the given tables, each with its own steps of all loops."""
        t, s = self.arrays, self.space
        a, b = np.zeros((len(rows), t["width"]), np.int64), np.zeros((len(rows), t["width"]), np.int64)
        k.fill_tables(
            rows, variant_steps, t["tables"], s["loop_dim"], s["bound"], s["ranks"], t["scratch"], t["room"], a, b
        )
        return a, b

    def folds(
        self, a: np.ndarray, b: np.ndarray, ids: np.ndarray, which: np.ndarray, base: np.ndarray, stride: np.ndarray
    ) -> np.ndarray:
        """Every fold of every mapping: int64 of shape (folds, mappings); see kernels.fold for the row numbers."""
        t = self.arrays
        out = np.empty((len(self._fold_rows), ids.shape[1]), np.int64)
        k.fold(a, b, ids, (which, base, stride), t["folds"], t["temporal"], t["fold_scratch"], out)
        return out

    def evaluate_one(self, steps: np.ndarray) -> list[int]:
        """Every fold of a single mapping, as Python integers."""
        count = len(self._tables)
        every = np.arange(count)
        a, b = self.tables(every, np.tile(steps, (count, 1)))  # an array laid out as a batch's: one compilation
        none = np.zeros(count, np.int64)
        values: list[int] = self.folds(a, b, NO_VARIANTS, none, every, none)[:, 0].tolist()
        return values
