"""``accelsim import`` and ``accelsim export``: networks, machines and nests from and to other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from accelsim.cli import output
from accelsim.errors import InputError, nearest

FORMATS = ("onnx", "torch", "scalesim", "timeloop", "zigzag")
EXPORTS = ("scalesim", "timeloop")


@click.command("import", short_help="Import a network of another tool.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("-o", "--out", metavar="FILE", help="Where to write it; on the terminal when left out.")
@click.option(
    "--format", "format_", metavar="NAME", help=f"What it is, where its name does not say: {', '.join(FORMATS)}."
)
@click.option("--name", metavar="NAME", help="The network's name, instead of the file's.")
@click.option("--dim", "dims", multiple=True, metavar="NAME=N", help="The value of a symbolic extent (ONNX).")
@click.option("--no-weights", is_flag=True, help="Do without weights in missing files; shapes are enough (ONNX).")
@click.option("--skip", multiple=True, metavar="OP", help="An operator to pass over (ONNX, PyTorch).")
@click.option("--every-node", is_flag=True, help="Say what became of every node, not of every kind.")
def import_(
    files: tuple[str, ...], out: str | None, format_: str | None, name: str | None, dims: tuple[str, ...],
    no_weights: bool, skip: tuple[str, ...], every_node: bool,
) -> None:  # fmt: skip
    """Import a network from ONNX, PyTorch (.pt2), SCALE-Sim, Timeloop or ZigZag.

    The network goes to --out as a file that any command takes in place of a name; what was taken, fused and skipped,
    and why, goes to stderr. Timeloop's architecture and mapping become a machine and a nest beside it,
    OUT.machine.yaml and OUT.nest.txt.

    \b
    Example:
      accelsim import model.onnx --dim batch=1 -o my_net.yaml
      accelsim import problem.yaml arch.yaml map.yaml -o mine.yaml
    """
    from accelsim.workload.importers.files import format_of, import_network

    kind = format_ or format_of(files[0])
    if kind == "timeloop" and (len(files) > 1 or not _is_problem(files[0])):
        _timeloop(files, out)
        return
    if len(files) > 1:
        raise InputError(f"import takes one file of a {kind} network, not {len(files)}")
    imported = import_network(files[0], format_, dims=_dims(dims), weights=not no_weights, skip=skip, name=name)
    from accelsim.workload.files import dump_network
    from accelsim.workload.importers.report import render_report

    _write(out, dump_network(imported.network))
    output.log(render_report(imported, every_node).rstrip("\n"))


@click.command("export", short_help="Export a network for another tool.")
@click.argument("network", metavar="NETWORK")
@click.option("--format", "format_", required=True, metavar="NAME", help=f"What to write: {', '.join(EXPORTS)}.")
@click.option("--layer", metavar="NAME", help="The layer that becomes a Timeloop problem.")
@click.option("--arch", "architecture", metavar="NAME|FILE", help="The machine of --mapping.")
@click.option("--mapping", "mapping_file", metavar="FILE", help="A nest of the layer, to write as a Timeloop mapping.")
@click.option("-o", "--out", metavar="FILE", help="Where to write it; on the terminal when left out.")
def export(
    network: str, format_: str, layer: str | None, architecture: str | None, mapping_file: str | None, out: str | None
) -> None:
    """Export a network as SCALE-Sim topology, one layer as Timeloop problem, a nest as Timeloop mapping.

    Layers that the other tool cannot say are left out and named on stderr.

    \b
    Example:
      accelsim export vgg16 --format scalesim -o vgg16.csv
      accelsim export vgg16 --format timeloop --layer CONV1-2 -o problem.yaml
    """
    if format_ not in EXPORTS:
        raise InputError(f"nothing is exported as '{format_}'{nearest(format_, EXPORTS)}")
    from accelsim.workload.files import load_network

    loaded = load_network(network)
    if format_ == "scalesim":
        if layer or mapping_file:
            raise InputError("--layer and --mapping are of Timeloop; a SCALE-Sim topology has the whole network")
        from accelsim.workload.importers.scalesim import dump_topology

        text, reports = dump_topology(loaded)
        _write(out, text)
        for report in reports:
            if report.fate == "skipped":
                output.log(f"left out: {report.node}: {report.note}")
        return
    if layer is None:
        raise InputError("a Timeloop problem is one layer: --layer NAME")
    _write(out, _timeloop_text(loaded.layer(layer), architecture, mapping_file))


def _timeloop_text(layer: Any, architecture: str | None, mapping_file: str | None) -> str:
    """A problem, or with a nest and its machine a mapping."""
    from accelsim.workload.importers.timeloop import CONVOLUTION, SPACES, dump_problem

    if mapping_file is None:
        return dump_problem(layer)
    if architecture is None:
        raise InputError("--mapping needs the machine that it is for: --arch NAME|FILE")
    from accelsim.architecture.files import load_architecture
    from accelsim.mapping.parse import load_mapping
    from accelsim.mapping.timeloop import Names, dump_mapping

    names = Names(tuple(CONVOLUTION.items()), tuple((theirs, ours) for ours, theirs in SPACES.items()))
    return dump_mapping(load_mapping(mapping_file), layer.operation(), load_architecture(architecture), names)


def _is_problem(path: str) -> bool:
    from accelsim.workload.importers.files import read_foreign

    value = read_foreign(path).value
    return not isinstance(value, dict) or ("problem" in value and not {"arch", "architecture", "mapping"} & set(value))


def _timeloop(files: tuple[str, ...], out: str | None) -> None:
    from accelsim.mapping.timeloop_files import load_timeloop

    found = load_timeloop(files)
    texts: dict[str, str] = {}
    if found.problem is not None:
        if found.problem.layer is None:
            raise InputError(
                f"problem '{found.problem.operation.name}' must be a convolution or a product to be a layer of ours"
            )
        from accelsim.workload.files import dump_network
        from accelsim.workload.network import Network

        layer = found.problem.layer
        texts[""] = dump_network(Network.chain(layer.name, (layer,), f"Timeloop problem {Path(files[0]).name}"))
    if found.architecture is not None:
        from accelsim.architecture.files import dump_architecture

        texts[".machine.yaml"] = dump_architecture(found.architecture)
    if found.mapping is not None:
        texts[".nest.txt"] = f"{found.mapping}\n"
    stem = None if out is None else out.removesuffix(".yaml")
    for suffix, text in texts.items():
        _write(out if len(texts) == 1 or not suffix else f"{stem}{suffix}" if stem else None, text)
    for field in found.unknown:
        output.log(f"not understood and left out: {field}")


def _dims(stated: tuple[str, ...]) -> dict[str, int]:
    dims = {}
    for text in stated:
        name, _, number = text.partition("=")
        if not name or not number.isascii() or not number.isdigit() or len(number) > 10:
            raise InputError(f"--dim must be NAME=N with a whole number, not '{text}'")
        dims[name] = int(number)
    return dims


def _write(out: str | None, text: str) -> None:
    if out is None:
        click.echo(text, nl=False)
        return
    from accelsim.files import write_atomically

    write_atomically(Path(out), text)
