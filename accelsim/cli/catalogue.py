"""``accelsim list`` and ``accelsim show``: what ships, and what is in it."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill
from typing import Any

import click

from accelsim.cli import options, output
from accelsim.errors import InputError, nearest

KINDS = ("architectures", "workloads", "dataflows", "reports", "conventions")
ALIASES = {"machines": "architectures", "networks": "workloads"}
NOUNS = {"architectures": "architecture", "workloads": "network", "dataflows": "dataflow", "reports": "report"}


@click.command("list", short_help="List what ships.")
@click.argument("what", metavar=f"[{'|'.join(KINDS)}]")
@options.as_json
def list_(what: str, as_json: bool) -> None:
    """List what ships under a name: architectures, workloads, dataflows, reports or conventions.

    \b
    Example:
      accelsim list architectures
    """
    kind = ALIASES.get(what, what)
    if kind not in KINDS:
        raise InputError(f"nothing is listed as '{what}'{nearest(what, KINDS)}")
    entries = _entries(kind)
    from accelsim.report.records import document

    if as_json:
        listed = [{"name": name, "description": description} for name, description in entries]
        output.print_json(document("list", {"of": kind, "entries": listed}))
        return
    indent = " " * (2 + max((len(name) for name, _ in entries), default=0))
    width = max(output.width(), len(indent) + 20)
    for name, description in entries:
        click.echo(fill(f"{name:<{len(indent)}}{description}", width, subsequent_indent=indent))


def _entries(kind: str) -> list[tuple[str, str]]:
    """(name, description in one line) of all of a kind."""
    if kind == "conventions":
        from accelsim.model.conventions import CONVENTIONS

        return [(c.name, _line(c.description)) for c in CONVENTIONS.values()]
    from accelsim.files import shipped

    return [(name, _line(_described(kind, name))) for name in shipped(kind)]


def _described(kind: str, name: str) -> str:
    value = _load(kind, name)
    return getattr(value, "description", "") or getattr(value, "title", "") or getattr(value, "source", "")


def _line(text: str) -> str:
    return " ".join(text.split())


@click.command(short_help="Show a machine, network or dataflow.")
@click.argument("name", metavar="NAME|FILE")
@options.batch
@options.scenario
@options.as_json
def show(name: str, batch: int | None, as_json: bool, **given: Any) -> None:
    """Show a machine as a tree with its sources, a network as a table, or a dataflow, a report.

    A network's table has MACs, weights, vector operations and MACs per word of each layer, and what must be held:
    weights, activations at their peak, and a cache of keys and values.

    \b
    Example:
      accelsim show eyeriss
      accelsim show gpt2 --phase decode --context 1024
    """
    kind = _kind_of(name)
    scenario = options.scenario_of(given)
    if kind == "workloads":
        from accelsim.workload.files import load_network

        value: Any = load_network(name, batch, scenario)
    elif batch is not None or scenario.stated():
        raise InputError(f"{scenario.stated() or '--batch'} says how a network runs; '{name}' is no network")
    else:
        value = _load(kind, name)
    if as_json:
        from accelsim.report.records import value_record

        output.print_json(value_record(NOUNS[kind], value.name, value))
    elif kind == "workloads" and output.on_terminal():
        from accelsim.report.network_table import network_table

        output.print_tables([network_table(value)])
    else:
        output.print_text(_rendered(kind, value).rstrip("\n"))


def _kind_of(name: str) -> str:
    """What a name that ships is, or what a file holds by its top fields."""
    from accelsim.files import locate, read_yaml, shipped

    for kind in NOUNS:
        if name in shipped(kind):
            return kind
    if name.endswith((".yaml", ".yml")) or "/" in name:
        document = read_yaml(locate("architectures", name))
        fields = set(document.value) if isinstance(document.value, dict) else set()
        if fields & {"layers", "type", "family"}:
            return "workloads"
        if "networks" in fields:
            return "reports"
        return "architectures" if fields & {"elements", "extends", "clock"} else "dataflows"
    known = [known for kind in NOUNS for known in shipped(kind)]
    guess = nearest(name, known)
    help_ = guess if guess.startswith("; did") else "; see 'accelsim list architectures'"
    raise InputError(f"nothing is called '{name}'{help_} (a file of your own ends in .yaml)")


def _load(kind: str, name: str) -> Any:
    return _loaders()[kind](name)


def _loaders() -> dict[str, Callable[[str], Any]]:
    from accelsim.architecture.files import load_architecture
    from accelsim.mapping.dataflow_files import load_dataflow
    from accelsim.workload.files import load_network

    return {
        "architectures": load_architecture,
        "workloads": load_network,
        "dataflows": load_dataflow,
        "reports": _load_report,
    }


def _load_report(name: str) -> Any:
    """A comparison, or a study, which has axes."""
    from accelsim.files import locate, read_yaml

    fields = read_yaml(locate("reports", name)).value
    if isinstance(fields, dict) and "axes" in fields:
        from accelsim.sweep.study import load_study

        return load_study(name)
    from accelsim.report.declaration import load_declaration

    return load_declaration(name)


def _rendered(kind: str, value: Any) -> str:
    if kind == "architectures":
        from accelsim.architecture.render import render_architecture

        return render_architecture(value)
    if kind == "workloads":
        from accelsim.workload.files import render_network

        return render_network(value)
    if kind == "dataflows":
        from accelsim.mapping.dataflow_files import render_dataflow

        return render_dataflow(value)
    from accelsim.report.declaration import Declaration, render_declaration
    from accelsim.sweep.describe import render_study

    return render_declaration(value) if isinstance(value, Declaration) else render_study(value)
