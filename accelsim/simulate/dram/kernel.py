"""A controller and its banks, burst by burst, compiled.

Bursts are served in order. One that waits in the queue may already have its row opened, so banks prepare side by side;
reads and writes follow on the bus in turn. All times are clock cycles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
F = TypeVar("F", bound=Callable[..., object])

CL, CWL, RCD, RP, RAS, RRD_S, RRD_L, FAW, CCD_S, CCD_L, WTR_S, WTR_L, WR, RTP, RFC, REFI, BURST = range(17)
# shape: channels, bank groups, banks per group, bursts per row, requests that may wait
CHANNELS, GROUPS, BANKS, COLUMNS, QUEUE = range(5)
HITS, EMPTY, CONFLICTS, READS, WRITES, REFRESHES, LAST = range(7)
COUNTS = 7
NEVER = -(2**40)


def compiled(function: F) -> F:
    """Numba in nopython mode, cached on disk, without losing the signature for the type checker."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))


@compiled
def _refresh(t: Ints, at: int, row: Ints, opened: Ints, close: Ints) -> int:
    """Closes every bank and blocks them for a refresh; the cycle in which a row can be opened again."""
    ready = at
    for b in range(len(row)):
        if row[b] >= 0:
            ready = max(ready, close[b] + t[RP])
        row[b] = -1
    for b in range(len(row)):
        opened[b] = NEVER
        close[b] = NEVER
    return int(ready + t[RFC])


@compiled
def serve(bursts: Ints, writes: Ints, t: Ints, shape: Ints, counts: Ints) -> None:
    """Serves bursts (numbers of bursts in memory) in order; ``counts`` per channel as named above.

    Consecutive bursts go to consecutive channels, then bank groups, then columns of a row, then banks, then rows.
    """
    banks, queue = shape[GROUPS] * shape[BANKS], shape[QUEUE]
    for channel in range(shape[CHANNELS]):
        row, opened = np.full(banks, -1, np.int64), np.full(banks, NEVER, np.int64)
        close, group_act = np.full(banks, NEVER, np.int64), np.full(shape[GROUPS], NEVER, np.int64)
        group_cas, group_write = np.full(shape[GROUPS], NEVER, np.int64), np.full(shape[GROUPS], NEVER, np.int64)
        recent, left = np.full(4, NEVER, np.int64), np.zeros(queue, np.int64)
        acts = served = 0
        last_act = last_cas = last_read = last_write = NEVER
        blocked, due = 0, t[REFI]
        for i in range(len(bursts)):
            if bursts[i] % shape[CHANNELS] != channel:
                continue
            place = bursts[i] // shape[CHANNELS]
            group = place % shape[GROUPS]
            place //= shape[GROUPS]
            column_free = place // shape[COLUMNS]
            bank = group * shape[BANKS] + column_free % shape[BANKS]
            wanted = column_free // shape[BANKS]
            came = left[served % queue]
            while max(came, last_cas) >= due:
                blocked = _refresh(t, max(due, last_cas), row, opened, close)
                counts[channel, REFRESHES] += 1
                due += t[REFI]
            came = max(came, blocked)
            if row[bank] == wanted:
                counts[channel, HITS] += 1
            else:
                ready = came
                if row[bank] >= 0:
                    counts[channel, CONFLICTS] += 1
                    ready = max(came, close[bank]) + t[RP]
                else:
                    counts[channel, EMPTY] += 1
                ready = max(ready, opened[bank] + t[RAS] + t[RP], last_act + t[RRD_S], group_act[group] + t[RRD_L])
                ready = max(ready, recent[acts % 4] + t[FAW])
                row[bank], opened[bank], close[bank] = wanted, ready, ready + t[RAS]
                last_act = group_act[group] = recent[acts % 4] = ready
                acts += 1
            cas = max(came, opened[bank] + t[RCD], last_cas + t[CCD_S], group_cas[group] + t[CCD_L])
            if writes[i]:
                cas = max(cas, last_read + t[CL] + t[BURST] + 2 - t[CWL])
                end = cas + t[CWL] + t[BURST]
                close[bank] = max(close[bank], end + t[WR])
                last_write, group_write[group] = end, end
                counts[channel, WRITES] += 1
            else:
                cas = max(cas, last_write + t[WTR_S], group_write[group] + t[WTR_L])
                end = cas + t[CL] + t[BURST]
                close[bank] = max(close[bank], cas + t[RTP])
                last_read = cas
                counts[channel, READS] += 1
            last_cas = group_cas[group] = cas
            left[served % queue] = cas
            served += 1
            counts[channel, LAST] = max(counts[channel, LAST], end)
