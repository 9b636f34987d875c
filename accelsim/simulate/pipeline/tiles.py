"""The program of a mapping tile by tile, without touching its elements: for layers of any size.

The same changes, word for word, as the element-by-element program; what changes alike is counted once. Needed: outputs
that no window slides over (every layer but transposed convolutions), whose tiles are then either equal or apart.
"""

from __future__ import annotations

from itertools import product
from math import prod

from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError
from accelsim.mapping.nest import Mapping, Spatial
from accelsim.simulate.pipeline.mac_words import MacWords
from accelsim.simulate.pipeline.program import Block, Change, Program
from accelsim.simulate.pipeline.union import Need, needed_words, union_words
from accelsim.simulate.pipeline.views import Position, View, bits
from accelsim.simulate.places import Place, check_executable, places
from accelsim.workload.operation import Operation, Rank

MOST_BLOCKS = 200_000
Where = dict[str, Position]
"""Where the temporal loops of every dim stand, seen from a place."""
Group = tuple[tuple[Position, ...], bool, int]
"""Instances (bits) that hold the tile of one position, and whether it continues earlier sums (outputs)."""


def tile_program(operation: Operation, architecture: Architecture, mapping: Mapping) -> Program:
    """The program of a mapping; raises InputError for outputs with windows or padding, and for too many tiles."""
    check_executable(operation)
    extents = operation.extents
    for rank in operation.output.ranks:
        low, high = rank.span(extents)
        if len(rank.terms) > 1 or low < 0 or high >= rank.size:
            raise InputError(f"{operation.name}: outputs must not overlap or be cropped to be followed tile by tile")
    walk = _Walk(operation, architecture, mapping)
    return Program(operation, architecture, walk.places, tuple(walk.blocks()))


class _Walk:
    """The odometer of the loops above the innermost storage node, and what every place holds."""

    def __init__(self, operation: Operation, architecture: Architecture, mapping: Mapping) -> None:
        self.operation = operation
        self.places = places(operation, architecture, mapping)
        self.storage = [i for i, place in enumerate(self.places) if not place.is_mac]
        self.children = [
            _Child(
                View(operation, mapping, place), self.places[place.parent] if place.parent is not None else None, place
            )
            for place in self.places
        ]
        trips = [
            mapping.trips(i) for i, n in enumerate(mapping.nodes) if n in mapping.loops and not isinstance(n, Spatial)
        ]
        self.depth = max(self.places[i].temporal for i in self.storage)
        self.outer = trips[: self.depth]
        if prod(self.outer) > MOST_BLOCKS:
            raise InputError(
                f"{operation.name}: tiles must change at most {MOST_BLOCKS:,} times to be followed one by one, "
                f"not {prod(self.outer):,}"
            )
        self.macs = MacWords(operation, architecture, mapping, self.places, trips, self.depth)

    def blocks(self) -> list[Block]:
        out: list[Block] = []
        stood: dict[int, tuple[int, ...]] = {}
        output = len(self.operation.tensors) - 1
        for time in product(*(range(n) for n in self.outer)):
            steps, reads, writes = self.macs.words(time)
            if not steps:
                continue
            moved = [i for i in self.storage if stood.get(i) != time[: self.places[i].temporal]]
            changes: list[Change] = []
            drains: list[Change] = []
            for i in moved:
                stood[i] = time[: self.places[i].temporal]
                child = self.children[i]
                if child.parent is None:
                    continue
                if self.places[i].tensor == output:
                    drain, fill = child.outputs(time)
                    drains.insert(0, Change("drain", i, *drain))
                    changes.append(Change("fill", i, *fill))
                else:
                    changes.append(Change("fill", i, *child.operand(time)))
            changes = [c for c in (*drains, *changes) if c.child_words or c.parent_reads or c.parent_writes]
            if changes or not out:
                out.append(Block(changes))
            out[-1].steps += steps
            for total, more in ((out[-1].mac_reads, reads), (out[-1].mac_writes, writes)):
                for place, words in more.items():
                    total[place] += words
        last = [
            Change("drain", i, *self.children[i].drain_all())
            for i in reversed(self.storage)
            if self.places[i].tensor == output and self.children[i].parent is not None
        ]
        return [*out, Block(last)] if last else out


