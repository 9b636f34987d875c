"""``accelsim compare``, ``run`` and ``report``: networks on machines, every layer at its best mapping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli import options, output
from accelsim.errors import InputError

if TYPE_CHECKING:
    from accelsim.report.comparison import Comparison
    from accelsim.report.declaration import Declaration
    from accelsim.report.parts import Part
    from accelsim.report.reasons import Findings
    from accelsim.workload.network import Network
    from accelsim.workload.scenario import Scenario

ONE_LAYER_WITHOUT = 1
SETTINGS = ("batch", "objective", "convention", "dataflow", "gap", "seconds", "steps")


@click.command(short_help="Compare machines on networks.")
@click.argument("networks", nargs=-1, metavar="[NETWORK]...")
@click.option("--arch", "machines", multiple=True, metavar="NAME|FILE,...", help="The machines, separated by commas.")
@click.option("--report", metavar="NAME|FILE", help="A declared report, in place of networks and machines.")
@options.batch
@options.scenario
@options.searching
@options.workers
@options.stalls
@options.out
@options.as_json
@click.pass_context
def compare(ctx: click.Context, /, networks: tuple[str, ...], machines: tuple[str, ...], **given: Any) -> int:
    """Compare machines on networks, each layer at its best mapping.

    Prints tables and bars per network (machines as rows) and a table per layer. A layer that a machine cannot map is
    marked, the others complete, and the exit status is 1.

    \b
    Example:
      accelsim compare alexnet --arch ws256,osa256,rs256 --batch 16 --out out/
      accelsim compare --report dataflows256
    """
    from accelsim.report.bars import machine_bars
    from accelsim.report.contents import summary_tables
    from accelsim.report.layer_tables import layer_tables

    if given["report"] is not None:
        if networks or machines:
            raise InputError("compare needs either --report or networks and --arch, not both")
        declaration = _overridden(ctx, given)
    else:
        declaration = _declared(networks, machines, given)
    return _answer(
        declaration, given, lambda found: [*summary_tables(found), *machine_bars(found), *layer_tables(found)]
    )


@click.command(short_help="Run one network on one machine.")
@click.argument("network", metavar="NETWORK")
@options.arch
@options.batch
@options.scenario
@options.searching
@options.workers
@options.stalls
@options.out
@options.as_json
def run(network: str, architecture: str, **given: Any) -> int:
    """Run one network on one machine: tables and bars with a row per layer.

    \b
    Example:
      accelsim run vgg16 --arch eyeriss --batch 3
      accelsim run gpt2 --arch eyeriss --phase decode --context 1024
    """
    from accelsim.report.bars import layer_bars
    from accelsim.report.contents import summary_tables
    from accelsim.report.layer_tables import machine_tables

    declaration = _declared((network,), (architecture,), given)
    return _answer(
        declaration, given, lambda found: [*machine_tables(found), *layer_bars(found), *summary_tables(found)]
    )


@click.command(short_help="Make a declared report: a folder with an interactive page.")
@click.argument("name", metavar="NAME|FILE")
@options.batch
@options.scenario
@options.searching
@click.option(
    "--what-if", metavar="LAYERS", help="Search what more would buy for: none, largest, all, or layers, by commas."
)
@click.option("--view", "played", metavar="LAYERS", help="Play the dataflow of these layers, separated by commas.")
@options.workers
@options.stalls
@click.option("--out", required=True, metavar="DIR", help="The folder to write, all or nothing.")
@options.as_json
@click.pass_context
def report(ctx: click.Context, /, name: str, what_if: str | None, played: str | None, **given: Any) -> int:
    """Make a declared report: networks on machines, written to a folder.

    report.html there is one file that needs no network: tables that sort and filter, charts, the way down from network
    to layer to level to loop nest, the reasons, and where it all comes from. Beside it are Markdown, CSV, JSON and
    figures for print. Options take the place of what the report states.

    \b
    Example:
      accelsim report dataflows256 --out out/
      accelsim report my_report.yaml --what-if CONV2,FC6 --out out/
    """
    from accelsim.report.contents import summary_tables

    declaration = _overridden(ctx, {**given, "report": name})
    if what_if is not None:
        declaration = replace(declaration, what_if=_layers(what_if))
    if played is not None:
        declaration = replace(declaration, view=_names(played))
    return _answer(declaration, given, summary_tables)


def _layers(text: str) -> str | tuple[str, ...]:
    """none, largest, all, or the names that commas separate."""
    from accelsim.report.reasons import EVERY_LAYER, LARGEST, NO_LAYER

    names = _names(text)
    return names[0] if len(names) == 1 and names[0] in (NO_LAYER, LARGEST, EVERY_LAYER) else names


def _names(text: str) -> tuple[str, ...]:
    """The names that commas separate."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _declared(networks: tuple[str, ...], machines: tuple[str, ...], given: dict[str, Any]) -> Declaration:
    from accelsim.report.declaration import Declaration

    names = tuple(name.strip() for entry in machines for name in entry.split(",") if name.strip())
    if not networks or not names:
        lacking = "a NETWORK" if not networks else "machines: --arch NAME,..."
        raise InputError(f"compare needs {lacking}; see 'accelsim compare --help'")
    return Declaration("", "", networks, names, _settings(given), what_if="none")


