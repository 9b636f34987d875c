"""Two engines for many machines, side by side: start-up, cost per task, a killed worker, size.

    pip install ray distributed
    python benchmarks/engines.py ray
    python benchmarks/engines.py dask

Each engine runs two worker processes on this machine. The killed worker is the process that works on a task of its own
choosing: it ends itself once, as an out-of-memory kill would, and the task must come back.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TASKS = 1000


def nothing(index: int) -> int:
    """A task without work."""
    return index


def nap(index: int, mark: str) -> int:
    """A tenth of a second; the first to take task 20 dies of it."""
    time.sleep(0.1)
    if index == 20:
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return index
        os.kill(os.getpid(), signal.SIGKILL)
    return index


def with_ray() -> tuple[Callable[..., Any], Callable[[], None]]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)

    def run(function: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
        remote = ray.remote(max_retries=3)(function)
        return ray.get([remote.remote(*given) for given in arguments])  # type: ignore[no-any-return]

    return run, ray.shutdown


def with_dask() -> tuple[Callable[..., Any], Callable[[], None]]:
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)  # type: ignore[no-untyped-call]
    client = Client(cluster)  # type: ignore[no-untyped-call]

    def run(function: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> list[Any]:
        futures = [client.submit(function, *given, pure=False) for given in arguments]
        return client.gather(futures)  # type: ignore[no-any-return]

    def close() -> None:
        client.close()
        cluster.close()

    return run, close


def main(engine: str) -> None:
    start = time.perf_counter()
    run, close = {"ray": with_ray, "dask": with_dask}[engine]()
    run(nothing, [(0,), (1,)])
    print(f"{engine}: start-up to the first results {time.perf_counter() - start:.2f} s")
    start, cpu = time.perf_counter(), time.process_time()
    assert run(nothing, [(index,) for index in range(TASKS)]) == list(range(TASKS))
    spent = time.perf_counter() - start
    print(
        f"{engine}: {1e3 * spent / TASKS:.2f} ms per task ({1e3 * (time.process_time() - cpu) / TASKS:.2f} ms CPU here)"
    )
    with tempfile.TemporaryDirectory() as folder:
        mark, start = str(Path(folder) / "mark"), time.perf_counter()
        assert run(nap, [(index, mark) for index in range(40)]) == list(range(40))
        print(f"{engine}: 40 tasks of 0.1 s on two workers, one killed: {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    close()
    print(f"{engine}: shut down in {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main(sys.argv[1])
