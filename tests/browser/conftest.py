"""Pages in a real browser: Debian's Chromium through Playwright, from file://, with an ear for requests and errors.

Collected only where the extra ``browser`` is installed (make test-all). ``ACCELSIM_CHROMIUM`` names another Chromium.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if find_spec("playwright") and find_spec("axe_playwright_python") else ["test_*.py"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
GRAVE = ("serious", "critical")


@dataclass
class Opened:
    """A page and what it did: ``requests`` other than its own file, and ``complaints`` (console errors, exceptions)."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def grave_findings(self) -> list[str]:
        """What axe calls serious or critical, each as rule and element."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']} ({rule['impact']}): {node['html'][:160]}"
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]

    def assert_quiet(self) -> None:
        """No request to anywhere and no error so far."""
        assert (self.requests, self.complaints) == ([], [])


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser for all tests of a run."""
    from playwright.sync_api import sync_playwright

    path = os.environ.get("ACCELSIM_CHROMIUM") or shutil.which("chromium")
    assert path, "tests/browser need Chromium: apt-get install chromium, or set ACCELSIM_CHROMIUM to its path"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens HTML (text, or the path of a file) from disk: ``open_page(html, width=..., scheme="dark")``."""
    contexts = []

    def opened(html: str | Path, width: int = 1280, scheme: str = "light") -> Opened:
        path = html if isinstance(html, Path) else tmp_path / f"page{len(contexts)}.html"
        if isinstance(html, str):
            path.write_text(html, encoding="utf-8")
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce", offline=True
        )
        contexts.append(context)
        result = Opened(context.new_page())
        own = path.resolve().as_uri()
        result.page.on("request", lambda request: _note(result, request.url, own))
        result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
        result.page.on("console", lambda said: said.type == "error" and result.complaints.append(said.text))
        result.page.on(
            "dialog", lambda dialog: (result.complaints.append(f"dialog {dialog.message}"), dialog.dismiss())
        )
        result.page.goto(own)
        return result

    yield opened
    for context in contexts:
        context.close()


def _note(opened: Opened, url: str, own: str) -> None:
    """Keeps a request unless it is the page's own file, or data and blobs that the page holds itself."""
    if url.split("#")[0] != own and not url.startswith(("data:", "blob:")):
        opened.requests.append(url)
