"""A sliding window along one axis: how many outputs it gives, how much input it needs, and what cannot be.

E = floor((H + before + after - dilation (R - 1) - 1) / U) + 1          (Sze et al. 2017, Table I, with
H = U (E - 1) + dilation (R - 1) + 1 - before - after  at least          padding and dilation written out)
E = U (H - 1) + dilation (R - 1) + 1 - before - after + output padding  (transposed)
"""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any

from accelsim.errors import InputError

Pair = tuple[int, int]
"""(vertical, horizontal)."""


def filter_span(R: int, dilation: int = 1) -> int:
    """Input rows from the first to the last tap of an R-row filter.

    >>> filter_span(3, dilation=2)
    5
    """
    return dilation * (R - 1) + 1


def output_extent(H: int, R: int, U: int = 1, dilation: int = 1, padding: int = 0) -> int:
    """Output rows of H input rows; ``padding`` is before + after.  Below 1 when the filter does not fit.

    >>> output_extent(H=227, R=11, U=4)     # AlexNet CONV1
    55
    """
    return (H + padding - filter_span(R, dilation)) // U + 1


def input_extent(E: int, R: int, U: int = 1, dilation: int = 1, padding: int = 0) -> int:
    """The fewest input rows that give E output rows, the H that leaves none unused.

    >>> input_extent(E=55, R=11, U=4)       # AlexNet CONV1
    227
    """
    return U * (E - 1) + filter_span(R, dilation) - padding


def transposed_extent(H: int, R: int, U: int = 1, dilation: int = 1, padding: int = 0, extra: int = 0) -> int:
    """Output rows of a transposed convolution; ``padding`` crops, ``extra`` (output padding) adds at the end.

    >>> transposed_extent(H=4, R=5, U=2, padding=4, extra=1)     # DCGAN, 4 to 8 rows
    8
    """
    return input_extent(H, R, U, dilation, padding) + extra


@dataclass(frozen=True)
class Padding:
    """Rows and columns of zeros around the input plane, per side; never fetched."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    @property
    def vertical(self) -> Pair:
        """(top, bottom)."""
        return self.top, self.bottom

    @property
    def horizontal(self) -> Pair:
        """(left, right)."""
        return self.left, self.right

    def __bool__(self) -> bool:
        return any(astuple(self))


NO_PADDING = Padding()


LARGEST = 2**31 - 1


def check_whole(layer: str, field: str, value: object, least: int = 1) -> None:
    """Raises InputError unless ``value`` is an int of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{layer}: {field} must be a whole number, not {value!r}")
    if value < least:
        raise InputError(f"{layer}: {field} must be at least {least}, not {value}")
    if value > LARGEST:
        came = f"{value:,}" if value < 10**30 else f"a number of {len(str(value))} digits"
        raise InputError(f"{layer}: {field} must be at most {LARGEST:,}, not {came}")


def checked_pair(layer: str, field: str, value: Any, least: int = 1) -> Pair:
    """(vertical, horizontal) from one number for both or a pair; raises InputError for anything else."""
    if not isinstance(value, tuple | list):
        check_whole(layer, field, value, least)
        return value, value
    if len(value) != 2:
        raise InputError(f"{layer}: {field} must be a number or (vertical, horizontal), not {len(value)} numbers")
    for number in value:
        check_whole(layer, field, number, least)
    return value[0], value[1]


def checked_padding(layer: str, value: Any) -> Padding:
    """A Padding from one, from a number for all sides, or from (vertical, horizontal); raises InputError otherwise."""
    if not isinstance(value, Padding):
        vertical, horizontal = checked_pair(layer, "padding", value, least=0)
        return Padding(vertical, vertical, horizontal, horizontal)
    for side, number in asdict(value).items():
        check_whole(layer, f"padding {side}", number, least=0)
    return value


@dataclass(frozen=True)
class Window:
    """One axis of a layer, each extent checked, to settle H and E and to word what is wrong.

    letters   (input, filter, output): ('H', 'R', 'E') or ('W', 'S', 'F')
    """

    layer: str
    letters: tuple[str, str, str]
    R: int
    U: int
    dilation: int
    padding: Pair

    def settle(self, H: int | None, E: int | None) -> Pair:
        """(H, E) from either or both.  Raises InputError when neither is given, when they contradict each other,
        or when the filter does not fit."""
        size, _, out = self.letters
        if H is None and E is None:
            raise InputError(f"{self.layer}: {size} or {out} must be given")
        if H is None:
            assert E is not None
            H = max(input_extent(E, self.R, self.U, self.dilation, sum(self.padding)), 1)
            if self._outputs(H) != E:
                raise InputError(
                    f"{self.layer}: {out} must be at least {self._outputs(H)} with {self._given()} even at {size}={H}, "
                    f"not {E}"
                )
        self._check_fit(H)
        outputs = self._outputs(H)
        if E is not None and outputs != E:
            raise InputError(
                f"{self.layer}: {out}={E} contradicts {size}={H} {self._given()}, which give {out}={outputs}"
            )
        return H, outputs

    def settle_transposed(self, H: int | None, E: int | None, extra: int) -> Pair:
        """(H, E) of a transposed convolution from either or both; ``extra`` is the output padding.

        Raises InputError as ``settle`` does, and for an E that no H gives."""
        size, _, out = self.letters
        if H is None and E is None:
            raise InputError(f"{self.layer}: {size} or {out} must be given")
        base = filter_span(self.R, self.dilation) - sum(self.padding) + extra
        if H is None:
            assert E is not None
            H = max((E - base) // self.U + 1, 1)
        outputs = self.U * (H - 1) + base
        given = f"{self._given()}{f' output_padding {extra}' if extra else ''}"
        if outputs < 1:
            raise InputError(
                f"{self.layer}: padding must leave at least 1 of the output {self._plural}, not {outputs} "
                f"({size}={H} {given})"
            )
        if E is not None and outputs != E:
            missing = E - outputs
            fix = f"; output_padding {extra + missing} would" if missing > 0 and extra + missing < self.U else ""
            raise InputError(f"{self.layer}: {out}={E} contradicts {size}={H} {given}, which give {out}={outputs}{fix}")
        return H, outputs

    def _outputs(self, H: int) -> int:
        return output_extent(H, self.R, self.U, self.dilation, sum(self.padding))

    @property
    def _plural(self) -> str:
        return "rows" if self.letters[0] == "H" else "columns"

    def _given(self) -> str:
        text = f"{self.letters[1]}={self.R} U={self.U}"
        if any(self.padding):
            text += f" padding {self.padding[0]} + {self.padding[1]}"
        return text + (f" dilation {self.dilation}" if self.dilation > 1 else "")

    def _check_fit(self, H: int) -> None:
        span, padded = filter_span(self.R, self.dilation), H + sum(self.padding)
        if span > padded:
            size, filt, _ = self.letters
            raise InputError(
                f"{self.layer}: the filter's {self._plural} ({filt}={self.R}, dilation {self.dilation}) must span at "
                f"most the {padded} of the padded input ({size}={H}, padding {self.padding[0]} + {self.padding[1]}), "
                f"not {span}"
            )
