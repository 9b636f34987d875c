"""Numbers as people read them: counts in full, measures with four significant digits; rounding happens here only.

A column of measures shares one scale, which its header states, so that its cells can be compared at a glance.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, log10

DIGITS = 4
_PREFIXED_PJ = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"))
_SCALED_MAC = ((1e12, "T MAC"), (1e9, "G MAC"), (1e6, "M MAC"), (1e3, "k MAC"), (1.0, "MAC"))


def count(value: int) -> str:
    """An exact count, in full.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def significant(value: float, digits: int = DIGITS) -> str:
    """A measure with so many significant digits; powers of ten only where positions would need many zeros.

    >>> significant(0.0123456), significant(1234567.0), significant(21.0), significant(3.2e-9)
    ('0.01235', '1,235,000', '21.00', '3.200e-09')
    """
    if not isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    exponent = floor(log10(abs(float(f"{value:.{digits - 1}e}"))))
    if exponent < -4 or exponent > 8:
        return f"{value:.{digits - 1}e}"
    decimals = digits - 1 - exponent
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def percent(value: float) -> str:
    """A share of one as percent.

    >>> percent(0.9375)
    '93.8'
    """
    return f"{100 * value:.1f}"


def energy_scale(values: Iterable[float], unit: str) -> tuple[float, str]:
    """The divisor and the name of the unit in which the largest of these energies is at least one.

    >>> energy_scale([2.5e6, 1e3], "pJ")
    (1000000.0, 'uJ')
    """
    largest = max((abs(v) for v in values), default=0.0)
    scales = _PREFIXED_PJ if unit == "pJ" else _SCALED_MAC
    return next(((factor, name) for factor, name in scales if largest >= factor), scales[-1])
