"""What an import did with every node: taken as a layer, fused into one, or skipped, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from accelsim.workload.network import Network

Fate = Literal["taken", "fused", "skipped"]


@dataclass(frozen=True)
class NodeReport:
    """A node of the original: its name, what it is called there, what became of it, and into what or why."""

    node: str
    kind: str
    fate: Fate
    note: str


@dataclass(frozen=True)
class Imported:
    """A network from elsewhere, what became of each node, and what a reader of the numbers must know."""

    network: Network
    nodes: tuple[NodeReport, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, fate: Fate) -> int:
        """Nodes with that fate."""
        return sum(node.fate == fate for node in self.nodes)


def render_report(imported: Imported, every_node: bool = False) -> str:
    """The report as text: how many nodes of each kind were taken, fused and skipped, and why; or every node."""
    network = imported.network
    lines = [
        f"{network.name}: {_many(len(network.layers), 'layer')}, {network.macs:,} MACs, "
        f"{network.weight_words:,} weights",
    ]
    for fate in ("taken", "fused", "skipped"):
        mine = [node for node in imported.nodes if node.fate == fate]
        lines.append(f"{fate}: {_many(len(mine), 'node')}")
        if every_node:
            lines += [f"  {node.node} ({node.kind}): {node.note}" for node in mine]
        elif fate != "taken":
            why = Counter((node.kind, node.note.rpartition(": ")[2]) for node in mine)
            lines += [f"  {times} {kind}: {note}" for (kind, note), times in sorted(why.items())]
        else:
            kinds = Counter(node.kind for node in mine)
            lines += [f"  {times} {kind}" for kind, times in sorted(kinds.items())]
    return "\n".join([*lines, *imported.notes]) + "\n"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
