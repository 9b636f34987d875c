"""report.html in sections: what is asked and found, every layer, the way down to one, and where it all comes from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files as resources

from markupsafe import Markup

from accelsim.architecture.render import render_architecture
from accelsim.report.contents import notes, summary_tables, why
from accelsim.report.markdown import asked, subject
from accelsim.report.page.content import page_content
from accelsim.report.provenance import Input, versions
from accelsim.report.reasons import Findings
from accelsim.report.tables import render_html
from accelsim.web.fragment import Fragment, Kind
from accelsim.web.page import render, render_page

SCRIPTS = ("numbers", "table", "marks", "charts", "state", "overview", "figures", "detail", "start")
LIVE = Markup('<div class="live"></div>')
_OVERVIEW = """\
<p>{{ asked }}</p>
{% if lacking %}
<ul class="notice">
{% for sentence in lacking %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
{% endif %}
<div class="live"></div>
<noscript>{{ tables }}</noscript>
"""
_NOTES = """\
<ul>
{% for sentence in notes %}
<li>{{ sentence }}</li>
{% endfor %}
</ul>
"""
_PROVENANCE = """\
<p>{{ versions }}.{% if source %} {{ source }}.{% endif %} SHA-256 is that of each file as it was read.</p>
{% for one in inputs %}
<details>
<summary>{{ one.noun }} {{ one.name }}</summary>
{% if one.digest %}
<p class="quiet">SHA-256 {{ one.digest }}</p>
{% endif %}
<pre tabindex="0" role="region" aria-label="{{ one.noun }} {{ one.name }}">{{ one.text }}</pre>
</details>
{% endfor %}
"""


def render_report_page(found: Findings, files: Mapping[str, bytes]) -> str:
    """The page as text. ``files``: name and content of what it offers to be saved.

    Text of users is escaped; the same findings give the same bytes.
    """
    comparison = found.comparison
    tables = Markup("".join(render_html(table) for table in summary_tables(comparison)))
    lacking = [why(result) for result in comparison.infeasible]
    overview = render(_OVERVIEW, asked=asked(comparison), lacking=lacking, tables=tables)
    told = notes(comparison)
    fragments = [
        Fragment("overview", "Overview", overview, _kind(), page_content(found, files)),
        *found.motion,
        Fragment("detail", "In detail", LIVE),
        Fragment("layers", "Layers", LIVE),
        *([Fragment("notes", "Notes", render(_NOTES, notes=told))] if told else []),
        Fragment("downloads", "Data", render("<p>{{ text }}</p>{{ live }}", text=_SAVED, live=LIVE)),
        Fragment("provenance", "Provenance", _provenance(found)),
    ]
    return render_page(subject(found), fragments, note=f"accelsim {dict(versions())['accelsim']}")


_SAVED = "The numbers in full; everything on this page is made of them."


def _provenance(found: Findings) -> Markup:
    shown = found.inputs or tuple(
        Input("machine", a.name, "", render_architecture(a)) for a in found.comparison.architectures
    )
    told = ", ".join(f"{name} {number}" for name, number in versions())
    return render(_PROVENANCE, inputs=shown, versions=told, source=found.source.rstrip("."))


@cache
def _kind() -> Kind:
    folder = resources("accelsim.report.page")
    texts = [(folder / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    script = '(function () {\n"use strict";\n' + "\n".join(texts) + "})();\n"
    return Kind("report", (folder / "report.css").read_text(encoding="utf-8"), script)
