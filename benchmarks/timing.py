"""Timing that holds on noisy machines: all candidates in turn, medians, ratios.

numpy is not imported here: its threads are set before.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

SINGLE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def use_one_thread() -> None:
    """Hold numerical libraries to one thread; call it before they are imported."""
    for name in SINGLE_THREAD:
        os.environ[name] = "1"


def interleaved(
    candidates: dict[str, Callable[[], object]],
    *,
    rounds: int,
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds per call of each candidate.

    Every round runs each candidate `calls` times, one candidate after the other, so that whatever
    else the machine does falls on all of them. With `time.process_time` as the clock, what other
    processes take of the processor does not count.
    """
    for function in candidates.values():
        function()
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, function in candidates.items():
            begin = clock()
            for _ in range(calls):
                function()
            samples[name].append((clock() - begin) / calls)
    return {name: statistics.median(values) for name, values in samples.items()}
