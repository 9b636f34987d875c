"""What an axis of a study takes: a list, or a range with its step, and the number that a value stands for.

[4, 8, 12]                   these values
8..64                        every whole number from 8 to 64
[8 .. 64, x2]                8, 16, 32, 64
[32 KiB .. 128 KiB, +32 KiB] 32, 64, 96, 128 KiB
[16, 32 .. 128, x2, 192]     a list may hold ranges
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from accelsim.errors import InputError
from accelsim.units import amount, came

MOST_VALUES = 100_000
_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_BOUND = re.compile(rf"\s*{_NUMBER}\s*([A-Za-z][A-Za-z0-9/]*)?\s*")
_STEP = re.compile(rf"\s*([x*+])\s*{_NUMBER}\s*([A-Za-z][A-Za-z0-9/]*)?\s*")
FORM = "such as 8..64 or [32 KiB .. 512 KiB, x2]"


def expanded(stated: Any) -> tuple[Any, ...]:
    """The values of an axis as it was stated; raises InputError (without a place) for a range that is none.

    >>> expanded(["32 KiB .. 256 KiB", "x2"])
    ('32 KiB', '64 KiB', '128 KiB', '256 KiB')
    >>> expanded("2..4")
    (2, 3, 4)
    """
    items = list(stated) if isinstance(stated, list | tuple) else [stated]
    out: list[Any] = []
    while items:
        item = items.pop(0)
        if isinstance(item, str) and ".." in item:
            step = items.pop(0) if items and isinstance(items[0], str) and _STEP.fullmatch(items[0]) else None
            out.extend(_range(item, step))
        elif isinstance(item, str) and re.fullmatch(r"[x*+]\s*[\d.].*", item.strip()):
            raise InputError(f"a step such as '{item}' must follow a range {FORM}")
        else:
            out.append(item)
    seen = [repr(value) for value in out]
    twice = next((value for i, value in enumerate(out) if seen[i] in seen[:i]), None) if len(out) < 5000 else None
    if twice is not None:
        raise InputError(f"values must differ, not be {came(twice)} twice")
    return tuple(out)


def _range(text: str, step: str | None) -> Iterator[Any]:
    ends = [_BOUND.fullmatch(part) for part in text.split("..")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise InputError(f"a range must be {FORM}, not {came(text)}")
    (low, low_unit), (high, high_unit) = ((Fraction(end[1]), end[2]) for end in ends if end)
    unit = high_unit if low_unit is None else low_unit
    if high_unit != unit:
        raise InputError(f"a range must have one unit, not {came(text)}")
    if high < low:
        raise InputError(f"a range must not end before it begins: {came(text)}")
    yield from map(_written(unit), _steps(low, high, step, unit, text))


def _steps(low: Fraction, high: Fraction, step: str | None, unit: str | None, text: str) -> Iterator[Fraction]:
    match = _STEP.fullmatch(step) if step else None
    if match is None:
        if unit is not None or low.denominator != 1:
            raise InputError(f"a range of amounts must have a step such as x2 or +{low} {unit or ''}".rstrip())
        kind, by = "+", Fraction(1)
    else:
        kind, by = match[1], Fraction(match[2])
        if kind == "+" and match[3] != unit:
            raise InputError(f"the step of {came(text)} must be in {unit or 'no unit'}, not {came(step)}")
        if kind != "+" and match[3]:
            raise InputError(f"the factor of {came(text)} must be a number, not {came(step)}")
    if by <= (0 if kind == "+" else 1) or (kind != "+" and low == 0):
        raise InputError(f"the step of {came(text)} must lead from its start to its end, not {came(step)}")
    value, count = low, 0
    while value <= high:
        yield value
        value = value + by if kind == "+" else value * by
        count += 1
        if count > MOST_VALUES:
            raise InputError(f"a range must have at most {MOST_VALUES:,} values, and {came(text)} has more")


def _written(unit: str | None) -> Callable[[Fraction], Any]:
    def write(value: Fraction) -> Any:
        number: int | float = int(value) if value.denominator == 1 else float(value)
        return number if unit is None else f"{number} {unit}"

    return write


def number(value: Any) -> int | float | None:
    """The number that a value stands for, None for words: bytes of a size (words where it says words), MHz, pJ or MAC,
    mm2, words per cycle or per second as written, cycles or ns.

    >>> number("64 KiB"), number(8), number("2 GHz"), number("row_stationary")
    (65536, 8, 2000, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if not isinstance(value, str):
        return value
    for quantity, scale in (
        ("size", Fraction(1, 8)), ("capacity", Fraction(1)), ("frequency", Fraction(1)), ("energy", Fraction(1)),
        ("area", Fraction(1, 10**6)), ("bandwidth", Fraction(1)), ("latency", Fraction(1)),
    ):  # fmt: skip
        try:
            read = amount(value, quantity, "")  # type: ignore[arg-type]
        except InputError:
            continue
        found = read.number if quantity in ("bandwidth", "latency") or "word" in read.unit else read.canonical * scale
        return int(found) if found.denominator == 1 else float(found)
    return None
