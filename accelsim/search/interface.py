"""The interface of every search: what is asked (objective, limits) and what comes back (mapping + certificate)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from accelsim.errors import InputError, nearest
from accelsim.mapping.nest import Mapping
from accelsim.model.evaluation import Evaluation
from accelsim.search.restriction import Restriction

Objective = Literal["energy", "latency", "edp"]
OBJECTIVES: tuple[Objective, ...] = ("energy", "latency", "edp")
Steps = Literal["perfect", "aligned", "ragged"]
STEPS: tuple[Steps, ...] = ("perfect", "aligned", "ragged")


@dataclass(frozen=True)
class Limits:
    """What a search may do and how much proof it owes.

    dataflow        name of a dataflow, or None for the architecture's own (no restriction when it has none)
    convention      name of the counting convention that the objective is priced under
    gap             stop when (best - lower bound) / best is at most this; 0 asks for proof
    seconds         stop after this much wall time with the best so far; None for no limit.  A limit that bites makes
                    the answer depend on the machine's speed; ``max_candidates`` does not
    max_candidates  stop soon after looking at this many partial nests, or work that takes as long; None: 1,500,000 with
                    a gap above 0 and no limit of seconds, no limit otherwise
    steps           perfect: every step divides what encloses it. aligned: besides, loops in space may leave a last part
                    smaller, the dim then being cut as if its bound were the next multiple. ragged: any step
    max_cycles      only mappings of at most so many cycles count; None for no limit
    max_energy      only mappings of at most this energy, in the architecture's unit, count; None for no limit
    restriction     what the user fixes of the mapping; None for nothing

    Raises InputError for a gap outside 0..1, negative seconds, or no candidate at all.
    """

    dataflow: str | None = None
    convention: str = "ours"
    gap: float = 0.01
    seconds: float | None = None
    max_candidates: int | None = None
    steps: Steps = "aligned"
    max_cycles: int | None = None
    max_energy: float | None = None
    restriction: Restriction | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.gap < 1:
            raise InputError(f"gap must be at least 0 and below 1, not {self.gap}")
        if self.seconds is not None and self.seconds < 0:
            raise InputError(f"seconds must be at least 0, not {self.seconds}")
        if self.max_candidates is not None and self.max_candidates < 1:
            raise InputError(f"max_candidates must be at least 1, not {self.max_candidates}")
        if self.steps not in STEPS:
            raise InputError(f"steps must be one of {', '.join(STEPS)}, not '{self.steps}'{nearest(self.steps, STEPS)}")
        for name, most in (("max_cycles", self.max_cycles), ("max_energy", self.max_energy)):
            if most is not None and not most > 0:
                raise InputError(f"{name} must be more than 0, not {most}")


@dataclass(frozen=True)
class Certificate:
    """How sure a search is. ``space``: nests in the space, at most (accelsim.search.space_size); ``space_rule``: that
    space in words; ``looked_at``: partial nests looked at; ``lower_bound`` of the objective over the space;
    ``complete``: the whole space was covered."""

    space: int
    space_rule: str
    looked_at: int
    lower_bound: float
    best: float
    seconds: float = field(compare=False)
    complete: bool

    @property
    def gap(self) -> float:
        """(best - lower bound) / best; 0 is proof of optimality within the space."""
        return max(0.0, (self.best - self.lower_bound) / self.best) if self.best else 0.0


@dataclass(frozen=True)
class SearchResult:
    """The best mapping found, its evaluation, and the certificate."""

    mapping: Mapping
    evaluation: Evaluation
    certificate: Certificate


class SearchInterrupted(KeyboardInterrupt):
    """An interrupt (Ctrl-C) that came when a mapping was found; ``result``: the best so far, with its gap."""

    def __init__(self, result: SearchResult) -> None:
        super().__init__()
        self.result = result
