"""Exact simulator and dataflow analyzer for deep-neural-network accelerators.

>>> import accelsim
>>> result = accelsim.compare("alexnet", ["ws256", "rs256"], batch=16)     # doctest: +SKIP

Names are imported when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; a test holds it equal to the table below
    from accelsim.architecture.files import load_architecture as load_architecture
    from accelsim.architecture.files import parse_architecture as parse_architecture
    from accelsim.architecture.spec import Architecture as Architecture
    from accelsim.architecture.systolic import SystolicArray as SystolicArray
    from accelsim.errors import AccelsimError as AccelsimError
    from accelsim.errors import InfeasibleError as InfeasibleError
    from accelsim.errors import InputError as InputError
    from accelsim.errors import MappingError as MappingError
    from accelsim.mapping.counts import AccessCounts as AccessCounts
    from accelsim.mapping.dataflow import Dataflow as Dataflow
    from accelsim.mapping.dataflow_files import load_dataflow as load_dataflow
    from accelsim.mapping.nest import Mapping as Mapping
    from accelsim.mapping.nest import Spatial as Spatial
    from accelsim.mapping.nest import Storage as Storage
    from accelsim.mapping.nest import Temporal as Temporal
    from accelsim.mapping.parse import load_mapping as load_mapping
    from accelsim.mapping.parse import parse_mapping as parse_mapping
    from accelsim.model.array_time import ArrayTime as ArrayTime
    from accelsim.model.array_time import array_time as array_time
    from accelsim.model.evaluate import evaluate as evaluate
    from accelsim.model.evaluation import Evaluation as Evaluation
    from accelsim.model.vector import evaluate_vector as evaluate_vector
    from accelsim.report.comparison import Comparison as Comparison
    from accelsim.report.comparison import compare as compare
    from accelsim.report.comparison import run as run
    from accelsim.report.nest_drawing import DrawnNest as DrawnNest
    from accelsim.report.nest_drawing import draw_nest as draw_nest
    from accelsim.report.results import LayerResult as LayerResult
    from accelsim.report.results import Settings as Settings
    from accelsim.report.results import Total as Total
    from accelsim.report.searching import best_mapping as best_mapping
    from accelsim.report.side_by_side import SideBySide as SideBySide
    from accelsim.report.side_by_side import side_by_side as side_by_side
    from accelsim.report.timing import Timing as Timing
    from accelsim.report.timing import cycle_timing as cycle_timing
    from accelsim.report.timing import pipelined_timing as pipelined_timing
    from accelsim.report.timing import steady_timing as steady_timing
    from accelsim.search.explain import Explanation as Explanation
    from accelsim.search.explain import explain as explain
    from accelsim.search.interface import Certificate as Certificate
    from accelsim.search.interface import Limits as Limits
    from accelsim.search.interface import SearchResult as SearchResult
    from accelsim.search.pareto import Front as Front
    from accelsim.search.pareto import pareto as pareto
    from accelsim.simulate.execute import Execution as Execution
    from accelsim.simulate.execute import execute as execute
    from accelsim.simulate.systolic.execute import ArrayExecution as ArrayExecution
    from accelsim.simulate.systolic.execute import execute_array as execute_array
    from accelsim.sweep.execute import run_study as run_study
    from accelsim.sweep.frame import load_sweep as load_sweep
    from accelsim.sweep.pareto import fronts as fronts
    from accelsim.sweep.study import load_study as load_study
    from accelsim.workload.files import load_layer as load_layer
    from accelsim.workload.files import load_network as load_network
    from accelsim.workload.files import parse_network as parse_network
    from accelsim.workload.importers.files import import_network as import_network
    from accelsim.workload.importers.files import import_torch as import_torch
    from accelsim.workload.importers.report import Imported as Imported
    from accelsim.workload.network import Network as Network
    from accelsim.workload.network import NetworkLayer as NetworkLayer
    from accelsim.workload.operation import Operation as Operation
    from accelsim.workload.precision import Precision as Precision
    from accelsim.workload.scenario import Scenario as Scenario

__version__ = "0.1.0"

_PLACES = {
    "accelsim.report.comparison": ("Comparison", "compare", "run"),
    "accelsim.report.nest_drawing": ("DrawnNest", "draw_nest"),
    "accelsim.report.results": ("LayerResult", "Settings", "Total"),
    "accelsim.report.side_by_side": ("SideBySide", "side_by_side"),
    "accelsim.report.timing": ("Timing", "cycle_timing", "pipelined_timing", "steady_timing"),
    "accelsim.model.array_time": ("ArrayTime", "array_time"),
    "accelsim.model.evaluate": ("evaluate",),
    "accelsim.model.vector": ("evaluate_vector",),
    "accelsim.model.evaluation": ("Evaluation",),
    "accelsim.simulate.execute": ("Execution", "execute"),
    "accelsim.simulate.systolic.execute": ("ArrayExecution", "execute_array"),
    "accelsim.search.interface": ("Certificate", "Limits", "SearchResult"),
    "accelsim.search.explain": ("Explanation", "explain"),
    "accelsim.search.pareto": ("Front", "pareto"),
    "accelsim.report.searching": ("best_mapping",),
    "accelsim.architecture.files": ("load_architecture", "parse_architecture"),
    "accelsim.sweep.execute": ("run_study",),
    "accelsim.sweep.frame": ("load_sweep",),
    "accelsim.sweep.pareto": ("fronts",),
    "accelsim.sweep.study": ("load_study",),
    "accelsim.architecture.spec": ("Architecture",),
    "accelsim.architecture.systolic": ("SystolicArray",),
    "accelsim.workload.files": ("load_layer", "load_network", "parse_network"),
    "accelsim.workload.importers.files": ("import_network", "import_torch"),
    "accelsim.workload.importers.report": ("Imported",),
    "accelsim.workload.precision": ("Precision",),
    "accelsim.workload.scenario": ("Scenario",),
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
