"""How a network of sequences runs: how many tokens at once, and how many came before."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from accelsim.errors import InputError
from accelsim.workload.letters import check_choice
from accelsim.workload.window import check_whole

Phase = Literal["prefill", "decode"]


@dataclass(frozen=True)
class Scenario:
    """What is asked of a network that is generated from parameters; None leaves what its file says.

    sequence  tokens of the sequence that is processed at once
    phase     prefill: the whole sequence at once; decode: one token, its keys and values joined to a cache
    context   tokens that the cache holds in decode, the new one included

    Raises InputError when a number is not positive, or ``context`` is given with prefill or ``sequence`` with decode.
    """

    sequence: int | None = None
    phase: Phase | None = None
    context: int | None = None

    def __post_init__(self) -> None:
        if self.phase is not None:
            check_choice("scenario", "phase", self.phase, get_args(Phase))
        for name in ("sequence", "context"):
            if getattr(self, name) is not None:
                check_whole("scenario", name, getattr(self, name))
        if self.context is not None and self.phase != "decode":
            raise InputError("--context says how many tokens the cache holds and needs --phase decode")
        if self.sequence is not None and self.phase == "decode":
            raise InputError("--sequence must be left out in decode, which takes one token at a time; see --context")

    def stated(self) -> str:
        """The options that ask for it."""
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        return " ".join(f"--{name} {getattr(self, name)}" for name in given)


AS_STATED = Scenario()
