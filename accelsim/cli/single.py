"""``accelsim map``, ``evaluate`` and ``simulate``: one layer on one machine, searched or written by hand."""

from __future__ import annotations

from typing import Any

import click

from accelsim.cli import options, output

DISAGREES = 1


@click.command("map", short_help="Search the best mapping of one layer.")
@click.argument("layer", metavar="LAYER")
@options.network
@options.arch
@options.batch
@options.searching
@options.as_json
def map_(layer: str, network: str | None, architecture: str, batch: int | None, as_json: bool, **given: Any) -> None:
    """Search the best mapping of one layer: prints the nest, its cost, and how sure the search is.

    LAYER is a layer of --network, or a layer file.

    \b
    Example:
      accelsim map conv2 --network alexnet --arch eyeriss --objective edp
    """
    operation = options.operation_of(layer, network, batch)
    machine = options.machine_of(architecture)
    from accelsim.report.records import search_record
    from accelsim.report.searching import best_mapping
    from accelsim.report.single import certificate_sentence, evaluation_tables

    with output.progress(f"mapping {operation.name}"):
        found = best_mapping(operation, machine, **given)
    if as_json:
        output.print_json(search_record(found))
        return
    click.echo(f"{found.mapping}\n")
    output.print_tables(
        evaluation_tables(found.evaluation), [certificate_sentence(found.certificate), *_unverified(machine)]
    )


@click.command(short_help="Evaluate one nest written by hand.")
@options.layer
@options.network
@options.arch
@options.mapping
@options.batch
@options.convention
@options.as_json
def evaluate(
    layer: str, network: str | None, architecture: str, mapping_file: str, batch: int | None, convention: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Evaluate one loop nest written by hand: cost, energy by component, ports, and every count.

    \b
    Example:
      accelsim evaluate --layer conv2.yaml --arch eyeriss --mapping my_nest.txt
    """
    operation = options.operation_of(layer, network, batch)
    machine = options.machine_of(architecture)
    from accelsim.mapping.parse import load_mapping
    from accelsim.model.evaluate import evaluate as evaluate_
    from accelsim.report.records import document, evaluation_record
    from accelsim.report.single import evaluation_tables

    evaluation = evaluate_(operation, machine, load_mapping(mapping_file), convention)
    if as_json:
        output.print_json(document("evaluation", {"evaluation": evaluation_record(evaluation)}))
    else:
        output.print_tables(evaluation_tables(evaluation), _unverified(machine))


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
