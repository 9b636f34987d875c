"""``accelsim view``: the dataflow in motion, as a page that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from accelsim.cli import options, output
from accelsim.cli.nest import nest_of
from accelsim.errors import InputError


@click.command(short_help="Watch the dataflow: a page of the nest in motion.")
@click.argument("layer", metavar="LAYER")
@options.network
@click.option("--arch", "machines", required=True, metavar="NAME|FILE,...", help="The machines, separated by commas.")
@options.batch
@options.scenario
@click.option("--mapping", "mapping_file", metavar="FILE", help="The loop nest, as it prints; searched when left out.")
@options.searching
@click.option("--out", required=True, metavar="FILE", help="The page to write, such as view.html.")
def view(
    layer: str, network: str | None, machines: str, batch: int | None, mapping_file: str | None, out: str, **given: Any
) -> None:
    """Watch the dataflow of a layer: a page that plays the execution of its nest, made to be opened in a browser.

    The page shows the nest with its cursor, the array with what each PE holds and computes, the tiles in every memory,
    the words on every network, and counters that end at the reported counts. Layers of few steps are shown step by
    step, others tile by tile. Several machines also play in step. LAYER is a layer of --network, or a layer file; the
    nest is the best that the search finds, or that of --mapping.

    \b
    Example:
      accelsim view C3 --network lenet5 --arch eyeriss --out view.html
      accelsim view C3 --network lenet5 --arch ws256,osa256,rs256 --out three.html
    """
    operation = options.operation_of(layer, network, batch, given)
    loaded = [options.machine_of(name.strip()) for name in machines.split(",") if name.strip()]
    if mapping_file is not None and len(loaded) > 1:
        raise InputError(f"--mapping goes with one machine in --arch, not with {len(loaded)}")
    given["cache"] = not given.pop("no_cache")
    from accelsim.files.writing import streamed
    from accelsim.viewer.page import Mapped, view_page

    with streamed(Path(out)) as file:
        mapped = [Mapped(operation, machine, nest_of(operation, machine, mapping_file, **given)) for machine in loaded]
        title = f"{operation.name} on {', '.join(machine.name for machine in loaded)}"
        with output.executing(f"executing {operation.name}") as progress:
            page = view_page(mapped, title, progress=progress)
        file.write(page.html)
    for one, made in zip(mapped, page.views, strict=True):
        grain = "every compute step" if made.is_every_step else "tile by tile"
        click.echo(f"{one.operation.name} on {one.architecture.name}: {made.frames:,} frames, {grain}")
    click.echo(f"{out}: {len(page.html.encode()) / 1000:,.0f} kB")
