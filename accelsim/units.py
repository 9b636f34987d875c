"""The only unit conversion: what people write ('108 KiB', '200 MHz', '2 pJ') becomes a plain number here.

KiB is 1024 B and kB is 1000 B; 'KB' could be either and is refused. b is a bit, B is a byte. Arithmetic is exact
(fractions) until the one division into a float at the end. Canonical units: bits, MHz, pJ, um2, words per cycle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Literal

from accelsim.errors import InputError

Quantity = Literal["size", "capacity", "frequency", "energy", "area", "bandwidth", "latency"]

_DECIMAL = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_BITS = {f"{p}{u}": Fraction(f * b) for p, f in (_DECIMAL | _BINARY).items() for u, b in (("b", 1), ("B", 8))}
_PER_CYCLE = {f"{u}/cycle": bits for u, bits in _BITS.items() if u in ("b", "B")}
_PER_SECOND = {f"{u}/s": bits for u, bits in _BITS.items()}
_MHZ = {"Hz": Fraction(1, 10**6), "kHz": Fraction(1, 1000), "MHz": Fraction(1), "GHz": Fraction(1000)}
_PJ = {"fJ": Fraction(1, 1000), "pJ": Fraction(1), "nJ": Fraction(1000), "uJ": Fraction(10**6)}
_UM2 = {"um2": Fraction(1), "mm2": Fraction(10**6)}
_NS = {"ns": Fraction(1), "us": Fraction(1000)}
_CYCLES = ("cycle", "cycles")
_WORDS, _WORDS_PER_CYCLE, _MAC = ("word", "words"), ("word/cycle", "words/cycle"), "MAC"

_UNITS: dict[Quantity, dict[str, Fraction]] = {
    "size": _BITS,
    "capacity": _BITS | dict.fromkeys(_WORDS, Fraction(1)),
    "frequency": _MHZ,
    "energy": _PJ | {_MAC: Fraction(1)},
    "area": _UM2,
    "bandwidth": dict.fromkeys(_WORDS_PER_CYCLE, Fraction(1)) | _PER_CYCLE | _PER_SECOND,
    "latency": dict.fromkeys(_CYCLES, Fraction(1)) | _NS,
}
_ZERO_ALLOWED: frozenset[Quantity] = frozenset({"energy", "area", "latency"})
_EXAMPLE: dict[Quantity, str] = {
    "size": "a size such as '108 KiB'",
    "capacity": "a capacity such as '108 KiB' or '512 words'",
    "frequency": "a frequency such as '200 MHz'",
    "energy": "an energy such as '2 pJ' or '6 MAC'",
    "area": "an area such as '0.5 mm2'",
    "bandwidth": "a bandwidth such as '4 words/cycle' or '34 GB/s'",
    "latency": "a latency such as '20 cycles' or '50 ns'",
}
_FIT: dict[Quantity, str] = {
    "size": "b, B, kB, KiB, MB, MiB, GB, GiB",
    "capacity": "words, b, B, kB, KiB, MB, MiB",
    "frequency": "Hz, kHz, MHz, GHz",
    "energy": "fJ, pJ, nJ, uJ, MAC",
    "area": "um2, mm2",
    "bandwidth": "words/cycle, b/cycle, B/cycle, MB/s, GB/s",
    "latency": "cycles, ns, us",
}
_MOST_BITS = 2**53
"""1 PiB: far beyond any memory, and far from the end of a 64-bit integer."""
_SHAPE = re.compile(r"\s*([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?)\s*(\S.*?)?\s*", re.ASCII)


@dataclass(frozen=True)
class Amount:
    """A number with the unit it was written in; ``text`` is what was written, for messages.

    >>> amount("108 KiB", "size", "buffer").bits
    884736
    """

    number: Fraction
    unit: str
    quantity: Quantity
    text: str

    @property
    def canonical(self) -> Fraction:
        """The exact value in bits, MHz, pJ (or MAC), um2; words and per-cycle amounts need the methods below."""
        return self.number * _UNITS[self.quantity][self.unit]

    @property
    def bits(self) -> int:
        """Whole bits of a size; raises InputError for a fraction of a bit."""
        if self.canonical.denominator != 1:
            raise InputError(f"size must be a whole number of bits, not '{self.text}'")
        return int(self.canonical)

    def words(self, word_bits: int) -> int:
        """Words of ``word_bits`` in a capacity; raises InputError when they do not divide it exactly."""
        words = self.canonical if self.unit in _WORDS else self.canonical / word_bits
        if words.denominator != 1:
            raise InputError(f"capacity must be a whole number of {word_bits}-bit words, not '{self.text}'")
        return int(words)

    def cycles(self, clock_mhz: float) -> int:
        """Whole cycles of ``clock_mhz`` that a latency takes, rounded up; cycles must be whole already."""
        if self.unit in _CYCLES:
            if self.number.denominator != 1:
                raise InputError(f"latency must be a whole number of cycles, not '{self.text}'")
            return int(self.number)
        return ceil(self.canonical * Fraction(clock_mhz) / 1000)

    def words_per_cycle(self, word_bits: int, clock_mhz: float) -> float:
        """A bandwidth in words of ``word_bits`` per cycle of ``clock_mhz``."""
        if self.unit in _WORDS_PER_CYCLE:
            return float(self.number)
        per_cycle = self.canonical / word_bits
        return float(per_cycle if self.unit in _PER_CYCLE else per_cycle / (Fraction(clock_mhz) * 10**6))


def amount(value: object, quantity: Quantity, where: str) -> Amount:
    """Read a value that a user wrote; ``where`` is the subject of the sentence when it is not one.

    Raises InputError: ``X must be a size such as '108 KiB', not '108 kilobyte'``, with the units that fit when the
    number came bare, and with the remedy for 'KB' and for wrong case.
    """
    must = f"{where} must be {_EXAMPLE[quantity]}".lstrip()
    match = _SHAPE.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] is None:
        if match is not None or (isinstance(value, int | float) and not isinstance(value, bool)):
            raise InputError(f"{must}, not {str(value).strip()}; units that fit: {_FIT[quantity]}")
        raise InputError(f"{must}, not {came(value)}")
    unit = match[2]
    if unit not in _UNITS[quantity]:
        raise InputError(f"{must}, not {came(value)}{_remedy(unit, quantity)}")
    number = Fraction(match[1])
    if number < 0 or (number == 0 and quantity not in _ZERO_ALLOWED):
        bound = "0 or more" if quantity in _ZERO_ALLOWED else "more than 0"
        raise InputError(f"{where} must be {bound} {unit}, not {came(value)}".lstrip())
    if quantity in ("size", "capacity") and number * _UNITS[quantity][unit] > _MOST_BITS:
        raise InputError(f"{where} must be at most 1 PiB, not {came(value)}".lstrip())
    return Amount(number, unit, quantity, str(value).strip())


def bits(value: object, where: str) -> int:
    """Bits of a size: '16 b', '108 KiB'. Raises InputError."""
    size = amount(value, "size", where)
    if size.canonical.denominator != 1:
        raise InputError(f"{where} must be a whole number of bits, not {came(value)}".lstrip())
    return size.bits


def mhz(value: object, where: str) -> float:
    """Megahertz of a frequency: '200 MHz', '1 GHz'. Raises InputError."""
    return float(amount(value, "frequency", where).canonical)


def um2(value: object, where: str) -> float:
    """Square micrometres of an area: '0.5 mm2'. Raises InputError."""
    return float(amount(value, "area", where).canonical)


def energy(value: object, where: str) -> tuple[float, Literal["pJ", "MAC"]]:
    """An energy and what it is measured in: picojoule, or energies of one multiply-accumulate. Raises InputError.

    >>> energy("6 MAC", "buffer"), energy("0.2 nJ", "DRAM")
    ((6.0, 'MAC'), (200.0, 'pJ'))
    """
    read = amount(value, "energy", where)
    return float(read.canonical), "MAC" if read.unit == _MAC else "pJ"


def came(value: object) -> str:
    """What a user wrote, in a sentence: text quoted and shortened, a map or a list by its kind.

    >>> came("x" * 99), came([1]), came(None), came(True), came(2)
    ("'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...'", 'a list', 'nothing', 'true', '2')
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            flat = " ".join(value.split())
            return f"'{flat}'" if len(flat) <= 60 else f"'{flat[:60]}...'"
        case dict():
            return "a map"
        case list() | tuple():
            return "a list"
        case _:
            return str(value)


def _remedy(unit: str, quantity: Quantity) -> str:
    if unit in ("KB", "KB/s", "Kb", "Kb/s"):
        letter, rate = unit[1], unit[2:]
        return f"; write Ki{letter}{rate} (1024 {letter}) or k{letter}{rate} (1000 {letter})"
    same = [known for known in _UNITS[quantity] if known.lower() == unit.lower()]
    return f"; did you mean '{same[0]}'?" if len(same) == 1 else ""