def _settings(given: dict[str, Any]) -> Any:
    from accelsim.report.results import Settings

    return Settings(**{name: given[name] for name in SETTINGS})


def _overridden(ctx: click.Context, given: dict[str, Any]) -> Declaration:
    """The declared report, with the settings that were given on the command line in place of its own."""
    from accelsim.report.declaration import load_declaration

    declaration = load_declaration(given["report"])
    stated = {
        name: given[name]
        for name in SETTINGS
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    return replace(declaration, settings=replace(declaration.settings, **stated))


def _answer(declaration: Declaration, given: dict[str, Any], tables: Callable[[Comparison], Sequence[Part]]) -> int:
    """Search, write, print; the exit status is 1 when a layer has no mapping."""
    from accelsim.report.comparison import compare as compare_
    from accelsim.report.contents import notes

    workers = options.checked_workers(given["workers"])
    networks = _networks(declaration, options.scenario_of(given))
    with ExitStack() as stack:
        scratch = _staged(stack, given["out"])
        with output.progress("layers") as progress:
            found = compare_(
                networks,
                declaration.machines,
                **vars(declaration.settings),
                workers=workers,
                progress=progress,
                cache=not given["no_cache"],
            )
        timed = _timed(found) if given["stalls"] or declaration.stalls else []
        if scratch is not None:
            from accelsim.report.export import write_files

            known = _findings(declaration, found, timed, networks, given, workers)
            written = write_files(known, scratch, declaration.figures)
    if given["out"] is not None:
        output.log(f"{len(written)} files written to {given['out']}")
    if given["as_json"]:
        from accelsim.report.records import comparison_record

        output.print_json(comparison_record(found))
    else:
        from accelsim.report.stalls import stall_tables

        output.print_tables([*tables(found), *stall_tables(timed)], notes(found))
    return ONE_LAYER_WITHOUT if found.infeasible else 0


def _findings(
    declaration: Declaration, found: Comparison, timed: Any, networks: tuple[Network, ...], given: dict[str, Any],
    workers: int,
) -> Findings:  # fmt: skip
    """What was found with its reasons, and the files that it was made of."""
    from accelsim.report.provenance import inputs_of
    from accelsim.report.reasons import findings
    from accelsim.report.searching import cache_of

    batch = declaration.settings.batch
    ran = tuple(network if batch is None else network.with_batch(batch) for network in networks)
    with output.progress("asking what more would buy") as progress:
        known = findings(
            found, declaration.title, declaration.source, timed, declaration.what_if, workers, progress,
            cache_of(not given["no_cache"]), inputs_of(declaration, ran),
        )  # fmt: skip
    if not declaration.view:
        return known
    from accelsim.report.motion import views_of

    with output.executing("executing layers to be viewed") as watch:
        return replace(known, motion=views_of(found, declaration.view, watch))


def _timed(found: Comparison) -> Any:
    """Every layer followed through the tile pipeline."""
    from accelsim.report.stalls import timed_layers

    with output.progress("following tiles") as progress:
        return timed_layers(found, progress)


def _networks(declaration: Declaration, scenario: Scenario) -> tuple[Network, ...]:
    """The networks as their files say, but for the scenario."""
    from accelsim.report.searching import check_settings
    from accelsim.workload.files import load_network

    check_settings(declaration.settings)
    networks = tuple(load_network(name, scenario=scenario) for name in declaration.networks)
    return networks if declaration.layers is None else tuple(network.only(declaration.layers) for network in networks)


def _staged(stack: ExitStack, out: str | None) -> Path | None:
    """The scratch directory of --out, found writable before the long work."""
    if out is None:
        return None
    if not out.strip():
        raise InputError("--out must be a directory, not an empty name")
    from accelsim.report.export import staged

    return stack.enter_context(staged(Path(out)))
