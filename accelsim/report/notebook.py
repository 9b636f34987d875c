"""How values of lower layers show in a notebook; they know nothing of HTML themselves."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any

from accelsim.report.single import certificate_sentence, evaluation_tables
from accelsim.report.tables import render_html

if TYPE_CHECKING:
    from accelsim.mapping.nest import Mapping
    from accelsim.model.evaluation import Evaluation
    from accelsim.search.interface import SearchResult


def mapping_html(mapping: Mapping) -> str:
    """The nest as it prints."""
    return f"<pre>{escape(str(mapping))}</pre>"


def evaluation_html(evaluation: Evaluation) -> str:
    """The nest, and what it costs."""
    nest = "" if evaluation.mapping is None else mapping_html(evaluation.mapping)
    return nest + "".join(render_html(table) for table in evaluation_tables(evaluation))


def search_html(found: SearchResult) -> str:
    """The nest, what it costs, and how sure the search is."""
    return evaluation_html(found.evaluation) + f"<p>{escape(certificate_sentence(found.certificate))}</p>"


def figure_png(figure: Any) -> bytes:
    """A figure as a picture, where no plotting backend shows it already."""
    from accelsim.report.style import picture

    return picture(figure, "png")


_HTML = (
    ("accelsim.mapping.nest", "Mapping", mapping_html),
    ("accelsim.model.evaluation", "Evaluation", evaluation_html),
    ("accelsim.search.interface", "SearchResult", search_html),
)


def register() -> None:
    """Teach the running notebook to show our values; does nothing outside of one."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return
    formatters = shell.display_formatter.formatters
    for module, name, render in _HTML:
        formatters["text/html"].for_type_by_name(module, name, render)
    if "matplotlib.pyplot" not in sys.modules:  # else its backend shows figures
        formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", figure_png)
