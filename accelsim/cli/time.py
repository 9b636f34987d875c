"""``accelsim time`` and ``accelsim trace``: how long a layer takes, where the time goes, and what happens when."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from accelsim.cli import options, output
from accelsim.cli.nest import nest_of
from accelsim.errors import InputError

if TYPE_CHECKING:
    from accelsim.architecture.spec import Architecture
    from accelsim.mapping.nest import Mapping
    from accelsim.workload.operation import Operation

_SEARCHING = ("mapping_file", "objective", "seconds", "no_cache")
_mapping = click.option("--mapping", "mapping_file", metavar="FILE", help="A nest of your own, instead of the best.")
_seconds = click.option("--seconds", type=float, metavar="S", help="Stop the search of a mapping after this long.")
_objective = click.option(
    "--objective", default="latency", metavar="NAME", show_default=True, help="What the mapping is best for."
)


@click.command("time", short_help="Tell how long a layer takes, and where the time goes.")
@click.argument("layers", nargs=-1, metavar="LAYER")
@options.network
@click.option("--arch", "architecture", metavar="NAME|FILE", help="The machine.")
@options.batch
@click.option(
    "--depth", default="steady,pipelined", metavar="NAME,...", show_default=True,
    help="steady, pipelined or cycle; several separated by commas.",
)  # fmt: skip
@_mapping
@_objective
@_seconds
@options.no_cache
@click.option(
    "--convention", default="ours", metavar="NAME", show_default=True,
    help="With --depth cycle: ours, or scalesim, SCALE-Sim's figures beside ours.",
)  # fmt: skip
@click.option("--dram", metavar="NAME", help="DRAM with rows and banks: ddr3_1600, ddr4_2400, lpddr4_2400, hbm2_2000.")
@click.option("--execute", is_flag=True, help="With --depth cycle: step every PE too, and compare.")
@click.option("--scalesim", metavar="CFG", help="A SCALE-Sim configuration; LAYER is then its topology file.")
@options.as_json
def time_(
    layers: tuple[str, ...], network: str | None, architecture: str | None, batch: int | None, depth: str,
    convention: str, scalesim: str | None, as_json: bool, **given: Any,
) -> None:  # fmt: skip
    """Tell how long a layer takes at one depth or several, and where the time goes.

    steady overlaps everything; pipelined follows every tile through the ports; cycle is the array PE by PE, on machines
    that describe theirs. With --scalesim, a topology file of SCALE-Sim is timed on its configuration.

    \b
    Example:
      accelsim time conv3 --network alexnet --arch eyeriss
      accelsim time conv3 --network alexnet --arch tpu_v1 --depth cycle
      accelsim time --scalesim google.cfg alexnet.csv
    """
    if len(layers) != 1:
        raise InputError(f"time takes one {'topology file' if scalesim else 'LAYER'}, not {len(layers)}")
    if scalesim is not None:
        if network or architecture or given["mapping_file"] or batch:
            raise InputError("--scalesim brings its own array and layers: no --arch, --network, --mapping or --batch")
        _scalesim(scalesim, layers[0], as_json)
        return
    operation, machine = _layer_and_machine(layers[0], network, architecture, batch)
    from accelsim.report.timing import check_depth

    depths = [check_depth(name.strip()) for name in depth.split(",")]
    if convention not in ("ours", "scalesim"):
        raise InputError(f"convention of a time must be ours or scalesim, not '{convention}'")
    if convention == "ours":
        _print_timings(operation, machine, depths, given, as_json)
    elif depths != ["cycle"]:
        raise InputError("--convention scalesim goes with --depth cycle")
    else:
        _beside_scalesim(operation, machine, as_json)


def _print_timings(
    operation: Operation, machine: Architecture, depths: list[Any], given: dict[str, Any], as_json: bool
) -> None:
    from accelsim.report.timing import on_dram, timing_record

    dram, nest = given["dram"], None
    said: tuple[str, ...] = ()
    if given["execute"] and "cycle" not in depths:
        raise InputError("--execute goes with --depth cycle")
    if dram is not None and "cycle" in depths:
        raise InputError("--dram goes with the depths steady and pipelined, whose tiles it serves")
    if set(depths) & {"steady", "pipelined"}:
        nest = _nest(operation, machine, **{name: given[name] for name in _SEARCHING})
    if dram is not None and nest is not None:
        machine, sentence = on_dram(operation, machine, nest, dram)
        said = (sentence,)
    timings = tuple(_timing(name, operation, machine, nest, given["execute"]) for name in depths)
    timings = tuple(replace(timing, notes=(*said, *timing.notes)) for timing in timings)
    if as_json:
        output.print_json(timing_record(timings))
        return
    notes = list(dict.fromkeys(note for timing in timings for note in timing.notes))
    notes += [
        f"The closed form puts {timing.depth} between {timing.bounds[0]:,} and {timing.bounds[1]:,} cycles."
        for timing in timings
        if timing.bounds is not None
    ]
    output.print_tables([timing.table() for timing in timings], [*notes, *_unverified(machine)])


def _timing(depth: str, operation: Operation, machine: Architecture, nest: Mapping | None, execute: bool) -> Any:
    from accelsim.report.timing import cycle_timing, pipelined_timing, steady_timing

    if depth == "cycle":
        return cycle_timing(operation, machine, execute)
    assert nest is not None
    return (steady_timing if depth == "steady" else pipelined_timing)(operation, machine, nest)


@click.command(short_help="Write what happens when, for Perfetto or as CSV.")
@click.argument("layer", metavar="LAYER")
@options.network
@click.option("--arch", "architecture", metavar="NAME|FILE", help="The machine.")
@options.batch
@click.option("--depth", default="pipelined", metavar="NAME", show_default=True, help="pipelined, or cycle.")
@click.option("--out", required=True, metavar="FILE", help="FILE.json for Chrome and Perfetto, or FILE.csv.")
@_mapping
@_objective
@_seconds
@options.no_cache
def trace(
    layer: str, network: str | None, architecture: str | None, batch: int | None, depth: str, out: str, **given: Any
) -> None:
    """Write what happens when: transfers on every port (pipelined), or every cycle of the array (cycle).

    A .json opens in chrome://tracing and Perfetto (a microsecond there is a cycle), a .csv anywhere. The file is
    written while the array runs, so it may be larger than memory.

    \b
    Example:
      accelsim trace conv3 --network alexnet --arch eyeriss --out conv3.json
    """
    operation, machine = _layer_and_machine(layer, network, architecture, batch)
    from accelsim.report.timing import check_depth, write_trace

    known = check_depth(depth)
    nest = None
    if known == "pipelined":
        nest = _nest(operation, machine, **given)
    click.echo(write_trace(operation, machine, known, Path(out), nest))


def _layer_and_machine(
    layer: str, network: str | None, architecture: str | None, batch: int | None
) -> tuple[Operation, Architecture]:
    if architecture is None:
        raise InputError("missing option '--arch', the machine")
    return options.operation_of(layer, network, batch), options.machine_of(architecture)


def _nest(operation: Operation, machine: Architecture, no_cache: bool, **given: Any) -> Mapping:
    """The nest that the options mean."""
    return nest_of(operation, machine, cache=not no_cache, **given)


def _scalesim(config_file: str, topology_file: str, as_json: bool) -> None:
    from accelsim.architecture.scalesim import load_scalesim_config
    from accelsim.report.scalesim import scalesim_record, scalesim_tables
    from accelsim.workload.scalesim import load_topology

    config, layers = load_scalesim_config(config_file), load_topology(topology_file)
    if as_json:
        output.print_json(scalesim_record(layers, config))
        return
    output.print_tables(*scalesim_tables(layers, config))


def _beside_scalesim(operation: Operation, machine: Architecture, as_json: bool) -> None:
    from accelsim.architecture.scalesim import as_scalesim_config
    from accelsim.report.scalesim import scalesim_record, scalesim_tables
    from accelsim.workload.scalesim import as_scalesim

    config, layers = as_scalesim_config(machine), (as_scalesim(operation),)
    if as_json:
        output.print_json(scalesim_record(layers, config))
        return
    output.print_tables(*scalesim_tables(layers, config))


def _unverified(machine: Architecture) -> list[str]:
    from accelsim.report.contents import unverified_note

    note = unverified_note(machine)
    return [note] if note else []
