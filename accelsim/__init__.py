"""Exact simulator and dataflow analyzer for deep-neural-network accelerators.

>>> import accelsim
>>> result = accelsim.compare("alexnet", ["ws256", "rs256"], batch=16)     # doctest: +SKIP

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PLACES = {
    "accelsim.report.comparison": ("Comparison", "compare", "run"),
    "accelsim.report.results": ("LayerResult", "Settings", "Total"),
    "accelsim.report.side_by_side": ("SideBySide", "side_by_side"),
    "accelsim.model.evaluate": ("evaluate",),
    "accelsim.model.vector": ("evaluate_vector",),
    "accelsim.model.evaluation": ("Evaluation",),
    "accelsim.simulate.execute": ("Execution", "execute"),
    "accelsim.search.interface": ("Certificate", "Limits", "SearchResult"),
    "accelsim.report.searching": ("best_mapping",),
    "accelsim.architecture.files": ("load_architecture",),
    "accelsim.architecture.spec": ("Architecture",),
    "accelsim.workload.files": ("load_layer", "load_network"),
    "accelsim.workload.network": ("Network", "NetworkLayer"),
    "accelsim.workload.operation": ("Operation",),
    "accelsim.mapping.parse": ("load_mapping", "parse_mapping"),
    "accelsim.mapping.nest": ("Mapping", "Spatial", "Storage", "Temporal"),
    "accelsim.mapping.counts": ("AccessCounts",),
    "accelsim.mapping.dataflow": ("Dataflow",),
    "accelsim.mapping.dataflow_files": ("load_dataflow",),
    "accelsim.errors": ("AccelsimError", "InfeasibleError", "InputError", "MappingError"),
}
"""Module -> public names: the one table behind __all__ and the lazy lookup.

``best_mapping`` and ``execute`` are not called ``search`` and ``simulate``: those are packages of this one, and which
of the two a name meant would depend on what was imported before.
"""

_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
__all__ = ["__version__", *sorted(_MODULE_OF)]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'accelsim' has no attribute '{name}'")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    if "IPython" in sys.modules:
        from accelsim.report.notebook import register

        register()
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
