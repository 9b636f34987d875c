"""Time of an array whose stationary operand comes from DRAM: tile by tile, each word when it is first needed.

    arrival of tile i   the words of tiles 0 .. i at the DRAM's bandwidth, as far ahead as there is room
    tile i begins       as in accelsim.model.array_time, but not before its operand is there (it comes in as it arrives)

What streams past, and what comes out, stays on the chip. ws and rs wait for weights, is for inputs, os for the weights
of each new group of columns. With an endless bandwidth this is the array's own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from accelsim.architecture.spec import Architecture
from accelsim.architecture.systolic import SystolicArray
from accelsim.errors import InputError
from accelsim.mapping.row_sets import row_sets
from accelsim.model.array_time import ArrayTime, array_time
from accelsim.model.row_time import pass_preload
from accelsim.workload.matrix import MatrixForm
from accelsim.workload.operation import INPUTS, WEIGHTS, Operation

MOST_TILES = 5_000_000


@dataclass(frozen=True)
class FedTime:
    """``array``: its own time; ``waiting``: cycles more, in which it waits for ``operand`` from DRAM."""

    array: ArrayTime
    operand: str
    waiting: int

    @property
    def cycles(self) -> int:
        return self.array.cycles + self.waiting

    @property
    def utilization(self) -> float:
        """MACs / (PEs x cycles)."""
        return self.array.counts.macs / (self.array.array.pes * self.cycles)

    def parts(self) -> tuple[tuple[str, int], ...]:
        """(what, cycles), which add up to all cycles."""
        own = self.array
        named = (
            ("compute", own.stream),
            (f"waiting for {self.operand} from DRAM", self.waiting),
            ("preload of tiles", own.preload),
            ("waiting for outputs to leave", own.exchange),
            ("fill (skew)", own.skew),
            ("drain", own.drain),
        )
        return tuple((what, cycles) for what, cycles in named if cycles)


@dataclass(frozen=True)
class _Tile:
    """Cycles of preload and stream, from the end of its stream until its last output has left (``tail``), until its
    outputs have moved on (``moves_on``), and words that it waits for."""

    load: int
    stream: int
    tail: int
    moves_on: int
    words: int


def fed_time(operation: Operation, architecture: Architecture) -> FedTime:
    """Time of a layer on the machine's array; raises InputError where the machine describes none."""
    array = architecture.systolic
    if array is None:
        raise InputError(
            f"{architecture.name} does not describe its array for time in cycles; add 'systolic: {{rows: ..., "
            f"cols: ..., dataflow: ...}}', or use the depth steady or pipelined"
        )
    own = array_time(operation, array)
    operand = INPUTS if array.dataflow == "is" else WEIGHTS
    dram = architecture.levels[0]
    if dram.read_bandwidth is None:
        return FedTime(own, operand, 0)
    if own.folds[0] * own.folds[1] > MOST_TILES:
        tiles = own.folds[0] * own.folds[1]
        raise InputError(f"{operation.name}: must have at most {MOST_TILES:,} tiles, not {tiles:,}")
    width = operation.tensor(operand).bits
    words = Fraction(dram.element_bits(width), dram.word_bits)
    per_word = words / Fraction(dram.read_bandwidth).limit_denominator(1_000_000)
    ahead = _ahead(architecture, operand, width)
    cycles = _cycles(list(_tiles(operation, array)), array.double_buffered, per_word, ahead)
    return FedTime(own, operand, cycles - own.cycles)


def _cycles(tiles: list[_Tile], double: bool, per_word: Fraction, ahead_words: int | None) -> int:
    """The recurrence, tile by tile, in words as wide as the operand; ``per_word``: cycles of the DRAM, ``ahead_words``:
    room for what is to come."""
    fetched, start, end, held = Fraction(0), 0, 0, 0
    begun: list[tuple[int, int]] = []
    first = 0
    for i, tile in enumerate(tiles):
        room = start if double else end
        begin, direct = fetched, ahead_words is not None and tile.words > ahead_words
        if direct:
            # What does not fit beside the array comes when the PEs can take it.
            assert ahead_words is not None
            late = tile.words - ahead_words
            fetched = max(begin + tile.words * per_word, room + late * per_word)
        else:
            while ahead_words is not None and held + tile.words > ahead_words and first < len(begun):
                freed, words = begun[first]
                begin, held, first = max(begin, Fraction(freed)), held - words, first + 1
            if tile.words:
                fetched = begin + tile.words * per_word
                held += tile.words
        # Rows come in as they arrive.
        loaded = max(room + tile.load, ceil(fetched) if tile.words else 0)
        before = tiles[i - 1] if i and double else None
        start = loaded if before is None else max(start + before.stream, start + before.moves_on, loaded)
        begun.append((start - tile.load, 0 if direct else tile.words))
        end = max(end, start + tile.stream + tile.tail)
    return end


def _ahead(architecture: Architecture, operand: str, width: int | None) -> int | None:
    """Elements of the operand that wait beside the array: as stated, else what the level nearest to it holds; None
    where there is no bound.  ``width``: that of an element in bits, None for a word."""
    if architecture.systolic is not None and architecture.systolic.prefetch_words is not None:
        dram = architecture.levels[0]
        return architecture.systolic.prefetch_words * dram.word_bits // dram.element_bits(width)
    first = architecture.fanouts_above
    for level in reversed(architecture.levels[1:]):
        if first[level.name] == 0 and level.keep(operand) != "not":
            held = dict(level.tensor_capacity_words).get(operand, level.capacity_words)
            return None if held is None else held * level.word_bits // level.element_bits(width)
    return 0


def _tiles(operation: Operation, array: SystolicArray) -> Iterator[_Tile]:
    if array.dataflow == "rs":
        yield from _passes(operation, array)
        return
    form = MatrixForm.of(operation)
    M, K, N = form.rows, form.terms, form.columns
    on_rows, on_columns, T = {"ws": (K, N, M), "is": (K, M, N), "os": (M, N, K)}[array.dataflow]
    for _ in range(form.groups):
        for column in range(0, on_columns, array.columns):
            n = min(array.columns, on_columns - column)
            for row in range(0, on_rows, array.rows):
                k = min(array.rows, on_rows - row)
                if array.dataflow == "os":
                    yield _Tile(0, T, k + n + array.rows - 2, k, T * n if row == 0 else 0)
                else:
                    yield _Tile(k, T, array.rows + n - 2, 0, k * n)


def _passes(operation: Operation, array: SystolicArray) -> Iterator[_Tile]:
    sets = row_sets(operation, array)
    size = sets.extents
    for one in sets.passes():
        p, q = min(sets.filters_held, one.filters), min(sets.channels_held, one.channels)
        tail = -(-one.channels // sets.channels_held) * size["R"] - 1
        words = one.filters * one.channels * size["R"] * size["S"]
        yield _Tile(pass_preload(sets, one.filters, one.rows, q), size["F"] * p * q * size["S"], tail, 0, words)
