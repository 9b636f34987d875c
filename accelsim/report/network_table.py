"""A network as a table that fits the page; accelsim.workload.table writes the same cells in full width."""

from __future__ import annotations

from accelsim.report.tables import Column, Table
from accelsim.workload.network import Network
from accelsim.workload.table import HEADER, RIGHT, held, network_cells


def network_table(network: Network) -> Table:
    """A row per layer and one of totals; below it the source and what must be held at once."""
    cells = zip(*network_cells(network), strict=True)
    columns = (Column(name, column, left=not right) for name, column, right in zip(HEADER, cells, RIGHT, strict=True))
    source = (network.source.strip(),) if network.source else ()
    return Table(network.name, tuple(columns), notes=(*source, *held(network)))
