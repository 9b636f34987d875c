"""Options that several commands share, and what their values mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from accelsim.errors import InputError, nearest

if TYPE_CHECKING:
    from accelsim.architecture.spec import Architecture
    from accelsim.workload.operation import Operation
    from accelsim.workload.scenario import Scenario

Command = Callable[..., Any]
STEPS = ("perfect", "aligned", "ragged")
CONVENTIONS = ("ours", "timeloop", "accelforge", "paper", "zigzag", "scalesim")
ALL = "all"


def options(*several: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Several options as one decorator, in this order in the help."""

    def decorate(command: Command) -> Command:
        for option in reversed(several):
            command = option(command)
        return command

    return decorate


scenario = options(
    click.option("--phase", metavar="NAME", help="prefill (all tokens at once) or decode (one token)."),
    click.option("--context", type=int, metavar="N", help="Tokens in the cache in decode, the new one included."),
    click.option("--sequence", type=int, metavar="N", help="Tokens of a sequence, instead of the network's own."),
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object with a schema_version.")
out = click.option("--out", metavar="DIR", help="Write the report there: a page, CSV, JSON, figures.")
batch = click.option("--batch", type=int, metavar="N", help="Batch size, instead of the network's own.")
arch = click.option("--arch", "architecture", required=True, metavar="NAME|FILE", help="The machine.")
network = click.option("--network", metavar="NAME|FILE", help="The network that LAYER is in.")
layer = click.option("--layer", required=True, metavar="NAME|FILE", help="A layer file, or a layer of --network.")
mapping = click.option("--mapping", "mapping_file", required=True, metavar="FILE", help="The loop nest, as it prints.")
convention = click.option(
    "--convention", default="ours", metavar="NAME", show_default=True, help=f"How to count: {', '.join(CONVENTIONS)}."
)
every_convention = click.option(
    "--convention",
    default="ours",
    metavar="NAME",
    show_default=True,
    help=f"How to count: {', '.join(CONVENTIONS)}; or {ALL}, side by side.",
)
no_cache = click.option("--no-cache", is_flag=True, help="Neither use nor keep answers of earlier searches.")
stalls = click.option("--stalls", is_flag=True, help="Say where the time goes when tiles wait for ports, too.")
workers = click.option("--workers", type=int, metavar="N", help="Processes to search with; all cores when left out.")
searching = options(
    click.option(
        "--objective", default="energy", metavar="NAME", show_default=True, help="Least of: energy, latency, edp."
    ),
    convention,
    click.option("--dataflow", metavar="NAME|FILE", help="Dataflow, instead of each machine's own."),
    click.option(
        "--gap", type=float, default=0.01, show_default=True, help="Stop this close to the lower bound; 0 for proof."
    ),
    click.option("--seconds", type=float, metavar="S", help="Stop after this long per layer, with the best so far."),
    click.option(
        "--steps", default="aligned", metavar="NAME", show_default=True, help=f"Steps of loops: {', '.join(STEPS)}."
    ),
    no_cache,
)
EXAMPLE = "\b\nExample:"


def checked_workers(number: int | None) -> int:
    """The number of processes, all cores when it was left out; raises InputError for one that cannot be."""
    if number is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if number < 1:
        raise InputError(f"workers must be at least 1, not {number}")
    return number


def scenario_of(given: dict[str, Any]) -> Scenario:
    """The scenario of the options, taken out of ``given``."""
    from accelsim.workload.scenario import Scenario

    return Scenario(**{name: given.pop(name) for name in ("sequence", "phase", "context")})


def operation_of(
    name_or_file: str, network: str | None, batch: int | None, given: dict[str, Any] | None = None
) -> Operation:
    """The operation of a layer file, or of a layer of a network, whose name may be in any case.

    ``given`` holds the options of a scenario, which are taken out of it.
    """
    if batch is not None and batch < 1:
        raise InputError(f"batch must be at least 1, not {batch}")
    from accelsim.workload.files import load_layer, load_network
    from accelsim.workload.scenario import AS_STATED

    scenario = AS_STATED if given is None else scenario_of(given)
    if network is None and scenario != AS_STATED:
        raise InputError(f"{scenario.stated()} needs a --network that is generated from parameters")
    if network is not None:
        loaded = load_network(network, batch, scenario)
        layers = {entry.name.casefold(): entry.layer for entry in loaded.layers}
        exact = {entry.name: entry.layer for entry in loaded.layers}
        found = exact.get(name_or_file) or layers.get(name_or_file.casefold())
        if found is None:
            raise InputError(f"{loaded.name}: no layer '{name_or_file}'{nearest(name_or_file, list(exact))}")
        return found.operation()
    if not name_or_file.endswith((".yaml", ".yml")) and "/" not in name_or_file:
        raise InputError(f"layer '{name_or_file}' must be a YAML file, or a layer of a --network NAME")
    layer = load_layer(name_or_file)
    return (layer if batch is None else layer.with_batch(batch)).operation()


def machine_of(name_or_file: str) -> Architecture:
    """The machine of a name or file."""
    from accelsim.architecture.files import load_architecture

    return load_architecture(name_or_file)
