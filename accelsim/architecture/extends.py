"""A machine that differs from another in a few fields says only those; the rest comes from the one it extends.

extends: ws256                 fields of this file replace those of ws256; maps are merged field by field
elements:
- fanout: Array                an element, axis or network of a known name changes that one,
  axes: [{axis: PE, size: 512}]
- level: Register              one of a new name follows the element written before it
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from accelsim.architecture.sources import NO_SOURCE
from accelsim.architecture.spec import REST
from accelsim.errors import InputError, nearest
from accelsim.files import Document, locate, read_yaml
from accelsim.files.document import Key
from accelsim.units import came

_MAX_CHAIN = 8
_COMPLETE = {
    "level": {"read_energy", "write_energy"},
    "fanout": {"axes"},
    "compute": {"energy"},
    "axis": {"size"},
}
"""Per kind of named item, what a new one cannot do without; one that lacks it was meant to change a known one."""


def extended(document: Document, folder: Path, chain: tuple[str, ...] = ()) -> Document:
    """The document with everything it inherits; a path in ``extends`` is relative to ``folder``.

    Raises InputError when the base cannot be read, extends itself, or a list does not fit.
    """
    value = document.value
    base_name = value.get("extends") if isinstance(value, dict) else None
    if base_name is None:
        return document
    if not isinstance(base_name, str):
        raise document.error(("extends",), "extends must be the name or path of a machine")
    try:
        path = folder / locate("architectures", base_name)
        if str(path.resolve()) in chain or len(chain) >= _MAX_CHAIN:
            raise InputError(f"'{base_name}' extends itself")
        base = extended(read_yaml(path), path.parent, (*chain, str(path.resolve())))
    except InputError as error:
        raise document.error(("extends",), f"extends: {error}") from None
    if not isinstance(base.value, dict):
        raise document.error(("extends",), f"extends must name a machine, and {base.path} is none")
    inherited = {key: item for key, item in base.value.items() if key not in ("name", "extends")}
    positions: dict[Key, tuple[int, int]] = {}
    merged = _merged(inherited, value, f"file {document.path}", ((), ()), (document, positions))
    return Document(merged, document.path, positions)


def _merged(base: Any, own: Any, where: str, keys: tuple[Key, Key], books: tuple[Document, dict[Key, Any]]) -> Any:
    """``own`` over ``base``; ``keys`` are its places in the own document and in the merged one."""
    document, positions = books
    own_key, key = keys
    if own_key in document.positions:
        positions[key] = document.positions[own_key]
    if isinstance(base, dict) and isinstance(own, dict) and not {"equal_area"} & (set(base) | set(own)):
        result = dict(base)
        if "sources" in base or "sources" in own:
            result["sources"] = _sources(base, own, where)
        for field, item in own.items():
            inner = result.get(field) if field == "sources" else base.get(field)
            result[field] = _merged(inner, item, where, ((*own_key, field), (*key, field)), books)
        return result
    if isinstance(own, list) and _named(own):
        return _list(base if isinstance(base, list) else [], own, where, keys, books)
    _place(own, keys, books)
    return own


def _list(base: list[Any], own: list[Any], where: str, keys: tuple[Key, Key], books: Any) -> list[Any]:
    """Items by name: known ones are merged in their place, new ones follow the item written before them."""
    names = [_name(item) for item in base]
    origin: list[int | None] = [None] * len(base)
    at = -1
    for index, item in enumerate(own):
        if _name(item) in names:
            at = names.index(_name(item))
        else:
            _check_complete(item, names, books[0], (*keys[0], index))
            at += 1
            names.insert(at, _name(item))
            base = [*base[:at], None, *base[at:]]
            origin.insert(at, None)
        origin[at] = index
    return [
        item if index is None else _merged(item, own[index], where, ((*keys[0], index), (*keys[1], place)), books)
        for place, (item, index) in enumerate(zip(base, origin, strict=True))
    ]


def _check_complete(item: dict[str, Any], known: list[str | None], document: Document, key: Key) -> None:
    kind = next(kind for kind in _COMPLETE if kind in item)
    if not _COMPLETE[kind] <= set(item):
        help_ = nearest(str(item[kind]), [name for name in known if name])
        needed = ", ".join(sorted(_COMPLETE[kind]))
        sentence = (
            f"{kind} {came(item[kind])} is none of those that this file extends{help_} (a new one needs {needed})"
        )
        raise document.error(key, sentence)


def _sources(base: dict[str, Any], own: dict[str, Any], where: str) -> Any:
    """Sources of the base, less those of numbers that the file changes without saying where from."""
    inherited, given = base.get("sources", {}), own.get("sources", {})
    if not isinstance(inherited, dict) or not isinstance(given, dict):
        return inherited
    kept = dict(inherited)
    for field in own:
        if field not in ("sources", *_COMPLETE) and field not in given and REST not in given:
            kept[field] = {"text": f"{NO_SOURCE} (changed in {where})", "unverified": True}
    if REST in given:
        kept = {field: source for field, source in kept.items() if field not in own}
    return kept


def _place(own: Any, keys: tuple[Key, Key], books: tuple[Document, dict[Key, Any]]) -> None:
    """Copy the positions of a value that is taken over as it stands."""
    document, positions = books
    own_key, key = keys
    if own_key in document.positions:
        positions[key] = document.positions[own_key]
    items = own.items() if isinstance(own, dict) else enumerate(own) if isinstance(own, list) else ()
    for part, item in items:
        _place(item, ((*own_key, part), (*key, part)), books)


def _named(items: list[Any]) -> bool:
    return bool(items) and all(_name(item) is not None for item in items)


def _name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    return next((str(item[kind]) for kind in _COMPLETE if kind in item), None)
