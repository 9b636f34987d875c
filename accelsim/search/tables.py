"""Costs of a frame's edges over the dims that they depend on, as the compiled walk takes them."""

from __future__ import annotations

from functools import cached_property
from math import inf, prod
from typing import Any

import numpy as np

from accelsim.model.plan import TileRule
from accelsim.search import kernels
from accelsim.search.costs import EdgeCosts
from accelsim.search.lattice import Floats, Ints
from accelsim.search.places import Places
from accelsim.search.windows import ENDS, GAIN, HIGHEST


class Tables(Places):
    """A frame with the costs of its edges: per place over their special dims, changing altogether or sliding."""

    @cached_property
    def charged(self) -> list[list[EdgeCosts | None]]:
        """Per edge and measure."""
        return [[charges.edge(edge) for charges in self.charges] for edge in self.edges]

    def _flat(self, tensor: int, values: Floats) -> Floats:
        """Values over the lattice, constant but for the tensor's special dims, as one row over these."""
        dims = self.special[0][tensor]
        shape = [self.shape[d] if d in dims else 1 for d in range(len(self.shape))]
        return np.broadcast_to(values, shape).ravel()

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Costs per edge and measure over the special dims: changing altogether (lowest, highest), sliding."""
        edges, measures = max(1, len(self.edges)), len(self.charges)
        width = max([1, *(prod(self.shape[d] for d in dims) for dims in self.special[0])])
        low, high = np.zeros((edges, measures, width)), np.zeros((edges, measures, width))
        constant = np.zeros((edges, measures))
        least = np.zeros((edges, measures, width))
        slides: list[tuple[int, int, Floats, Floats, Any]] = []
        for i, edge in enumerate(self.edges):
            for k, charged in enumerate(self.charged[i]):
                if charged is None:
                    continue
                low[i, k], high[i, k] = self._spread(edge.tensor, charged.low, width), 0.0
                high[i, k] = self._spread(edge.tensor, charged.high, width)
                constant[i, k] = charged.constant
            slides += self._slides(i, width)
            least[i] = low[i]
            for number, _, _, charge, _ in (s for s in slides if s[0] == i):
                least[number] = np.minimum(least[number], charge)
        return {"low": low, "high": high, "constant": constant, "least": least, "slides": slides}

    def _spread(self, tensor: int, values: Floats, width: int) -> Floats:
        flat = self._flat(tensor, values)
        return np.concatenate([flat, np.zeros(width - len(flat))])

    def _slides(self, number: int, width: int) -> list[tuple[int, int, Floats, Floats, Any]]:
        """(edge, dim, what its end adds to the charge, the charge at the start, whether the highest is unknown), per
        dim that it may slide along."""
        edge, measures = self.edges[number], len(self.charges)
        out = []
        dims = dict.fromkeys(s.dim for c in self.charged[number] if c is not None for s in c.slides)
        for d in dims:
            starts = self.shape[d]
            ends, charge = np.full((ENDS, measures, starts, width), inf), np.full((measures, width), inf)
            loose = np.zeros(measures, np.bool_)
            own = self.special[0][edge.tensor]
            shape = tuple(self.shape[x] for x in own)
            n, at = prod(shape), own.index(d)
            helps = np.zeros(n, np.bool_)
            for k, charged in enumerate(self.charged[number]):
                found = [s for s in charged.slides if s.dim == d] if charged is not None else []
                if charged is None or not found:
                    ends[:, k], charge[k] = 0.0, 0.0
                    continue
                full = np.broadcast_to(found[0].ends, (ENDS, starts, *self._own_shape(edge.tensor)))
                full = full.reshape(ENDS, starts, *shape)
                lowest = full[HIGHEST] - full[GAIN]
                best = lowest.min(axis=1 + at)  # over the end of the slide
                charged_at = np.expand_dims(np.where(np.isinf(best), 0.0, best), 1 + at)
                added = full.copy()
                added[HIGHEST] -= charged_at
                ends[:, k, :, :n] = added.reshape(ENDS, starts, -1)
                loose[k] = charged.loose
                charge[k, :n] = np.moveaxis(best, 0, at).ravel()  # the start stands where the tile of that dim does
                helps |= charge[k, :n] < self._flat(edge.tensor, charged.low) * (1 - kernels.CLOSE)
            charge[:, :n][:, ~helps] = inf
            out.append((number, d, ends, charge, loose))
        return out

    def _own_shape(self, tensor: int) -> tuple[int, ...]:
        """The lattice with one tile in every dim that is not special to the tensor."""
        dims = self.special[0][tensor]
        return tuple(n if d in dims else 1 for d, n in enumerate(self.shape))

    def kinds(self) -> Ints:
        """Per tensor, sliding dim and dim of a loop: how it ends the slide."""
        count = max(1, len(self.dims))
        out = np.full((len(self.problem.tensors), count, count), kernels.MOVES, np.int64)
        for t, tensor in enumerate(self.problem.tensors):
            windows = [{x.dim for x in rank.terms} for rank in tensor.ranks if len(rank.terms) > 1]
            for a, slide in enumerate(self.dims):
                for b, name in enumerate(self.dims):
                    if name not in tensor.dims:
                        out[t, a, b] = kernels.REUSES
                    elif any(slide in w and name in w for w in windows):
                        out[t, a, b] = kernels.SAME
                    elif any(name in w for w in windows):
                        out[t, a, b] = kernels.ELSE
        return out

    def left(self) -> Floats:
        """Per edge, dim and place over the special dims, the share of the tile that a loop over the dim leaves."""
        width = self.tables["low"].shape[2]
        out = np.ones((max(1, len(self.edges)), max(1, len(self.dims)), width))
        for i, edge in enumerate(self.edges):
            tensor = self.problem.tensors[edge.tensor]
            for d, share in self.costs.left(edge, self.problem.view.tiles, TileRule()):
                if self.dims[d] in tensor.dims:
                    flat = np.broadcast_to(share, self._own_shape(edge.tensor)).ravel()
                    out[i, d, : len(flat)] = flat
        return out
