"""The proof: executes a mapping on real integers and counts what it moves; shares nothing with accelsim.model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.simulate.execute import Execution, execute

__all__ = ["Execution", "execute"]


def __getattr__(name: str) -> Any:
    """Imports NumPy and Numba only when something is executed (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("accelsim.simulate.execute"), name)
