"""What the library logs, as lines of the command on stderr."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from ..printable import printable
from ..stderr import is_journal, visible_stderr, write_line

LEVELS = {
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
}
"""By the names that ``--log-level`` takes"""

_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"""Of syslog"""
_LOGGER = logging.getLogger("edge_runtime")


class StderrHandler(logging.Handler):
    """Writes each record as one line, seen even while native libraries may not write."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        warning = "warning: " if record.levelno == logging.WARNING else ""
        line = f"edge-genre: {warning}{printable(' '.join(record.getMessage().split()))}"
        if is_journal(visible_stderr()):  # takes a priority before each line: sd-daemon(3)
            line = f"<{_PRIORITIES.get(record.levelno, 6)}>{line}"
        # Where stderr is closed or full nobody can read the line, and there is still work to do.
        with contextlib.suppress(OSError, ValueError):
            write_line(line)


@contextlib.contextmanager
def log_to_stderr() -> Iterator[None]:
    """Write what the library logs on stderr: errors, warnings and notes, unless `set_level`."""
    before = _LOGGER.level, _LOGGER.propagate
    handler = StderrHandler(logging.INFO)
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG)  # the handler decides, so that others may see more
    _LOGGER.propagate = False  # TensorFlow gives the root logger a handler of its own
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(before[0])
        _LOGGER.propagate = before[1]


def set_level(name: str) -> None:
    """Write nothing that matters less, from now on; one of `LEVELS`."""
    for handler in _LOGGER.handlers:
        if isinstance(handler, StderrHandler):
            handler.setLevel(LEVELS[name])
