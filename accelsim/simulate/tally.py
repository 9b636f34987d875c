"""What an execution counted, instance by instance, and its summary as AccessCounts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from accelsim.architecture.spec import Architecture
from accelsim.mapping.counts import AccessCounts, NetworkCounts, PortWords, TensorCounts, Words
from accelsim.simulate.places import Place, fanouts_between
from accelsim.workload.operation import Operation

COUNTERS = ("reads", "fills", "updates", "drains")


class Tally:
    """Running counts. Per place: ``words`` (counter x instances), ``active`` (instances that ever worked),
    ``tile_words``, ``distinct``; per place and boundary: words ``crossed`` and, inwards, ``returned``."""

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        self.words = [np.zeros((len(COUNTERS), *shape), dtype=np.int64) for shape in shapes]
        self.active: list[NDArray[np.bool_]] = [np.zeros(shape, dtype=np.bool_) for shape in shapes]
        self.tile_words = [0] * len(shapes)
        self.distinct = [0] * len(shapes)
        self.crossed: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.returned: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.macs = self.steps = 0

    def add(self, counter: str, place: int, instance: tuple[int, ...], words: int = 1) -> None:
        """Counts words in one instance."""
        self.words[place][(COUNTERS.index(counter), *instance)] += words

    def hold(self, place: int, instance: tuple[int, ...], words: int) -> None:
        """An active instance holds a tile of so many words."""
        self.active[place][instance] = True
        self.tile_words[place] = max(self.tile_words[place], words)

    def work(self, place: int, instances: Iterable[tuple[int, ...]]) -> None:
        """These MACs work in this step."""
        self.steps += 1
        for instance in instances:
            self.macs += 1
            self.active[place][instance] = True


def access_counts(
    operation: Operation, architecture: Architecture, places: Sequence[Place], tally: Tally
) -> AccessCounts:
    """Rows of ``tensors`` level by level, of ``networks`` fan-out by fan-out, each in the order of the operation's
    tensors; of ``ports`` level by level. All outermost first. Every fan-out has a row for every tensor; a level has
    rows only for what it keeps.
    """
    mac = next(i for i, place in enumerate(places) if place.is_mac)
    depth = {level.name: i for i, level in enumerate(architecture.levels)}
    storage = [i for i, place in enumerate(places) if not place.is_mac]
    storage.sort(key=lambda i: (depth[places[i].level], places[i].tensor))
    return AccessCounts(
        macs=tally.macs,
        steps=tally.steps,
        mac_instances=int(tally.active[mac].sum()),
        tensors=tuple(_tensor_counts(operation, places[i], i, tally) for i in storage),
        networks=_networks(operation, architecture, places, tally),
        ports=_ports(operation, architecture, places, tally),
    )


def _tensor_counts(operation: Operation, place: Place, i: int, tally: Tally) -> TensorCounts:
    words = tally.words[i].reshape(len(COUNTERS), -1)
    return TensorCounts(
        level=place.level,
        tensor=operation.tensors[place.tensor].name,
        total=Words(*(int(n) for n in words.sum(axis=1))),
        busiest=Words(*(int(n) for n in words.max(axis=1))),
        distinct=tally.distinct[i],
        tile_words=tally.tile_words[i],
        instances=int(tally.active[i].sum()),
    )


def _networks(
    operation: Operation, architecture: Architecture, places: Sequence[Place], tally: Tally
) -> tuple[NetworkCounts, ...]:
    """Item 8: both directions together."""
    sent: defaultdict[tuple[str, int], int] = defaultdict(int)
    delivered: defaultdict[tuple[str, int], int] = defaultdict(int)
    for i, place in enumerate(places):
        for fanout, b in fanouts_between(place):
            sent[fanout, place.tensor] += tally.crossed[i, b - 1] + tally.returned[i, b - 1]
            delivered[fanout, place.tensor] += tally.crossed[i, b] + tally.returned[i, b]
    return tuple(
        NetworkCounts(fanout.name, tensor.name, sent[fanout.name, t], delivered[fanout.name, t])
        for fanout in architecture.fanouts
        for t, tensor in enumerate(operation.tensors)
    )


def _ports(
    operation: Operation, architecture: Architecture, places: Sequence[Place], tally: Tally
) -> tuple[PortWords, ...]:
    rows = []
    for level in architecture.levels:
        per_word, parts = level.word_parts(tensor.bits for tensor in operation.tensors)
        kept = [
            tally.words[i].reshape(len(COUNTERS), -1) * parts[p.tensor]
            for i, p in enumerate(places)
            if p.level == level.name
        ]
        if kept:
            reads, fills, updates, drains = np.sum(kept, axis=0)
            out, into = reads + drains, fills + updates
            rows.append(PortWords(level.name, int(out.max()), int(into.max()), int((out + into).max()), per_word))
    return tuple(rows)
