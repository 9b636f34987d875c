"""Size of the interactive page, and how long a browser takes to open, sort and filter it.

    python benchmarks/report.py [--machines 50] [--network alexnet]

Needs the extra ``browser`` and Chromium. Beyond six machines, results of the six stand under other names: only the size
of the report matters here.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import accelsim
from accelsim.report.compared import Compared
from accelsim.report.export import data_files
from accelsim.report.page.page import render_report_page
from accelsim.report.reasons import findings

MACHINES = ("ws256", "osa256", "osb256", "osc256", "nlr256", "rs256")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machines", type=int, default=6)
    parser.add_argument("--network", default="alexnet")
    parser.add_argument("--gap", type=float, default=0.01)
    asked = parser.parse_args()
    compared = several(accelsim.compare(asked.network, MACHINES, batch=16, gap=asked.gap), asked.machines)
    found = findings(compared)
    text = render_report_page(found, data_files(found))
    size = len(text.encode()) / 1e6
    print(f"{asked.network} on {asked.machines} machines, {len(compared.results)} rows: {size:.2f} MB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        for name, milliseconds in times(path):
            print(f"  {name:32} {milliseconds:7.0f} ms")


def several(found: Compared, machines: int) -> Compared:
    """The results under as many names of machines."""
    results, architectures = [], []
    for i in range(machines):
        base = found.architectures[i % len(found.architectures)]
        machine = base if i < len(found.architectures) else replace(base, name=f"{base.name}-{i}")
        architectures.append(machine)
        results += [replace(r, architecture=machine) for r in found.results if r.machine == base.name]
    return Compared(found.networks, tuple(architectures), found.settings, tuple(results))


def times(path: Path) -> list[tuple[str, float]]:
    """What a reader waits for."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(path.as_uri())
        opened = page.evaluate("performance.getEntriesByType('navigation')[0].domComplete")
        measured = [("opened (domComplete)", opened)]
        measured.append(("sort the layers", _timed(page, "document.querySelectorAll('#layers .sort')[4].click()")))
        typed = (
            "const field = document.querySelectorAll('#layers input')[4]; field.value = '>1';"
            " field.dispatchEvent(new Event('input'))"
        )
        measured.append(("filter the layers", _timed(page, typed)))
        measured.append(
            ("hide a machine everywhere", _timed(page, "document.querySelector('.machines input').click()"))
        )
        measured.append(("go down to a layer", _timed(page, "document.querySelector('#layers tbody a').click()")))
        browser.close()
        return measured


def _timed(page: Any, action: str) -> float:
    """Milliseconds until the page has drawn what an action changes."""
    drawn = "requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)))"
    return float(
        page.evaluate(f"() => new Promise((done) => {{ const start = performance.now(); {action}; {drawn}; }})")
    )


if __name__ == "__main__":
    main()
