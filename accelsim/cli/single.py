"""``accelsim map``, ``evaluate`` and ``simulate``: one layer on one machine, searched or written by hand."""

from __future__ import annotations

from typing import Any

import click

from accelsim.cli import options, output
from accelsim.errors import InputError

DISAGREES, INTERRUPTED = 1, 130


@click.command("map", short_help="Search the best mapping of one layer.")
@click.argument("layer", metavar="LAYER")
@options.network
@options.arch
@options.batch
@options.scenario
@options.searching
@click.option("--max-cycles", type=int, metavar="N", help="Only mappings of at most so many cycles.")
@click.option("--max-energy", type=float, metavar="E", help="Only mappings of at most E, in the machine's unit.")
@click.option(
    "--restrict", "restriction", metavar="FILE", help="Fix axes, tiles, what levels keep, or a whole nest (YAML)."
)
@click.option("--explain", is_flag=True, help="Say why: what costs, what is full, and what more of it would buy.")
@click.option("--pareto", is_flag=True, help="Every best trade-off of energy and cycles, instead of one mapping.")
@options.workers
@options.as_json
def map_(
    layer: str, network: str | None, architecture: str, batch: int | None, explain: bool, pareto: bool, as_json: bool,
    workers: int | None, **given: Any,
) -> int:  # fmt: skip
    """Search the best mapping of one layer: prints the nest with what it fills, its cost, and how sure the search is.

    LAYER is a layer of --network, or a layer file. Ctrl-C prints the best so far, with its gap. With --explain up to
    two dozen machines with a little more of something are searched too, each for at most 5 s (or --seconds).

    \b
    Example:
      accelsim map conv2 --network alexnet --arch eyeriss --objective edp
      accelsim map conv3 --network alexnet --arch eyeriss --explain
    """
    operation = options.operation_of(layer, network, batch, given)
    machine = options.machine_of(architecture)
    given["cache"] = not given.pop("no_cache")
    if pareto:
        if explain or given["objective"] != "energy":
            raise InputError("--pareto trades energy for cycles: it goes with neither --explain nor --objective")
        _print_front(operation, machine, given, as_json)
        return 0
    workers = options.checked_workers(workers)
    from accelsim.report.bars import evaluation_bars
    from accelsim.report.nest_drawing import draw_nest
    from accelsim.report.records import search_record
    from accelsim.report.searching import best_mapping
    from accelsim.report.single import certificate_sentence, evaluation_tables, objective_unit
    from accelsim.search import SearchInterrupted

    stopped = 0
    try:
        with output.searching(f"mapping {operation.name}") as progress:
            found = best_mapping(operation, machine, **given, progress=progress)
    except SearchInterrupted as interrupt:
        found, stopped = interrupt.result, INTERRUPTED
    why = _explained(found, operation, machine, given, workers) if explain and not stopped else None
    if as_json:
        from accelsim.report.explaining import explanation_record

        output.print_json(search_record(found) if why is None else explanation_record(why))
        return stopped
    nest = draw_nest(operation, machine, found.mapping)
    tables, notes = evaluation_tables(found.evaluation), ["Interrupted: the best so far."] if stopped else []
    if why is not None:
        from accelsim.report.explaining import explanation_sentences, explanation_tables

        tables, notes = [tables[0], *explanation_tables(why)], list(explanation_sentences(why))
    unit = objective_unit(given["objective"], machine.energy_unit)
    bars = evaluation_bars(found.evaluation)
    output.print_tables(
        [nest, tables[0], bars, *tables[1:]],
        [*notes, certificate_sentence(found.certificate, unit), *_unverified(machine)],
    )
    return stopped


def _asked(given: dict[str, Any]) -> Any:
    """The limits of the options, checked."""
    from accelsim.report.results import Settings
    from accelsim.report.searching import check_settings, limits

    own = ("max_cycles", "max_energy", "restriction", "cache")
    settings = Settings(None, **{name: value for name, value in given.items() if name not in own})
    check_settings(settings)
    return limits(settings, given["max_cycles"], given["max_energy"], given["restriction"])


