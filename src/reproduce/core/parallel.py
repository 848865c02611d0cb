"""Work on a stream of items by several threads, in order, with a bounded number under way.

Threads and not processes: Pillow, hashlib and TensorFlow let others run while they compute, and
nothing has to be copied from one process to another.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Generator[Result, None, None]:
    """Yield function(item) for each item, in the order of the items.

    At most two items per thread are under way or wait to be taken, so memory does not grow with
    the number of items.

    Parameters
    ----------
    function
        Called in several threads at once.
    items
        Read one by one, as results are taken.
    threads
        By default `available_threads()`.

    Raises
    ------
    Exception
        What `function` raises for the first failing item in order, once the results before it
        have been taken.
    """
    threads = threads or available_threads()
    _keep_freed_memory()
    under_way: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in items:
            under_way.append(pool.submit(function, item))
            if len(under_way) == 2 * threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _keep_freed_memory() -> None:
    """Let glibc keep freed memory for the next item; elsewhere this has no effect.

    It gives large blocks back to the system, which clears them page by page when they are wanted
    again: a fifth of the time that an image takes. How large is large follows from the largest
    block that was freed, up to 32 MiB (see mallopt(3), M_MMAP_THRESHOLD).
    """
    np.empty(31 << 20, np.uint8)


def available_threads() -> int:
    """Return how many threads to use: $OMP_NUM_THREADS, else the cores that the process may use.

    Snakemake sets the variable to a rule's `threads`.
    """
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]  # "3,2": 3, and 2 in each
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return cores()


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
