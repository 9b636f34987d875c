"""Guided search: an optimiser (Optuna, an extra) proposes choices, the study's points answer them.

Trials are asked for in batches of a fixed size and told in order, so the proposals follow from the seed and the results
alone: not from how many workers there are, nor from when they answer. A study that was killed is gone through again
from its first trial; what the store knows costs nothing, and the optimiser ends up where it was.
"""

from __future__ import annotations

import warnings
from math import exp, log
from typing import Any

from accelsim.errors import InputError
from accelsim.sweep.frame import completed
from accelsim.sweep.points import Choice
from accelsim.sweep.run import Run
from accelsim.sweep.store import Planned

BATCH = 8
"""Trials proposed together."""


def run_guided(run: Run) -> None:
    """Ask and answer all trials of the study; raises InputError where the optimiser is not installed."""
    optuna = _optuna()
    sample = run.study.sample
    sampler = optuna.samplers.TPESampler(seed=sample.seed, multivariate=True, n_startup_trials=2 * BATCH)
    search = optuna.create_study(directions=["minimize"] * len(sample.minimise), sampler=sampler)
    wanted = sample.points or 0
    run.total = wanted * len(run.study.workloads)
    plan: list[Planned] = []
    for start in range(0, wanted, BATCH):
        trials = [search.ask() for _ in range(min(BATCH, wanted - start))]
        choices = [_choice(run, trial) for trial in trials]
        coming, points = run.planned(choices, len(plan))
        plan += coming
        run.store.set_plan(plan)
        run.total -= len(coming) - len(points)
        run.window(points)
        for trial, choice in zip(trials, choices, strict=True):
            values = objectives(run, choice)
            if values is None:
                search.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                search.tell(trial, values)


def objectives(run: Run, choice: Choice) -> list[float] | None:
    """The columns to be made least at a choice, each as the geometric mean over the networks; None without a result."""
    sums = [0.0] * len(run.study.sample.minimise)
    for label, point in run.keyed(choice):
        stored = next(run.store.points([point.key]), None)
        if stored is None or stored.status != "mapped":
            return None
        row = completed(run.study, choice, label, stored)
        for i, column in enumerate(run.study.sample.minimise):
            value = row.get(column)
            if not isinstance(value, int | float) or value <= 0:
                return None
            sums[i] += log(value)
    return [exp(total / len(run.study.workloads)) for total in sums]


def _choice(run: Run, trial: Any) -> Choice:
    """A value per axis: by place where they have an order, by name where they have none."""
    out = []
    for axis in run.study.axes:
        if axis.is_ordered:
            out.append(trial.suggest_int(axis.name, 0, len(axis.values) - 1))
        else:
            out.append(trial.suggest_categorical(axis.name, list(range(len(axis.values)))))
    return tuple(out)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError("a guided sample needs the extra 'guided': pip install 'accelsim[guided]'") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna
