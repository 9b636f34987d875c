"""One self-contained HTML document of fragments: opens from disk, asks nothing of any network, same bytes every time.

The document forbids all loading and every script but its own (by their hashes, Content-Security-Policy), so text of
users can neither run nor call anywhere even if it were not escaped.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from accelsim.errors import InputError
from accelsim.web.fragment import Fragment, Kind, embedded
from accelsim.web.palette import css_variables


def render_page(title: str, fragments: Sequence[Fragment], subtitle: str = "", note: str = "") -> str:
    """The document as text: a heading, links to the fragments where there are several, the fragments, a closing note.

    Raises InputError when two fragments have one id, or two kinds one name.
    """
    walked = [each for one in fragments for each in one.walk()]
    twice = [name for name, times in Counter(each.id for each in walked).items() if times > 1]
    if twice:
        raise InputError(f"ids of a page's fragments must be unique, not '{twice[0]}' twice")
    kinds = _kinds(walked)
    scripts = [Markup(_own("page.js")), *(Markup(kind.script) for kind in kinds if kind.script)]
    styles = [css_variables(), _own("page.css"), *(kind.style for kind in kinds if kind.style)]
    for text in (*scripts, *styles):
        assert "</s" not in text.lower(), "a shipped script or style must not end its own element"
    policy = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return render(
        _own("page.html"),
        title=title,
        subtitle=subtitle,
        note=note,
        fragments=fragments,
        styles=Markup("\n".join(styles)),
        scripts=scripts,
        policy=Markup(policy),
        embedded=embedded,
    )


def render(template: str, **values: Any) -> Markup:
    """A jinja2 template (its text) with these values, every one escaped unless it is Markup."""
    return Markup(_environment().from_string(template).render(**values))


@cache
def _environment() -> Environment:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)


@cache
def _own(name: str) -> str:
    return (files("accelsim.web") / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return b64encode(sha256(script.encode()).digest()).decode()


def _kinds(fragments: Iterable[Fragment]) -> list[Kind]:
    found: dict[str, Kind] = {}
    for fragment in fragments:
        kind = fragment.kind
        if kind is not None and found.setdefault(kind.name, kind) != kind:
            raise InputError(f"kinds of a page's fragments must have unique names, not two '{kind.name}'")
    return list(found.values())
