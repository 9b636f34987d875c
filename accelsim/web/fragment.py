"""A piece of a page: HTML, and the style, script and data that bring it to life."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib.resources import files

from markupsafe import Markup

from accelsim.errors import InputError

_ID = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Kind:
    """What all fragments of a kind share, and a page therefore carries once.

    style   CSS; rules should begin with ``.name``, the class that every fragment of the kind has
    script  JavaScript that calls ``accelsim.register(name, function (root, data) { ... })``: called once per fragment,
            with its element and its data, when the page has loaded
    """

    name: str
    style: str = ""
    script: str = ""

    @staticmethod
    def shipped(name: str, package: str) -> Kind:
        """The kind whose ``name.css`` and ``name.js`` (either may be missing) ship in a package's folder."""
        folder = files(package)
        texts = [folder / f"{name}.{ending}" for ending in ("css", "js")]
        style, script = (text.read_text(encoding="utf-8") if text.is_file() else "" for text in texts)
        return Kind(name, style, script)


@dataclass(frozen=True)
class Fragment:
    """One section of a page.

    id      unique in the page: lower-case letters, digits and hyphens; ``#id`` links to it
    title   its heading, plain text; no heading when empty
    body    HTML that is safe already: made by `render`, or Markup whose values were escaped
    data    what the script of its kind works on, anything that JSON can say
    inner   fragments inside it, in order
    """

    id: str
    title: str
    body: Markup = field(default_factory=Markup)
    kind: Kind | None = None
    data: object = None
    inner: tuple[Fragment, ...] = field(default=())

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise InputError(f"id of a fragment must be of letters a-z, digits and hyphens, not {self.id!r}")
        if not isinstance(self.body, Markup):
            raise InputError(f"fragment {self.id}: body must be Markup, so that its text is escaped, not plain text")

    def walk(self) -> tuple[Fragment, ...]:
        """This fragment and all inside it, in the order of the page."""
        return (self, *(each for one in self.inner for each in one.walk()))


def slug(text: str) -> str:
    """An id made of any text: what is no letter a-z or digit becomes a hyphen.

    >>> slug("CONV1 on <b>")
    'conv1-on-b'
    """
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words if _ID.fullmatch(words) else f"x-{words}".rstrip("-")


def embedded(data: object) -> Markup:
    """Data as JSON for a script element: no ``<`` is left that could end it.

    >>> embedded({"name": "</script><script>alert(1)"})
    Markup('{"name":"\\\\u003c/script>\\\\u003cscript>alert(1)"}')
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))
