"""How values of lower layers show in a notebook; they know nothing of HTML themselves.

Everything is escaped, takes its colours from the page (so that it reads on light and dark ones) but for the bars, which
have those of figures beside patterns of their own, and says nothing that changes from run to run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any

from accelsim.report.bars import PATTERNS, Bars, evaluation_bars
from accelsim.report.single import certificate_sentence, evaluation_tables
from accelsim.report.tables import WIDTH, render_html
from accelsim.web.palette import COLORS

PIXELS_PER_INCH = 110
"""A page's size of a figure; its picture has more, for fine screens."""

if TYPE_CHECKING:
    from accelsim.architecture.spec import Architecture
    from accelsim.mapping.counts import AccessCounts
    from accelsim.mapping.dataflow import Dataflow
    from accelsim.mapping.nest import Mapping
    from accelsim.model.evaluation import Evaluation
    from accelsim.report.timing import Timing
    from accelsim.search.explain import Explanation
    from accelsim.search.interface import Certificate, SearchResult
    from accelsim.search.pareto import Front
    from accelsim.workload.network import Network


def text_html(text: str) -> str:
    """Text in the page's fixed-width letters."""
    return f"<pre>{escape(text)}</pre>"


def sentences_html(sentences: Iterable[str]) -> str:
    """A paragraph per sentence."""
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def bars_html(bars: Bars) -> str:
    """The chart as on a terminal."""

    def coloured(part: int, text: str) -> str:
        return f"<span style='color:{COLORS[part % len(COLORS)]}'>{text}</span>" if text else ""

    def pattern(part: int) -> str:
        return PATTERNS[part % len(PATTERNS)]

    legend = "  ".join(f"{coloured(i, pattern(i))} {escape(name)}" for i, name in enumerate(bars.parts))
    rows = (
        f"{escape(label)}  {''.join(coloured(i, pattern(i) * n) for i, n in enumerate(cells))}  {escape(value)}"
        for label, cells, value in bars.drawn(WIDTH)
    )
    return "<pre>" + "\n".join((f"<b>{escape(bars.title)}</b>", legend, *rows)) + "</pre>"


def mapping_html(mapping: Mapping) -> str:
    """The nest as it prints."""
    return text_html(str(mapping))


def architecture_html(architecture: Architecture) -> str:
    """The machine as a tree, each number with the place it comes from."""
    from accelsim.architecture.render import render_architecture

    return text_html(render_architecture(architecture).rstrip("\n"))


def dataflow_html(dataflow: Dataflow) -> str:
    """The dataflow as its file."""
    from accelsim.mapping.dataflow_files import render_dataflow

    return text_html(render_dataflow(dataflow).rstrip("\n"))


def network_html(network: Network) -> str:
    """A row per layer, and what must be held."""
    from accelsim.report.network_table import network_table

    return render_html(network_table(network))


def counts_html(counts: AccessCounts) -> str:
    """Words of every level, and through every network."""
    from accelsim.report.single import count_tables

    return "".join(map(render_html, count_tables(counts)))


def evaluation_html(evaluation: Evaluation) -> str:
    """The nest, and what it costs."""
    nest = "" if evaluation.mapping is None else mapping_html(evaluation.mapping)
    cost, *tables = evaluation_tables(evaluation)
    bars = bars_html(evaluation_bars(evaluation))
    return nest + render_html(cost) + bars + "".join(map(render_html, tables))


def certificate_html(certificate: Certificate) -> str:
    """How sure a search is."""
    return sentences_html([certificate_sentence(certificate, timed=False)])


def search_html(found: SearchResult) -> str:
    """The nest, what it costs, and how sure the search is."""
    return evaluation_html(found.evaluation) + certificate_html(found.certificate)


def explanation_html(why: Explanation) -> str:
    """Why a mapping costs what it costs."""
    from accelsim.report.explaining import explanation_sentences, explanation_tables

    return "".join(map(render_html, explanation_tables(why))) + sentences_html(explanation_sentences(why))


def front_html(front: Front) -> str:
    """Every best trade-off of energy and cycles."""
    from accelsim.report.fronts import front_table

    some = front.points[0].evaluation
    title = f"{some.operation} on {some.architecture}: best trade-offs of energy and cycles"
    return render_html(front_table(front, title, some.energy_unit))


def timing_html(timing: Timing) -> str:
    """Where the time goes, in parts."""
    return render_html(timing.table())


def figure_png(figure: Any) -> tuple[bytes, dict[str, int]]:
    """A figure as a picture and the pixels it shall take, where no plotting backend shows it already."""
    from accelsim.report.style import picture

    return picture(figure, "png"), {"width": round(PIXELS_PER_INCH * figure.get_figwidth())}


_HTML = (
    ("accelsim.architecture.spec", "Architecture", architecture_html),
    ("accelsim.mapping.counts", "AccessCounts", counts_html),
    ("accelsim.mapping.dataflow", "Dataflow", dataflow_html),
    ("accelsim.mapping.nest", "Mapping", mapping_html),
    ("accelsim.model.evaluation", "Evaluation", evaluation_html),
    ("accelsim.report.timing", "Timing", timing_html),
    ("accelsim.search.explain", "Explanation", explanation_html),
    ("accelsim.search.interface", "Certificate", certificate_html),
    ("accelsim.search.interface", "SearchResult", search_html),
    ("accelsim.search.pareto", "Front", front_html),
    ("accelsim.workload.network", "Network", network_html),
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
