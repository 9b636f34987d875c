"""The points of a study: a choice of one value per axis, the machine that it gives, and the networks on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

from accelsim.architecture.spec import Architecture
from accelsim.architecture.variation import Base, Change, check_fields, load_base, varied
from accelsim.errors import AccelsimError, InputError, nearest
from accelsim.model.evaluation import COMPUTE
from accelsim.sweep.axes import MACHINE, Axis
from accelsim.sweep.columns import MACHINE_COLUMNS, PREFIXES, machine_columns
from accelsim.sweep.expression import Expression, Value, parse_expression
from accelsim.sweep.study import Study, Workload
from accelsim.units import came
from accelsim.workload.network import Network
from accelsim.workload.operation import INPUTS, OUTPUTS, WEIGHTS
from accelsim.workload.precision import Precision
from accelsim.workload.scenario import Scenario

Choice = tuple[int, ...]
"""The index of a value per axis."""
EXCLUDED, INVALID = "excluded", "invalid"
MOST_KEPT = 4096
"""Machines that are kept at once, of 10 to 20 KB each."""
_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Refusal:
    """Why a point has no machine or no network: ``excluded`` by a constraint, or ``invalid``."""

    status: str
    reason: str


@dataclass
class Builder:
    """Machines and networks of choices, each built once. ``study`` is all that they follow from."""

    study: Study
    machines: dict[Choice, Architecture | Refusal] = field(default_factory=dict)
    networks: dict[tuple[int, Choice], Network | Refusal] = field(default_factory=dict)
    bases: dict[str, Base] = field(default_factory=dict)

    def machine(self, choice: Choice) -> Architecture | Refusal:
        """The machine of a choice, or why there is none."""
        key = tuple(i for i, axis in zip(choice, self.study.axes, strict=True) if axis.kind != "workload")
        if key not in self.machines:
            if len(self.machines) >= MOST_KEPT:
                self.machines.clear()
            self.machines[key] = self._machine(choice)
        return self.machines[key]

    def _machine(self, choice: Choice) -> Architecture | Refusal:
        row: dict[str, Value] = counted(self.study, choice)
        names = set(row)
        early = [test for test in self.study.constraints if set(test.names) <= names]
        late = [test for test in self.study.constraints if test not in early]
        try:
            refused = _excluded(early, row)
            if refused is None:
                machine = self.built(choice, row)
                refused = _excluded(late, {**row, **machine_columns(machine)})
        except AccelsimError as error:
            return Refusal(INVALID, str(error))
        return machine if refused is None else refused

    def base(self, choice: Choice) -> Base:
        """The machine that the axes vary."""
        axis = self.study.axis(MACHINE)
        at = None if axis is None else self.study.axes.index(axis)
        name = self.study.base if axis is None or at is None else axis.values[choice[at]]
        assert name is not None
        if name not in self.bases:
            line = self.study.base_line if axis is None or at is None else axis.places[choice[at]][0]
            try:
                self.bases[name] = load_base(name, self.study.folder)
            except InputError as error:
                raise InputError(f"{self.study.path}:{line}: {error}") from None
        return self.bases[name]

    def built(self, choice: Choice, row: dict[str, Value]) -> Architecture:
        """The machine, without regard to constraints; raises InputError with the line of what does not fit."""
        changes = [
            Change(path, axis.values[i], axis.places[i])
            for axis, i in zip(self.study.axes, choice, strict=True)
            if axis.kind == "field"
            for path in axis.fields
        ]
        changes += [Change(f, _filled(t, row, f"{self.study.path}:{at[0]}"), at) for f, t, at in self.study.fixed]
        return varied(self.base(choice), changes, self.study.path)

    def network(self, index: int, choice: Choice) -> Network | Refusal:
        """The index-th network as it runs at a choice."""
        key = tuple(i for i, axis in zip(choice, self.study.axes, strict=True) if axis.kind == "workload")
        if (index, key) not in self.networks:
            try:
                self.networks[index, key] = self._network(self.study.workloads[index], choice)
            except AccelsimError as error:
                self.networks[index, key] = Refusal(INVALID, str(error))
        return self.networks[index, key]

    def _network(self, workload: Workload, choice: Choice) -> Network:
        from accelsim.workload.files import load_network

        given: dict[str, Any] = {
            axis.name: axis.values[i]
            for axis, i in zip(self.study.axes, choice, strict=True)
            if axis.kind == "workload"
        }
        stated = workload.scenario
        scenario = Scenario(
            _whole(given, "sequence", stated.sequence), given.get("phase", stated.phase),
            _whole(given, "context", stated.context),
        )  # fmt: skip
        name = workload.network
        if "/" in name or name.endswith((".yaml", ".yml")):
            name = str(self.study.folder / name)
        network = load_network(name, _whole(given, "batch", workload.batch), scenario)
        precision = _precision(given["bits"]) if "bits" in given else workload.precision
        return network if precision is None else network.with_precision(precision)

    @cached_property
    def first(self) -> Choice:
        """The first value of every axis."""
        return tuple(0 for _ in self.study.axes)


def counted(study: Study, choice: Choice) -> dict[str, Value]:
    """The choice's values by axis, as expressions read them."""
    return {axis.name: axis.counted(i) for axis, i in zip(study.axes, choice, strict=True)}


