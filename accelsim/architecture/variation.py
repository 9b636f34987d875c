"""One machine as a variation of another: fields named by path, changed through the reader that every file goes through.

    levels.GlobalBuffer.capacity            an element by its name, then its field
    levels.Scratchpad.partitions.weights    a field of a field
    fanouts.Array.X.size                    an axis of a fan-out, by its name
    array.rows, array.cols                  the axes Y and X of the only fan-out, and the array's description with them
    array.PE                                an axis of the only fan-out by its own name
    clock, word, dataflow, systolic.rows    fields of the machine

What is built is what a file with ``extends: BASE`` and these fields alone would give, so a misspelt name or a value
that does not fit is the same error, on the line where the change was stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.architecture.extends import extended
from accelsim.architecture.family import generated
from accelsim.architecture.files import read_architecture
from accelsim.architecture.spec import Architecture
from accelsim.errors import InputError, nearest
from accelsim.files import Document, locate, read_yaml, validate
from accelsim.files.document import Key

_ELEMENTS = {"levels": "level", "fanouts": "fanout", "compute": "compute"}
_SHORT = {"rows": "Y", "cols": "X"}


@dataclass(frozen=True)
class Change:
    """A field's path, its new value, and where in the declaring file it stands: (line, column), from 1."""

    path: str
    value: Any
    place: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Base:
    """A machine to be varied: its name or path as a file in ``folder`` would say it, and the machine itself."""

    name: str
    folder: Path
    architecture: Architecture
    generated: bool = False

    @property
    def label(self) -> str:
        return self.architecture.name


def load_base(name: str, folder: Path) -> Base:
    """The machine of a shipped name, or of a path relative to ``folder``; raises InputError."""
    path = folder / locate("architectures", name)
    whole = extended(read_yaml(path), path.parent)
    plain = isinstance(whole.value, dict) and "elements" not in whole.value
    return Base(name, folder, read_architecture(whole, path.parent), plain)


def varied(base: Base, changes: Sequence[Change], path: str) -> Architecture:
    """The machine with these fields changed; ``path``: the file that states them. Raises InputError with its line."""
    return read_architecture(_overriding(base, changes, path), base.folder)


def check_fields(base: Base, changes: Sequence[Change], path: str) -> None:
    """Raises InputError when no machine could have these fields and values: a misspelt name, a wrong unit or kind.

    Whether the values fit each other (whole words, as many PEs as the array says) is left to ``varied``.
    """
    from accelsim.architecture.checks import check_dataflow
    from accelsim.architecture.schema import ArchitectureFields

    document = generated(extended(_overriding(base, changes, path), base.folder))
    check_dataflow(validate(ArchitectureFields, document), document)


def _overriding(base: Base, changes: Sequence[Change], path: str) -> Document:
    """The file that would say the changes and extend the base."""
    fields: dict[str, Any] = {"name": base.label, "extends": base.name}
    places: dict[Key, tuple[int, int]] = {(): changes[0].place if changes else (1, 1)}
    for change in changes:
        for parts in _targets(change, base, path):
            _put(fields, parts, change, places)
    return Document(fields, path, places)


def _targets(change: Change, base: Base, path: str) -> list[tuple[str, ...]]:
    """The paths that a change means, in parts; ``array`` stands for one or two of them."""
    parts = tuple(change.path.split("."))
    least = {"levels": 3, "fanouts": 3, "compute": 3, "array": 2}.get(parts[0], 1)
    if not all(parts) or len(parts) < least:
        must = {"array": "array.AXIS"}.get(parts[0], f"{parts[0]}.NAME.FIELD" if least > 1 else "words with dots")
        raise _error(change, path, f"field '{change.path}' must have the form {must}")
    if parts[0] in _ELEMENTS:
        _check_names(change, base, parts, path)
    if parts[0] == "fanouts" and len(parts) == 4 and parts[2] != "hop_energy":
        return [("fanouts", parts[1], "axes", parts[2], parts[3])]
    if parts[0] != "array":
        return [parts]
    out: list[tuple[str, ...]] = []
    systolic = base.architecture.systolic
    if parts[1] in _SHORT and systolic is not None:
        out.append(("systolic", parts[1]))
    if not base.generated:
        out.append(_only_axis(change, base, parts[1], path))
    return out


def _check_names(change: Change, base: Base, parts: tuple[str, ...], path: str) -> None:
    """An element or axis that is not there must not be added."""
    machine = base.architecture
    if base.generated:
        sentence = f"{base.label} lists no elements, so that '{change.path}' is none of its fields"
        raise _error(change, path, f"{sentence}; vary systolic.FIELD")
    kinds = {
        "levels": [level.name for level in machine.levels],
        "fanouts": [fanout.name for fanout in machine.fanouts],
        "compute": [machine.compute.name],
    }
    known = kinds[parts[0]]
    if parts[1] not in known:
        sentence = f"{base.label} has no '{parts[1]}' among its {parts[0]}{nearest(parts[1], known)}"
        raise _error(change, path, sentence)
    if parts[0] == "fanouts" and len(parts) == 4 and parts[2] not in ("hop_energy", *machine.axes):
        sentence = f"{base.label} has no axis '{parts[2]}'{nearest(parts[2], list(machine.axes))}"
        raise _error(change, path, sentence)


def _only_axis(change: Change, base: Base, name: str, path: str) -> tuple[str, ...]:
    fanouts = base.architecture.fanouts
    if len(fanouts) != 1:
        sentence = f"field '{change.path}' needs a machine with one fan-out, and {base.label} has {len(fanouts)}"
        raise _error(change, path, f"{sentence}; write fanouts.NAME.AXIS.size")
    known = [axis.name for axis in fanouts[0].axes]
    meant = name if name in known else _SHORT.get(name, name)
    if meant not in known:
        raise _error(change, path, f"{base.label} has no axis '{meant}' for '{change.path}'{nearest(name, known)}")
    return ("fanouts", fanouts[0].name, "axes", meant, "size")


def _put(fields: dict[str, Any], parts: tuple[str, ...], change: Change, places: dict[Key, tuple[int, int]]) -> None:
    """Set a value in the fields of the overriding file, and note the line of all that lies on the way."""
    here: Any = fields
    key: Key = ()
    rest = list(parts)
    if rest[0] in _ELEMENTS:
        kind, name = _ELEMENTS[rest.pop(0)], rest.pop(0)
        here, key = _item(here, key, "elements", kind, name, change, places)
        if rest[0] == "axes" and len(rest) > 1:
            axis = rest[1]
            del rest[:2]
            here, key = _item(here, key, "axes", "axis", axis, change, places)
    for part in rest[:-1]:
        here = here.setdefault(part, {})
        key = (*key, part)
        places[key] = change.place
    here[rest[-1]] = change.value
    places[(*key, rest[-1])] = change.place


def _item(
    here: dict[str, Any], key: Key, listed: str, kind: str, name: str, change: Change, places: dict[Key, Any]
) -> tuple[dict[str, Any], Key]:
    """The item of a list that bears a name, made when it is not there."""
    items = here.setdefault(listed, [])
    index = next((i for i, item in enumerate(items) if item.get(kind) == name), len(items))
    if index == len(items):
        items.append({kind: name})
    inner = (*key, listed, index)
    for at in ((*key, listed), inner, (*inner, kind)):
        places[at] = change.place
    return items[index], inner


def _error(change: Change, path: str, sentence: str) -> InputError:
    return InputError(f"{path}:{change.place[0]}: {sentence}")
