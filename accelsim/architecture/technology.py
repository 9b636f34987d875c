"""Area of on-chip memory by size, and the equal-area rule that splits one storage area between registers and buffer.

Source: Chen, Emer, Sze, "Eyeriss: A Spatial Architecture for Energy-Efficient Dataflow for Convolutional Neural
Networks", ISCA 2016, Fig. 7a (area per byte relative to a large buffer) and the comparison at equal area in Fig. 7b.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from accelsim.errors import InputError

AREA_PER_BYTE = (
    (2, "8.147"),
    (4, "13.564"),
    (8, "13.942"),
    (16, "13.377"),
    (32, "7.564"),
    (64, "4.657"),
    (128, "3.145"),
    (256, "2.164"),
    (512, "1.643"),
    (1024, "1.271"),
    (2048, "1.093"),
    (4096, "1.0"),
)
"""(bytes of the memory, area of each of its bytes); a byte of a buffer of 4096 B or more is 1. ISCA 2016, Fig. 7a."""

_TABLE = tuple((size, Fraction(area)) for size, area in AREA_PER_BYTE)


def memory_area(size_bytes: Fraction) -> Fraction:
    """Area of one memory, in bytes of a large buffer; area per byte is linear in bytes between the table's sizes.

    Exact, so that what a reference machine leaves for its buffer is that buffer and not a word less. Raises InputError
    below the smallest memory of the table. ISCA 2016, Fig. 7a.

    >>> float(memory_area(Fraction(98)))   # the register file of OSA: 98 B at 3.854 each
    377.6675
    """
    smallest, largest = _TABLE[0][0], _TABLE[-1][0]
    if size_bytes >= largest:
        return size_bytes
    if size_bytes < smallest:
        raise InputError(
            f"a memory under the equal-area rule must have at least {smallest} B, not {float(size_bytes):g} B"
        )
    after = max(1, bisect_left([size for size, _ in _TABLE], size_bytes))
    (left, area_left), (right, area_right) = list(pairwise(_TABLE))[after - 1]
    per_byte = area_left + (area_right - area_left) * (size_bytes - left) / (right - left)
    return size_bytes * per_byte


def equal_area_buffer_bytes(
    pes: int, register: Fraction, buffer_per_pe: Fraction, memories: Iterable[tuple[int, Fraction]]
) -> Fraction:
    """Bytes of buffer that a machine may have when all its storage takes the area of a reference machine's.

    area = pes x area(register) + area(pes x buffer_per_pe), less ``memories``: (instances, bytes) of everything that
    is not the buffer. Raises InputError when less than 4096 B is left. ISCA 2016, Fig. 7.

    >>> float(equal_area_buffer_bytes(256, Fraction(512), Fraction(512), [(256, Fraction(512))])) / 1024
    128.0
    """
    area = pes * memory_area(register) + memory_area(pes * buffer_per_pe)
    left = area - sum((count * memory_area(size) for count, size in memories), Fraction(0))
    if left < _TABLE[-1][0]:
        raise InputError(
            f"the equal-area rule must leave at least {_TABLE[-1][0]} B for the buffer, not {float(left):.0f} B"
        )
    return left
