"""Looking for garbage in cycles less often: a search makes many objects and hardly any such garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 100_000, 20, 20
"""Thresholds of Python's collector: new objects before it looks at these, then how often at older ones."""


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Used around a search, which spent a twentieth of its time on it, and so did the compilation of its kernels."""
    usual = gc.get_threshold()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
