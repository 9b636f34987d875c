"""The axes of a study: what varies, over which values, and what each value changes.

levels.GlobalBuffer.capacity: [32 KiB .. 512 KiB, x2]   a field of the machine; its name is the last word
array: {rows: 8..64, cols: [8 .. 64, x2]}               several fields under one: array.rows and array.cols
buffer: {field: levels.GLB.capacity, values: [...]}     a name of one's own; ``fields`` changes several alike
machine: [ws256, rs256]                                 the base itself
batch, sequence, phase, context, bits                   how the networks run
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from accelsim.errors import InputError, nearest
from accelsim.files import Document
from accelsim.files.document import Key
from accelsim.sweep.values import expanded, number
from accelsim.units import came

MACHINE = "machine"
WORKLOAD = ("batch", "sequence", "phase", "context", "bits")
Kind = Literal["machine", "workload", "field"]
FIELDS = ("clock", "word", "dataflow", "vector_energy", "other_area")
"""Fields of the machine itself; the others lie in one of PARTS."""
PARTS = ("levels", "fanouts", "compute", "array", "systolic")
_FORM = {"field", "fields", "values"}


@dataclass(frozen=True)
class Axis:
    """``name`` in tables and expressions; ``fields`` of the machine that a value is put into (kind field);
    ``places``: (line, column) of each value in the study's file."""

    name: str
    kind: Kind
    fields: tuple[str, ...]
    values: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def numbers(self) -> tuple[int | float | None, ...]:
        """What each value counts as, None for words."""
        return tuple(number(value) for value in self.values)

    @property
    def is_ordered(self) -> bool:
        """Whether all values are numbers or amounts."""
        return all(value is not None for value in self.numbers)

    def shown(self, index: int) -> str | int | float:
        """A value as a table's cell."""
        return shown(self.values[index])

    def counted(self, index: int) -> str | int | float:
        """A value in an expression: its number, else its words."""
        value = self.numbers[index]
        return str(self.shown(index)) if value is None else value


def shown(value: Any) -> str | int | float:
    """A value as a table's cell; a map as ``activations=8 weights=4``."""
    if isinstance(value, dict):
        return " ".join(f"{name}={item}" for name, item in value.items())
    if isinstance(value, bool) or value is None:
        return came(value)
    return value if isinstance(value, int | float) else str(value)


def read_axes(document: Document) -> tuple[Axis, ...]:
    """The axes of a study's file; raises InputError, with the line, for what is none."""
    entries: list[tuple[str, str, Key, Any]] = []
    for name, stated in document.value["axes"].items():
        key: Key = ("axes", name)
        if isinstance(stated, dict) and not set(stated) & _FORM:
            if not stated:
                raise document.error(key, f"axes.{name} must have values, not an empty map")
            entries += [(f"{name}.{part}", "", (*key, part), inner) for part, inner in stated.items()]
        else:
            entries.append((name, "", key, stated))
    last = Counter(path.rpartition(".")[2] for path, *_ in entries)
    axes = []
    for path, _, key, stated in entries:
        short = path.rpartition(".")[2]
        name = short if last[short] == 1 else "_".join(path.split(".")[-2:])
        axes.append(_axis(document, key, path, name, stated))
    return tuple(axes)


def _axis(document: Document, key: Key, path: str, name: str, stated: Any) -> Axis:
    fields: tuple[str, ...] = (path,)
    own = isinstance(stated, dict)
    if own:
        fields, key, stated = _own(document, key, stated)
        name = path
    for field in fields if own or path not in (MACHINE, *WORKLOAD) else ():
        head, dot, _ = field.partition(".")
        known = PARTS if dot else (*FIELDS, MACHINE, *WORKLOAD)
        if head not in known:
            form = "begin with one of" if dot else "be one of"
            raise document.error(key, f"axis {field} must {form} {', '.join(known)}, not '{head}'{_guess(head, known)}")
    if not name.isidentifier():
        raise document.error(key, f"an axis must have a name of letters, digits and _, not '{name}'")
    try:
        values = expanded(stated)
    except InputError as error:
        raise document.error(key, f"axis {path}: {error}") from None
    if not values:
        raise document.error(key, f"axis {path} must have at least one value")
    for i, value in enumerate(values):
        if isinstance(value, list) or value is None:
            raise document.error((*key, i), f"axis {path}: a value must be a number, word or map, not {came(value)}")
    kind: Kind = "machine" if path == MACHINE else "workload" if path in WORKLOAD and not own else "field"
    return Axis(name, kind, fields, values, _places(document, key, stated, values))


def _guess(word: str, known: tuple[str, ...]) -> str:
    guess = nearest(word, known)
    return guess if guess.startswith("; did") else ""


def _own(document: Document, key: Key, stated: dict[str, Any]) -> tuple[tuple[str, ...], Key, Any]:
    """The fields, the place of the values and the values of an axis with a name of its own."""
    several = stated.get("fields", [stated.get("field")])
    unknown = next((field for field in stated if field not in _FORM), None)
    if unknown is not None:
        raise document.error((*key, unknown), f"{'.'.join(map(str, key))}.{unknown} is not a known field")
    if ("field" in stated) == ("fields" in stated) or "values" not in stated:
        raise document.error(key, f"{'.'.join(map(str, key))} must have 'field' (or 'fields') and 'values'")
    if not isinstance(several, list) or not several or not all(isinstance(f, str) and f for f in several):
        raise document.error(key, f"{'.'.join(map(str, key))} must name the fields that it changes")
    return tuple(several), (*key, "values"), stated["values"]


def _places(document: Document, key: Key, stated: Any, values: tuple[Any, ...]) -> tuple[tuple[int, int], ...]:
    """Where each value stands; those of a range at the whole."""
    whole = (document.line(key), 1)
    plain = isinstance(stated, list) and list(values) == stated
    return tuple(document.positions.get((*key, i), whole) if plain else whole for i in range(len(values)))