def shown(study: Study, choice: Choice) -> dict[str, Value]:
    """The choice's values by axis, as tables show them."""
    return {axis.name: axis.shown(i) for axis, i in zip(study.axes, choice, strict=True)}


def grid(axes: tuple[Axis, ...]) -> Iterator[Choice]:
    """Every choice, the last axis fastest."""
    return product(*(range(len(axis.values)) for axis in axes))


def grid_size(axes: tuple[Axis, ...]) -> int:
    return prod(len(axis.values) for axis in axes)


def check_study(study: Study) -> None:
    """Every value of every axis on every base, alone; every network; every expression once. Raises InputError.

    What only a combination of values makes impossible is found out when the point's turn comes, and recorded.
    """
    builder = Builder(study)
    machines = study.axis(MACHINE)
    starts = [builder.first]
    if machines is not None:
        at = study.axes.index(machines)
        starts = [(*builder.first[:at], i, *builder.first[at + 1 :]) for i in range(len(machines.values))]
    for start in starts:
        for at, axis in enumerate(study.axes):
            if axis.kind == "field":
                for i in range(len(axis.values)) if start is starts[0] else range(1):
                    _check_value(builder, (*start[:at], i, *start[at + 1 :]), axis, i)
    for index, workload in enumerate(study.workloads):
        for choice in _workload_choices(study, builder.first):
            network = builder.network(index, choice)
            if isinstance(network, Refusal):
                raise InputError(f"{study.path}:{workload.line}: {network.reason}")
    row: dict[str, Value] = counted(study, builder.first)
    for path, text, place in study.fixed:
        change = Change(path, _filled(text, row, f"{study.path}:{place[0]}"), place)
        check_fields(builder.base(builder.first), [change], study.path)
    row = row | dict.fromkeys(MACHINE_COLUMNS, 1)
    for test in study.constraints:
        test(row)
    _check_parts(study, [builder.base(start).architecture for start in starts])


def _check_parts(study: Study, machines: list[Architecture]) -> None:
    """Columns of energies by component must be those of a machine of the study."""
    known = {f"energy_of_{name}" for name in (INPUTS, WEIGHTS, OUTPUTS, COMPUTE)}
    for machine in machines:
        known |= {f"energy_at_{part.name}" for part in (*machine.elements, machine.compute)}
    for test in (*(expression for _, expression in study.derived), *study.budgets):
        for name in test.names:
            if name.startswith(PREFIXES) and name not in known:
                raise InputError(
                    f"{study.path}: '{test.text}' names '{name}', which is no column{nearest(name, sorted(known))}"
                )


def _check_value(builder: Builder, choice: Choice, axis: Axis, index: int) -> None:
    """A value that no machine file could hold stops the study; one that only does not fit the others does not."""
    base = builder.base(choice)
    changes = [Change(path, axis.values[index], axis.places[index]) for path in axis.fields]
    check_fields(base, changes, builder.study.path)


def _workload_choices(study: Study, first: Choice) -> Iterator[Choice]:
    """The first choice, with the values of the axes of workloads in all combinations."""
    ranges = [
        range(len(axis.values)) if axis.kind == "workload" else (at,)
        for axis, at in zip(study.axes, first, strict=True)
    ]
    return product(*ranges)


def _excluded(tests: list[Expression], row: dict[str, Value]) -> Refusal | None:
    for test in tests:
        held = test(row)
        if held is None:
            lacking = next(name for name in test.names if row.get(name) is None)
            return Refusal(INVALID, f"constraint '{test.text}' needs {lacking}, which the machine does not state")
        if not held:
            return Refusal(EXCLUDED, f"'{test.text}' does not hold")
    return None


def _filled(text: str, row: dict[str, Value], where: str) -> Any:
    """The text with its expressions worked out; a single expression alone keeps its number."""

    def value(expression: str) -> Value:
        try:
            found: Value = parse_expression(expression, tuple(row))(row)
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        return int(found) if isinstance(found, float) and found.is_integer() else found

    alone = _HOLE.fullmatch(text)
    return value(alone[1]) if alone else _HOLE.sub(lambda hole: str(value(hole[1])), text)


def _whole(given: dict[str, Any], name: str, default: int | None) -> int | None:
    value = given.get(name, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(f"{name} must be a whole number of at least 1, not {came(value)}")
    return value


def _precision(value: Any) -> Precision:
    if isinstance(value, int) and not isinstance(value, bool):
        return Precision(value, value)
    known = ("activations", "weights", "accumulation")
    if not isinstance(value, dict) or not value or not set(value) <= set(known):
        raise InputError(f"bits must be a whole number, or a map of {', '.join(known)}, not {came(value)}")
    return Precision(**value)
