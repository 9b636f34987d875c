"""How many different words several instances need together, when each needs a tile less what is held already."""

from __future__ import annotations

from math import prod

Sets = tuple[int, ...]
"""A tile: per rank, indices as the bits of an integer."""
Need = tuple[Sets, tuple[Sets, ...]]
"""A tile, and tiles whose words are there already."""


def needed_words(need: Need) -> int:
    """Words of one tile that none of the held ones has."""
    tile, held = need
    if len(held) == 0:
        return _size(tile)
    if len(held) == 1:
        return _size(tile) - _size(_both(tile, held[0]))
    return union_words([need])


def union_words(needs: list[Need]) -> int:
    """Different words that all of them need."""
    different = list(dict.fromkeys(needs))
    if len(different) == 1 and len(different[0][1]) <= 1:
        return needed_words(different[0])
    first, *others = different
    if all(len(held) <= 1 for _, held in different):
        disjoint = _disjoint([tile for tile, _ in different])
        if disjoint:
            return sum(needed_words(need) for need in different)
    # In general: words numbered within the indices that occur, tiles as bits of an integer.
    universe = list(first[0])
    for tile, _ in others:
        universe = [a | b for a, b in zip(universe, tile, strict=True)]
    ranks = [[i for i in range(u.bit_length()) if u >> i & 1] for u in universe]
    total = 0
    for tile, held in different:
        mine = _flat(tile, ranks)
        for other in held:
            mine &= ~_flat(other, ranks)
        total |= mine
    return total.bit_count()


def _size(tile: Sets) -> int:
    return prod(s.bit_count() for s in tile)


def _both(a: Sets, b: Sets) -> Sets:
    return tuple(x & y for x, y in zip(a, b, strict=True))


def _disjoint(tiles: list[Sets]) -> bool:
    """Whether some rank keeps all of them apart."""
    if not tiles[0]:
        return False
    for rank in range(len(tiles[0])):
        seen, apart = 0, True
        for tile in tiles:
            if seen & tile[rank]:
                apart = False
                break
            seen |= tile[rank]
        if apart:
            return True
    return False


def _flat(tile: Sets, ranks: list[list[int]]) -> int:
    """The tile within the indices listed, as bits in row-major order."""
    mask, size = 1, 1
    for indices, held in zip(reversed(ranks), reversed(tile), strict=True):
        inner, mask = mask, 0
        for place, index in enumerate(indices):
            if held >> index & 1:
                mask |= inner << (place * size)
        size *= len(indices)
    return mask
