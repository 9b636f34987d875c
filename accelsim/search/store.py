"""What the frames of one search share: things made when they are first asked for, and room to compute in."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Protocol, TypeVar

import numpy as np

from accelsim.search.grid import Floats

MOST_LENT = 1 << 26
"""Bytes of what is lent at a time."""


class Sized(Protocol):
    """What takes so many bytes."""

    @property
    def nbytes(self) -> int: ...


Made = TypeVar("Made")
Lent = TypeVar("Lent", bound=Sized)


class Store:
    """Things by their keys."""

    def __init__(self) -> None:
        self._others: dict[object, Any] = {}
        self._lent: dict[object, Any] = {}
        self._taken = 0
        self._room, self._user, self._users = np.empty(0), -1, count()

    def counted(self) -> int:
        """A number that no other user has."""
        return next(self._users)

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """What goes by this key, made when it is first asked for."""
        if key not in self._others:
            self._others[key] = make()
        found: Made = self._others[key]
        return found

    def lent(self, key: object, make: Callable[[], Lent]) -> Lent:
        """The same for what is large: all of it is let go of when it takes too much room."""
        if key not in self._lent:
            made = make()
            self._taken += made.nbytes
            if self._taken > MOST_LENT:
                self._lent.clear()
                self._taken = made.nbytes
            self._lent[key] = made
        found: Lent = self._lent[key]
        return found

    @property
    def user(self) -> int:
        """The user who had the room last."""
        return self._user

    def room(self, rows: int, columns: int, user: int) -> Floats:
        """Room to compute in, as its last user left it: to have it anew costs more than its use."""
        if self._room.size < rows * columns:
            self._room = np.empty(rows * columns)
        self._user = user
        return self._room[: rows * columns].reshape(rows, columns)
