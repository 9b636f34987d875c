"""Workers on many machines: a running Dask cluster, found by the address of its scheduler.

    dask scheduler                      on one machine: prints tcp://HOST:8786
    dask worker tcp://HOST:8786         on every machine, with the same accelsim installed
    accelsim sweep study.yaml --out study/ --cluster tcp://HOST:8786

The engine runs the chunks of a worker that died again on another; what kills them again and again is set aside.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from accelsim.errors import InputError
from accelsim.search.cache_key import LOADED_SOURCES
from accelsim.sweep.work import Chunk, Outcome, answered_alike, died

SECONDS = 5.0
"""To wait for a scheduler, and for its first worker."""
IN_FLIGHT = 2
PORT = 8786


class Cluster:
    """The workers of a scheduler at ``address`` (tcp://HOST:PORT, or HOST:PORT).

    Raises InputError when the engine is not installed, nobody answers, or there is no worker.
    """

    def __init__(self, address: str) -> None:
        self.address = address if "://" in address else f"tcp://{address}"
        distributed = _distributed()
        _probe(self.address)
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        try:
            self.client: Any = distributed.Client(self.address, timeout=SECONDS, set_as_default=False)
            self.client.wait_for_workers(1, timeout=SECONDS)
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise InputError(
                f"cluster {address} cannot be used ({reason[:200]}); start workers with 'dask worker {self.address}'"
            ) from None

    @property
    def workers(self) -> int:
        return max(1, sum(map(int, self.client.nthreads().values())))

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Outcome]:
        from distributed import as_completed

        open_: dict[Any, Chunk] = {}
        coming = as_completed(loop=self.client.loop)
        while True:
            while len(open_) < IN_FLIGHT * self.workers and (chunk := next(chunks, None)):
                coming.add(self._submitted(chunk, open_))
            if not open_:
                return
            future = next(coming)
            outcomes, again = self._outcomes(future, open_.pop(future))
            for chunk in again:
                coming.add(self._submitted(chunk, open_))
            yield from outcomes

    def _submitted(self, chunk: Chunk, open_: dict[Any, Chunk]) -> Any:
        future = self.client.submit(answered_alike, chunk, LOADED_SOURCES, pure=False)
        open_[future] = chunk
        return future

    def _outcomes(self, future: Any, chunk: Chunk) -> tuple[list[Outcome], list[Chunk]]:
        """What came of a chunk, and what is to be run again: one that kills workers is taken apart."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            return future.result(), []
        except KilledWorker:
            return ([died(chunk[0])], []) if len(chunk) == 1 else ([], [(search,) for search in chunk])
        except (FutureCancelledError, OSError) as error:
            raise InputError(f"cluster {self.address} is gone ({' '.join(str(error).split())[:200]})") from None

    def close(self) -> None:
        """Let the cluster go on without us; what is under way for us is cancelled with the last reference to it."""
        self.client.close()


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise InputError("--cluster needs the extra 'dask': pip install 'accelsim[dask]'") from None
    return distributed


def _probe(address: str) -> None:
    """A sentence at once, instead of half a minute of attempts, where nobody listens."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port or PORT
    except ValueError:
        host, port = None, PORT
    if not host:
        raise InputError(f"--cluster must be the address of a scheduler such as tcp://host:8786, not '{address}'")
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        raise InputError(
            f"cluster {address} does not answer ({error.strerror or error}); start it with 'dask scheduler'"
        ) from None
