"""The searches that a point needs. Equal ones are one: what an answer does not depend on is taken out of the machine.

Names, sources, descriptions, areas, the clock (bandwidths are per cycle already), the vector unit and the cycle model
of the array have no part in the choice of a mapping; machines that differ in these only share every search.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

import accelsim
from accelsim.architecture.spec import Architecture, Fanout, Level
from accelsim.mapping.dataflow import Dataflow
from accelsim.mapping.dataflow_files import load_dataflow
from accelsim.search.cache_key import LOADED_SOURCES, MODEL_VERSION, Question, canonical_text
from accelsim.search.interface import Limits, Objective
from accelsim.workload.network import Network
from accelsim.workload.operation import Operation

PART = "machine"
OPERATION = "layer"
"""What machines and operations are called in a search that several may share."""
VERSION = f"{accelsim.__version__}-{MODEL_VERSION}-{LOADED_SOURCES[:12]}"
"""The model's version: of the package, of the model, and of the sources that search and evaluate."""


@dataclass(frozen=True)
class Asked:
    """How every layer of a study is searched."""

    objective: Objective
    limits: Limits


@dataclass(frozen=True)
class Search:
    """A question and the key that its answer is kept under."""

    key: str
    question: Question


class Searches:
    """The searches of layers on machines under one set of limits, keys worked out once per pair."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.load = lru_cache(maxsize=None)(_dataflow)
        self.of = lru_cache(maxsize=200_000)(self._of)

    def _of(self, operation: Operation, part: Architecture) -> Search:
        question = Question(replace(operation, name=OPERATION), part, self.asked.objective, self.asked.limits)
        return Search(question.key(self.load, LOADED_SOURCES), question)

    def key(self, operation: Operation, architecture: Architecture) -> Search:
        """The search of a layer on a machine; raises InputError for a dataflow that cannot be loaded."""
        return self.of(replace(operation, name=OPERATION), machine_part(architecture))


@lru_cache(maxsize=4096)
def machine_part(architecture: Architecture) -> Architecture:
    """The machine without what no search depends on."""
    elements: list[Level | Fanout] = []
    for element in architecture.elements:
        match element:
            case Level():
                elements.append(replace(element, sources=(), area_um2=None))
            case Fanout():
                elements.append(replace(element, sources=()))
    compute = replace(architecture.compute, sources=(), area_um2=None)
    return replace(
        architecture, name=PART, elements=tuple(elements), compute=compute, clock_mhz=1.0, description="",
        technology="", vector_energy=0.0, other_area_um2=None, systolic=None, sources=(),
    )  # fmt: skip


def point_key(machine_text: str, network_text: str, asked: Asked) -> str:
    """The key of a point's result: of all that goes into it, model and its sources included."""
    settings = canonical_text((VERSION, LOADED_SOURCES, asked.objective, asked.limits))
    return digest("\n".join((settings, machine_text, network_text)))


def digest(text: str) -> str:
    """64 hexadecimal digits of a text."""
    return sha256(text.encode()).hexdigest()


@lru_cache(maxsize=4096)
def canonical_input(value: Architecture | Network) -> str:
    """A machine or network as one text, equal for equal ones."""
    return canonical_text(value)


def _dataflow(name_or_path: str) -> Dataflow:
    return load_dataflow(name_or_path)
