"""``--on-change``: a shell command that is run when the label changes."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess

from ..stderr import visible_stderr
from ..stream.event import Event
from .background import Background

_log = logging.getLogger(__name__)


class CommandFailed(Exception):
    """A command that ended with a fault, or did not end."""


class Hook:
    """Runs a command when the label changes, never two at once.

    The event is one line of JSON on the command's stdin; ``EDGE_GENRE_LABEL``,
    ``EDGE_GENRE_CONFIDENCE`` (0 to 1), ``EDGE_GENRE_STYLE`` and ``EDGE_GENRE_MOOD`` (empty where
    there is none) are in its environment. While it runs, the newest change waits and older ones
    are passed over. What it prints goes to stderr.

    Parameters
    ----------
    command : str
        For the shell.
    timeout_s : float
        A command that runs longer is killed, with all that it started; seconds.
    """

    def __init__(self, command: str, *, timeout_s: float) -> None:
        self._command, self._timeout_s = command, timeout_s
        self._label: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._background = Background(
            f"--on-change {command!r}",
            self._run,
            logger=_log,
            items="changes",
            capacity=1,
            retry=False,
        )

    def show(self, event: Event) -> None:
        """Queue the event if its label is another one than before."""
        if event.label != self._label:
            self._label = event.label
            self._background.put(event)

    def close(self) -> None:
        """Give the command a short time to end, then kill it."""
        if not self._background.close() and self._process is not None:
            _kill(self._process)

    def _run(self, event: Event) -> None:
        environment = os.environ | {
            "EDGE_GENRE_LABEL": event.label,
            "EDGE_GENRE_CONFIDENCE": f"{event.confidence:.4f}",
            "EDGE_GENRE_STYLE": event.style or "",
            "EDGE_GENRE_MOOD": event.mood or "",
        }
        with subprocess.Popen(
            self._command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=visible_stderr(),  # stdout is the display's
            stderr=visible_stderr(),
            env=environment,
            process_group=0,  # to be killed with its children; Ctrl-C is for this program
        ) as process:
            self._process = process
            try:
                process.communicate(event.to_json().encode() + b"\n", self._timeout_s)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise CommandFailed(
                    f"took longer than {self._timeout_s:g} s and was killed"
                ) from None
        if process.returncode:
            raise CommandFailed(_outcome(process.returncode))


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _outcome(code: int) -> str:
    if code < 0:
        return f"was ended by signal {-code}"
    return f"ended with exit code {code}"
