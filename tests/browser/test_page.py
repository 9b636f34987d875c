"""The base of web pages in the browser: quiet, escaped, accessible, light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import Markup

from accelsim.web.fragment import Fragment, Kind
from accelsim.web.page import render, render_page

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
ECHO = Kind(
    "echo",
    style=".echo b { color: var(--ink); }",
    script='accelsim.register("echo", (root, data) => root.append(accelsim.element("b", {}, data.says)));',
)


def fragment(number: int, says: str) -> Fragment:
    return Fragment(f"echo-{number}", says, render("<p>{{ says }}</p>", says=says), ECHO, {"says": says})


def test_fragments_get_their_own_data_and_nothing_is_requested(open_page: Callable[..., Any]) -> None:
    opened = open_page(render_page("Two", [fragment(1, "one"), fragment(2, "two")]))
    assert opened.page.locator("#echo-1 b").inner_text() == "one"
    assert opened.page.locator("#echo-2 b").inner_text() == "two"
    opened.assert_quiet()


def test_text_of_users_stays_text_in_every_place(open_page: Callable[..., Any]) -> None:
    opened = open_page(render_page(EVIL, [fragment(1, EVIL), fragment(2, EVIL)], subtitle=EVIL, note=EVIL))
    for place in ("h1", ".subtitle", "footer p", "#echo-1 h2", "#echo-1 p", "#echo-1 b", "nav li >> nth=0"):
        assert opened.page.locator(place).inner_text() == EVIL, place
    assert opened.page.title() == EVIL
    opened.assert_quiet()


def test_even_unescaped_script_and_loading_are_forbidden_by_the_page(open_page: Callable[..., Any]) -> None:
    body = Markup("<script>document.title = 'ran'</script><img src='https://example.org/x.png' alt='x'>")
    opened = open_page(render_page("Guarded", [Fragment("a", "A", body)]))
    assert opened.page.title() == "Guarded"
    assert len(opened.complaints) == 2
    assert all("Content Security Policy" in complaint for complaint in opened.complaints)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding(open_page: Callable[..., Any], scheme: str) -> None:
    opened = open_page(render_page("Plain", [fragment(1, "one"), fragment(2, "two")], "sub", "note"), scheme=scheme)
    assert opened.grave_findings() == []


def test_the_button_turns_dark_into_light_and_back(open_page: Callable[..., Any]) -> None:
    page = open_page(render_page("Theme", [fragment(1, "one")]), scheme="dark").page
    colour = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(colour)
    page.get_by_role("button", name="Light").click()
    light = page.evaluate(colour)
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(colour) == dark
