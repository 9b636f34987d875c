"""Pages as text: deterministic, escaped, composed only of what has an id of its own."""

from __future__ import annotations

import json
import re

import pytest

from accelsim.errors import InputError
from accelsim.report.style import COLORS as FIGURE_COLORS
from accelsim.web.fragment import Fragment, Kind, embedded, slug
from accelsim.web.page import render, render_page
from accelsim.web.palette import COLORS, css_variables, tensor_color

KIND = Kind("k", ".k { color: red; }", "accelsim.register('k', () => {});")


def test_a_page_is_the_same_bytes_every_time_and_names_no_network() -> None:
    fragments = [Fragment("a", "A", render("<p>{{ x }}</p>", x=1), KIND, {"x": [1, 2]}), Fragment("b", "B", kind=KIND)]
    page = render_page("T", fragments)
    assert page == render_page("T", fragments)
    outside = set(re.findall(r"(?:https?:)?//[a-z0-9.]+", page)) - {"http://www.w3.org"}  # the name of SVG
    assert outside == set()


def test_what_a_kind_shares_is_there_once() -> None:
    page = render_page("T", [Fragment("a", "A", kind=KIND, inner=(Fragment("b", "B", kind=KIND),))])
    assert page.count("accelsim.register('k'") == 1
    assert page.count(".k { color: red; }") == 1
    assert page.index('id="a"') < page.index('id="b"')


def test_data_cannot_end_its_element_and_reads_back() -> None:
    data = {"name": "</script><!-- <script>", "words": 2**53}
    assert "<" not in embedded(data)
    assert json.loads(embedded(data)) == data


def test_ids_and_kinds_are_unique_and_bodies_are_escaped() -> None:
    with pytest.raises(InputError, match=r"ids of a page's fragments must be unique, not 'a' twice"):
        render_page("T", [Fragment("a", ""), Fragment("b", "", inner=(Fragment("a", ""),))])
    with pytest.raises(InputError, match=r"kinds of a page's fragments must have unique names, not two 'k'"):
        render_page("T", [Fragment("a", "", kind=KIND), Fragment("b", "", kind=Kind("k", "other"))])
    with pytest.raises(InputError, match=r"id of a fragment must be of letters a-z, digits and hyphens, not 'A b'"):
        Fragment("A b", "")
    with pytest.raises(InputError, match=r"fragment a: body must be Markup, so that its text is escaped"):
        Fragment("a", "", "<b>")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "made"), [("CONV1", "conv1"), ("3x3", "x-3x3"), ("<script>", "script"), ("層", "x"), ("a -- b", "a-b")]
)
def test_any_text_gives_an_id(text: str, made: str) -> None:
    assert slug(text) == made
    Fragment(slug(text), text)


def test_figures_and_pages_share_their_colours() -> None:
    assert FIGURE_COLORS is COLORS
    assert all(color in css_variables() for color in COLORS)
    assert tensor_color("weights", 0) == "#E69F00"
    assert len({tensor_color("a", 0), tensor_color("b", 1), tensor_color("c", 2)}) == 3
