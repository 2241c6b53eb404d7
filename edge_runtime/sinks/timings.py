"""``--log-level debug``: what the windows cost, once a minute."""

from __future__ import annotations

import logging
import time

from ..stream.event import Event

_INTERVAL_SECONDS = 60.0
_log = logging.getLogger(__name__)


class Timings:
    """A sink that logs the mean time of front end and inference."""

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._since = time.monotonic()
        self._windows, self._front_end_ms, self._inference_ms = 0, 0.0, 0.0

    def show(self, event: Event) -> None:
        """Count a window."""
        self._windows += 1
        self._front_end_ms += event.front_end_ms
        self._inference_ms += event.inference_ms
        if time.monotonic() - self._since >= _INTERVAL_SECONDS:
            self.close()

    def close(self) -> None:
        """Log the windows since the last time."""
        if self._windows:
            _log.debug(
                "%d windows in %.0f s: %.2f ms front end, %.2f ms inference each",
                self._windows,
                time.monotonic() - self._since,
                self._front_end_ms / self._windows,
                self._inference_ms / self._windows,
            )
        self._restart()