def _explained(found: Any, operation: Any, machine: Any, given: dict[str, Any], workers: int) -> Any:
    from accelsim.report.searching import cache_of
    from accelsim.search.explain import explain

    with output.progress("asking what more would buy") as progress:
        return explain(
            found, operation, machine, given["objective"], _asked(given),
            workers=workers, progress=progress, cache=cache_of(given["cache"]),
        )  # fmt: skip


def _print_front(operation: Any, machine: Any, given: dict[str, Any], as_json: bool) -> None:
    from accelsim.report.fronts import front_record, front_table
    from accelsim.report.searching import cache_of
    from accelsim.search.pareto import pareto

    with output.finding(f"trade-offs of {operation.name}") as progress:
        front = pareto(operation, machine, _asked(given), progress, cache_of(given["cache"]))
    if as_json:
        output.print_json(front_record(front))
        return
    title = f"{operation.name} on {machine.name}: best trade-offs of energy and cycles"
    notes = [f"The space: {front.points[0].certificate.space_rule}.", *_unverified(machine)]
    output.print_tables([front_table(front, title, machine.energy_unit)], notes)


@click.command(short_help="Evaluate one nest written by hand.")
@options.layer
@options.network
@options.arch
@options.mapping
@options.batch
@options.every_convention
@options.as_json
def evaluate(
    layer: str, network: str | None, architecture: str, mapping_file: str, batch: int | None, convention: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Evaluate one loop nest written by hand: what it fills, cost, energy by component, ports, and every count.

    With --convention all, what each convention charges of the same nest, side by side.

    \b
    Example:
      accelsim evaluate --layer conv2.yaml --arch eyeriss --mapping my_nest.txt
    """
    operation = options.operation_of(layer, network, batch)
    machine = options.machine_of(architecture)
    from accelsim.mapping.parse import load_mapping
    from accelsim.model.evaluate import evaluate as evaluate_
    from accelsim.report.bars import evaluation_bars
    from accelsim.report.nest_drawing import draw_nest
    from accelsim.report.records import document, evaluation_record
    from accelsim.report.single import evaluation_tables

    mapping = load_mapping(mapping_file)
    if convention == options.ALL:
        _print_conventions(operation, machine, mapping, as_json)
        return
    evaluation = evaluate_(operation, machine, mapping, convention)
    if as_json:
        output.print_json(document("evaluation", {"evaluation": evaluation_record(evaluation)}))
    else:
        nest = draw_nest(operation, machine, mapping)
        cost, *tables = evaluation_tables(evaluation)
        output.print_tables([nest, cost, evaluation_bars(evaluation), *tables], _unverified(machine))


def _print_conventions(operation: Any, machine: Any, mapping: Any, as_json: bool) -> None:
    from accelsim.report.conventions import by_convention, convention_tables, conventions_record

    evaluations = by_convention(operation, machine, mapping)
    if as_json:
        output.print_json(conventions_record(evaluations))
        return
    output.print_tables(convention_tables(operation, machine, evaluations), _unverified(machine))


@click.command(short_help="Execute one nest on real numbers.")
@options.layer
@options.network
@options.arch
@options.mapping
@options.batch
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random operands.")
@options.as_json
def simulate(
    layer: str, network: str | None, architecture: str, mapping_file: str, batch: int | None, seed: int, as_json: bool
) -> int:
    """Execute one loop nest on real numbers, element by element.

    Prints every count of the closed form and of the execution side by side, and whether the outputs equal NumPy's. The
    exit status is 1 when anything differs.

    \b
    Example:
      accelsim simulate --layer small.yaml --arch eyeriss --mapping my_nest.txt
    """
    operation = options.operation_of(layer, network, batch)
    machine = options.machine_of(architecture)
    from accelsim.mapping.parse import load_mapping
    from accelsim.report.side_by_side import side_by_side

    both = side_by_side(operation, machine, load_mapping(mapping_file), seed)
    if as_json:
        output.print_json(both.record())
    else:
        output.print_tables([both.table()])
    return 0 if both.agrees else DISAGREES


def _unverified(machine: Any) -> list[str]:
    from accelsim.report.contents import unverified_note

    note = unverified_note(machine)
    return [note] if note else []