class _Child:
    """A place below another: what its instances hold, and what moves when time steps."""

    def __init__(self, view: View, parent: Place | None, place: Place) -> None:
        self.view, self.parent, self.place = view, parent, place
        dims = view.operation.dims
        self.relevant = [dim for dim in dims if dim in view.tensor.dims]
        self.irrelevant = [i for dim in dims if dim not in view.tensor.dims for i in view.times[dim]]
        windows = {t.dim for rank in view.tensor.ranks if self._visits_padding_or_slides(rank) for t in rank.terms}
        self.absolute = set(self.relevant) if place.boundaries and place.boundaries[0].forwarded else windows
        self.groups: list[Group] = []
        self.known: dict[object, tuple[int, ...]] = {}
        spatial = 0 if parent is None else parent.spatial
        keyed = place.boundaries[0].keyed if place.boundaries else ()
        self.above = [at[:spatial] for at in view.coordinates]
        self.keys = [tuple(at[s] for s in keyed) for at in view.coordinates]
        self.leads = [not any(at[s] for s in place.irrelevant) for at in view.coordinates]

    def _visits_padding_or_slides(self, rank: Rank) -> bool:
        low, high = rank.span(self.view.operation.extents)
        return len(rank.terms) > 1 or low < 0 or high >= rank.size

    def _now(self, time: tuple[int, ...]) -> tuple[tuple[Position, ...], int]:
        """(where the tensor's dims stand, instances that work)."""
        view = self.view
        active = view.everyone
        for dim in view.ragged:
            active &= view.present(dim, tuple(time[i] for i in view.times[dim]))
        return tuple(tuple(time[i] for i in view.times[dim]) for dim in self.relevant), active

    def _where(self, positions: tuple[Position, ...]) -> Where:
        return dict(zip(self.relevant, positions, strict=True))

    def _code(self, now: tuple[Position, ...], before: tuple[Position, ...]) -> tuple[object, ...]:
        """What of two positions decides how many words change."""
        return tuple(
            (a, b) if dim in self.absolute else (self.view.pattern(dim, a), self.view.pattern(dim, b), a == b)
            for dim, a, b in zip(self.relevant, now, before, strict=True)
        )

    def _replace(self, now: tuple[Position, ...], continues: bool, active: int) -> list[Group]:
        """Active instances take the tile of now; returns what they held before, of those that hold another."""
        held, kept = [], []
        same = 0
        for positions, flag, who in self.groups:
            if positions == now:
                kept.append((positions, flag, who))
                same |= who
                continue
            if who & active:
                held.append((positions, flag, who & active))
            if who & ~active:
                kept.append((positions, flag, who & ~active))
        if active & ~same:
            kept.append((now, continues, active & ~same))
        self.groups = kept
        return held

    def operand(self, time: tuple[int, ...]) -> tuple[int, int]:
        """(words that arrive in the busiest instance, words that the busiest parent reads)."""
        now, active = self._now(time)
        before = [(positions, who & active) for positions, _, who in self.groups if who & active]
        if len(before) == 1 and before[0] == (now, active):
            return 0, 0
        self._replace(now, False, active)
        key = (active, self._code(now, now), tuple((who, self._code(now, positions)) for positions, who in before))
        if key not in self.known:
            self.known[key] = self._operand_words(now, active, before)
        words, reads = self.known[key]
        return words, reads

    def _operand_words(
        self, now: tuple[Position, ...], active: int, before: list[tuple[tuple[Position, ...], int]]
    ) -> tuple[int, int]:
        view, forwarded = self.view, self.place.boundaries[0].forwarded
        where = self._where(now)
        held = {j: view.sets(self._where(positions), j) for positions, who in before for j in bits(who)}
        needs: dict[tuple[int, ...], dict[tuple[int, ...], list[Need]]] = {}
        circles: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        if forwarded:
            for j, tile in held.items():
                circles.setdefault(self._circle(j), []).append(tile)
        most = 0
        for j in bits(active):
            own = (held[j],) if j in held else ()
            tile = view.sets(where, j)
            most = max(most, needed_words((tile, own)))
            near = tuple(dict.fromkeys(circles.get(self._circle(j), ()))) if forwarded else own
            needs.setdefault(self.above[j], {}).setdefault(self.keys[j], []).append((tile, near))
        reads = max(sum(union_words(several) for several in parts.values()) for parts in needs.values())
        return most, reads

    def _circle(self, instance: int) -> tuple[int, ...]:
        """Equal for instances that hand words on to each other."""
        forwarded = self.place.boundaries[0].forwarded
        return tuple(-1 if s in forwarded else at for s, at in enumerate(self.view.coordinates[instance]))

    def outputs(self, time: tuple[int, ...]) -> tuple[tuple[int, int, int], tuple[int, int]]:
        """Drain (child words, parent reads, parent writes) and fill (child words, parent reads) of a step."""
        now, active = self._now(time)
        if len(self.groups) == 1 and self.groups[0][0] == now and self.groups[0][2] & active == active:
            return (0, 0, 0), (0, 0)
        continues = any(time[i] for i in self.irrelevant)
        same = sum(who for positions, _, who in self.groups if positions == now)
        leaving = self._replace(now, continues, active)
        return self._drained(leaving), self._resumed(now, active & ~same) if continues else (0, 0)

    def drain_all(self) -> tuple[int, int, int]:
        """Everything that is still held leaves."""
        leaving, self.groups = self.groups, []
        return self._drained(leaving)

    def _drained(self, leaving: list[Group]) -> tuple[int, int, int]:
        order = [positions for positions, _, _ in leaving]
        key = ("drain", *((self._code(p, p), order.index(p), flag, who) for p, flag, who in leaving))
        if key not in self.known:
            most = 0
            reads: dict[tuple[int, ...], int] = {}
            writes: dict[tuple[int, ...], int] = {}
            seen: set[object] = set()
            first = {self._tile(p, j) for p, continues, who in leaving if continues for j in bits(who)}
            for positions, continues, who in leaving:
                where = self._where(positions)
                for j in bits(who):
                    words, above = self.view.words(where, j), self.above[j]
                    most = max(most, words)
                    crossing = (positions, self.keys[j], above)
                    tile = self._tile(positions, j)
                    if crossing not in seen:
                        seen.add(crossing)
                        writes[above] = writes.get(above, 0) + words
                        if tile in first:
                            reads[above] = reads.get(above, 0) + words
                        first.add(tile)
                    # What was read to hand a sum back has been read when it was handed back.
                    if continues and self.leads[j]:
                        reads[above] = reads.get(above, 0) - words
            self.known[key] = (most, max(reads.values(), default=0), max(writes.values(), default=0))
        child, read, written = self.known[key]
        return child, read, written

    def _tile(self, positions: tuple[Position, ...], instance: int) -> tuple[object, ...]:
        """Equal where instances below one parent hold the same outputs."""
        at = self.view.coordinates[instance]
        return positions, self.above[instance], tuple(at[s] for s in self.place.relevant)

    def _resumed(self, now: tuple[Position, ...], who: int) -> tuple[int, int]:
        key = ("fill", self._code(now, now), who)
        if key not in self.known:
            where = self._where(now)
            back: dict[tuple[int, ...], int] = {}
            most = 0
            for j in bits(who):
                if self.leads[j]:
                    words = self.view.words(where, j)
                    most = max(most, words)
                    back[self.above[j]] = back.get(self.above[j], 0) + words
            self.known[key] = (most, max(back.values(), default=0))
        child, read = self.known[key]
        return child, read
