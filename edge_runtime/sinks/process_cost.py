"""What this process costs the machine."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

_STATM = Path("/proc/self/statm")


def cpu_seconds() -> float:
    """CPU time of all threads so far, seconds."""
    times = os.times()
    return times.user + times.system


def rss_bytes() -> int:
    """Memory that is resident now; where /proc is not there, the most it ever was."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024


class CpuShare:
    """Share of one core that the process took lately, for the page and for MQTT."""

    _OVER_SECONDS = 5.0

    def __init__(self) -> None:
        self._since, self._cpu = time.monotonic(), cpu_seconds()
        self._percent: float | None = None

    def percent(self, now: float) -> float | None:
        """Over the last 5 s or more, percent of one core, rounded; None in the first second."""
        elapsed = now - self._since
        if elapsed >= self._OVER_SECONDS or (self._percent is None and elapsed >= 1.0):
            cpu = cpu_seconds()
            self._percent = round(100.0 * (cpu - self._cpu) / elapsed, 1)
            self._since, self._cpu = now, cpu
        return self._percent
