"""YAML as plain values with a line for each, and one sentence for whatever is wrong with a file.

Built on PyYAML's parser events with a constructor of our own, because its loaders read ``1e-12`` as text and ``no`` as
false, take the last of two equal keys in silence, and expand aliases without bound.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isinf
from pathlib import Path
from types import MappingProxyType
from typing import Any

from accelsim.errors import InputError

Key = tuple[str | int, ...]
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 50
MAX_VALUES = 100_000

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_MAX_DIGITS = 300
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """A file as plain values (dict, list, str, int, float, bool, None).

    ``path`` is the name used in messages; ``positions`` maps the path of keys to a value to its (line, column), from 1.
    """

    value: Any
    path: str
    positions: Mapping[Key, tuple[int, int]] = field(default_factory=dict, repr=False)

    def line(self, key: Key) -> int:
        """The line of a value, or of the nearest one around it that the file has."""
        while key and key not in self.positions:
            key = key[:-1]
        return self.positions.get(key, (1, 1))[0]

    def error(self, key: Key, sentence: str) -> InputError:
        """An error at a value: ``eyeriss.yaml:14: `` and the sentence."""
        return InputError(f"{self.path}:{self.line(key)}: {sentence}")


@dataclass
class _Node:
    value: Any
    line: int
    column: int
    children: list[tuple[str | int, _Node]] = field(default_factory=list)


def read_yaml(path: Path) -> Document:
    """Read a YAML file of one document; raises InputError, one sentence, for whatever cannot be read."""
    return parse_yaml(read_text(path, "a YAML file"), display(path))


def read_text(path: Path, noun: str = "a text file") -> str:
    """The UTF-8 text of a regular file; raises InputError, one sentence, where it cannot be read."""
    name = display(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{name}: must be {noun}, not a folder")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{name}: must be a regular file, not a device or pipe")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise InputError(f"{name!r}: no such file") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: must be at most {MAX_BYTES // 2**20} MiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{name}:{line}: must be UTF-8 text, not byte 0x{data[error.start]:02x}") from None


def parse_yaml(text: str, name: str) -> Document:
    """Parse YAML text; ``name`` stands for the file in messages. Raises InputError."""
    import yaml

    bad = _UNREADABLE.search(text)
    if bad:
        line = text.count("\n", 0, bad.start()) + 1
        raise InputError(f"{name}:{line}: must be plain text, not control character U+{ord(bad[0]):04X}")
    try:
        root = _Builder(yaml.parse(text, Loader=_parser()), name).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        if "nesting depth" in str(error.problem):  # the parser's own limit, in its newer releases
            raise InputError(f"{name}:{line}: must be nested at most {MAX_DEPTH} deep") from None
        raise InputError(f"{name}:{line}: is not valid YAML: {error.problem}{_tab_hint(text, line)}") from None
    except yaml.YAMLError as error:
        raise InputError(f"{name}: is not valid YAML: {' '.join(str(error).split())}") from None
    positions: dict[Key, tuple[int, int]] = {}
    for key, node in _walk(root, (), name):
        positions[key] = (node.line, node.column)
    return Document(root.value, name, MappingProxyType(positions))


def _walk(node: _Node, key: Key, name: str) -> Iterator[tuple[Key, _Node]]:
    """Every value, aliases followed, so that the bounds hold for what they expand to."""
    stack, seen = [(key, node)], 0
    while stack:
        key, node = stack.pop()
        seen += 1
        if seen > MAX_VALUES:
            raise InputError(f"{name}:{node.line}: must have at most {MAX_VALUES:,} values, aliases written out")
        if len(key) > MAX_DEPTH:
            raise InputError(f"{name}:{node.line}: must be nested at most {MAX_DEPTH} deep")
        yield key, node
        stack += [((*key, k), child) for k, child in reversed(node.children)]


class _Builder:
    """Turns parser events into nodes; recursion is bounded by MAX_DEPTH."""

    def __init__(self, events: Iterator[Any], name: str) -> None:
        self.events = events
        self.name = name
        self.anchors: dict[str, _Node | None] = {}

    def error(self, event: Any, sentence: str) -> InputError:
        return InputError(f"{self.name}:{event.start_mark.line + 1}: {sentence}")

    def next(self) -> tuple[str, Any]:
        event = next(self.events)
        return type(event).__name__.removesuffix("Event"), event

    def document(self) -> _Node:
        self.next()  # stream start
        kind, event = self.next()
        if kind == "StreamEnd":
            raise InputError(f"{self.name}:1: must not be empty")
        root = self.node(*self.next(), depth=0)
        if root.value is None:
            raise InputError(f"{self.name}:1: must not be empty")
        self.next()  # document end
        kind, event = self.next()
        if kind != "StreamEnd":
            raise self.error(event, "must hold one YAML document; a second one starts here")
        return root

    def node(self, kind: str, event: Any, depth: int) -> _Node:
        if depth > MAX_DEPTH:
            raise self.error(event, f"must be nested at most {MAX_DEPTH} deep")
        if kind == "Alias":
            return self.alias(event)
        if event.anchor:
            self.anchors[event.anchor] = None  # open: an alias to it from inside would have no end
        self.check_tag(kind, event)
        node = _Node(None, event.start_mark.line + 1, event.start_mark.column + 1)
        if kind == "Scalar":
            node.value = self.scalar(event)
        elif kind == "SequenceStart":
            self.sequence(node, depth)
        else:
            self.mapping(node, depth)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def alias(self, event: Any) -> _Node:
        if event.anchor not in self.anchors:
            raise self.error(event, f"alias '*{event.anchor}' must follow its anchor '&{event.anchor}'")
        node = self.anchors[event.anchor]
        if node is None:
            raise self.error(event, f"alias '*{event.anchor}' must not stand inside its own anchor")
        return node

    def check_tag(self, kind: str, event: Any) -> None:
        fitting = {"Scalar": "str", "SequenceStart": "seq", "MappingStart": "map"}[kind]
        if event.tag not in (None, "!", _STANDARD + fitting):
            tag = event.tag.replace(_STANDARD, "!!")
            raise self.error(event, f"tag '{tag}' is not known; write the value without it")

    def scalar(self, event: Any) -> Any:
        text = event.value
        if not (event.implicit[0] and not event.style) or event.tag is not None:
            return text
        if text in ("", "~", "null"):
            return None
        if text in ("true", "false"):
            return text == "true"
        if _FLOAT.fullmatch(text):
            if len(text) > _MAX_DIGITS or isinf(float(text)):
                raise self.error(event, f"number must be below 1e308 and {_MAX_DIGITS} digits, not {text[:20]}...")
            if _INTEGER.fullmatch(text):
                return int(text)
            # 010 is eight in YAML 1.1 and ten in 1.2: neither is guessed.
            return text if re.fullmatch(r"[-+]?0[0-9]+", text) else float(text)
        return text

    def sequence(self, node: _Node, depth: int) -> None:
        kind, event = self.next()
        while kind != "SequenceEnd":
            node.children.append((len(node.children), self.node(kind, event, depth + 1)))
            kind, event = self.next()
        node.value = [child.value for _, child in node.children]

    def mapping(self, node: _Node, depth: int) -> None:
        lines: dict[str, int] = {}
        kind, event = self.next()
        while kind != "MappingEnd":
            key, line = self.key(kind, event), event.start_mark.line + 1
            if key in lines:
                raise self.error(event, f"'{key}' must appear once; it is already on line {lines[key]}")
            lines[key] = line
            child = self.node(*self.next(), depth + 1)
            # An entry's place is its key, also when the value is an alias or starts on a later line.
            placed = _Node(child.value, line, event.start_mark.column + 1, child.children)
            node.children.append((key, placed))
            kind, event = self.next()
        node.value = {key: child.value for key, child in node.children}

    def key(self, kind: str, event: Any) -> str:
        if kind != "Scalar":
            raise self.error(event, "a key must be a word, not a list, map or alias")
        if event.value == "<<" and not event.style:
            raise self.error(event, "'<<' is not supported; write the fields out")
        if event.anchor:
            raise self.error(event, f"a key must not carry an anchor ('&{event.anchor}')")
        self.check_tag(kind, event)
        return str(event.value)


@cache
def _parser() -> Any:
    import yaml

    return getattr(yaml, "CLoader", yaml.Loader)


def _tab_hint(text: str, line: int) -> str:
    lines = text.splitlines()
    indented = line <= len(lines) and "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    return "; indent with spaces, not tabs" if indented else ""


def display(path: Path) -> str:
    """The path as people see it from where they stand."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError, RuntimeError):
        return str(path)


def dump_yaml(value: Any) -> str:
    """Plain values as YAML that ``parse_yaml`` reads back equal: keys in their order, text quoted where it must be."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Dumper, data: str) -> yaml.ScalarNode:
        looks_like_another = data in ("", "~", "null", "true", "false", "<<") or _FLOAT.fullmatch(data)
        return dumper.represent_scalar(_STANDARD + "str", data, style='"' if looks_like_another else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110))
