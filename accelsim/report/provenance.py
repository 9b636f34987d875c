"""Where a report comes from: the files it was made of with their hashes, and the versions that its numbers rest on."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from accelsim.files import locate

if TYPE_CHECKING:
    from accelsim.report.declaration import Declaration
    from accelsim.workload.network import Network

Noun = Literal["report", "network", "machine"]
RESTS_ON = ("numpy", "numba")


@dataclass(frozen=True)
class Input:
    """A file that a report was made of. ``name`` as it was asked for; ``digest``: SHA-256 of the file's bytes;
    ``text``: what it says, as ``accelsim show`` prints it."""

    noun: Noun
    name: str
    digest: str
    text: str


def inputs_of(declaration: Declaration, networks: tuple[Network, ...]) -> tuple[Input, ...]:
    """The files behind a declaration; ``networks``: as they ran (batch and scenario applied)."""
    from accelsim.architecture.files import load_architecture
    from accelsim.architecture.render import render_architecture
    from accelsim.report.declaration import render_declaration
    from accelsim.workload.table import render_network

    out = []
    if declaration.name:
        out.append(Input("report", declaration.name, _digest(declaration.file), render_declaration(declaration)))
    for name, network in zip(declaration.networks, networks, strict=True):
        out.append(Input("network", name, _digest(locate("workloads", name)), render_network(network)))
    for name in declaration.machines:
        text = render_architecture(load_architecture(name))
        out.append(Input("machine", name, _digest(locate("architectures", name)), text))
    return tuple(out)


def _digest(path: Path | None) -> str:
    return "" if path is None else sha256(path.read_bytes()).hexdigest()


def versions() -> tuple[tuple[str, str], ...]:
    """accelsim, Python, and the libraries that compute."""
    from accelsim import __version__

    found = [("accelsim", __version__), ("Python", platform.python_version())]
    for name in RESTS_ON:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return tuple(found)
