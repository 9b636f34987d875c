"""Every network of the zoo runs on every machine that ships; what cannot be mapped says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accelsim.architecture.files import load_architecture
from accelsim.errors import InfeasibleError
from accelsim.files import shipped
from accelsim.model.vector import evaluate_vector
from accelsim.search import search_many
from accelsim.search.interface import Limits, SearchResult
from accelsim.workload.files import load_network
from accelsim.workload.operation import Operation
from accelsim.workload.scenario import Scenario

FIRST_FOUND = Limits(gap=0.95, seconds=20)
"""Whether there is a mapping, not which is best."""
DECODED = ("gpt2", "llama3_8b", "transformer_base", "lstm_lm")


def operations() -> dict[Operation, str]:
    """Every different operation of the zoo, and a network and layer that has it."""
    networks = [load_network(name) for name in shipped("workloads")]
    networks += [load_network(name, scenario=Scenario(phase="decode")) for name in DECODED]
    found: dict[Operation, str] = {}
    for network in networks:
        for entry in network.layers:
            found.setdefault(replace(entry.layer.operation(), name=""), f"{network.name}.{entry.name}")
    return found


def check(machine: str, wanted: dict[Operation, str]) -> None:
    architecture = load_architecture(machine)
    pairs = [(replace(o, name=name), architecture) for o, name in wanted.items() if o.kind == "mac"]
    for (operation, _), answer in zip(pairs, search_many(pairs, "energy", FIRST_FOUND), strict=True):
        if isinstance(answer, SearchResult):
            assert answer.evaluation.counts.macs == operation.macs
        else:
            assert isinstance(answer, InfeasibleError)
            assert str(answer).startswith(operation.name)  # a sentence about this layer
    for operation, name in wanted.items():
        if operation.kind == "vector":
            evaluation = evaluate_vector(replace(operation, name=name), architecture)
            assert evaluation.vector_operations == operation.points


@pytest.mark.parametrize("machine", ["ws16x16", "ws256", "nlr1024"])
def test_a_sample_of_the_zoo_runs(machine: str) -> None:
    """Every fortieth operation with MACs, and all without; transposed convolutions, whose overlapping outputs are the
    longest searches, in the exhaustive run."""
    every = operations()
    macs = set([o for o in every if o.kind == "mac" and "E" in o.dims][::40])
    sample = {o: name for o, name in every.items() if o.kind == "vector" or o in macs}
    check(machine, sample)


@pytest.mark.exhaustive
@pytest.mark.parametrize("machine", sorted(shipped("architectures")))
def test_the_whole_zoo_runs(machine: str) -> None:
    check(machine, operations())


@pytest.mark.parametrize("name", sorted(shipped("workloads")))
def test_every_network_takes_a_batch(name: str) -> None:
    """Twice the images, twice the MACs and operations, the same weights."""
    one, two = load_network(name), load_network(name, batch=2)
    assert (two.macs, two.vector_operations) == (2 * one.macs, 2 * one.vector_operations)
    assert (two.weight_words, two.cache_words) == (one.weight_words, 2 * one.cache_words)
