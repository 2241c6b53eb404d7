"""One process of the pool. It imports little by itself: numpy must find its settings first."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import NamedTuple

from ..errors import EdgeGenreError
from ..processes import die_with_parent

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Fault(NamedTuple):
    """Why no file can be labelled."""

    message: str
    exit_code: int


class Loaded(NamedTuple):
    """The process has what it needs, and reads files from now on."""


def work(pipe: Connection) -> None:
    """Take what makes rows and say when it is loaded, then take files; give a row for each.

    Parameters
    ----------
    pipe : Connection
        To the main process, whose end is the end of this one.
    """
    # Ctrl-C reaches every process of the terminal; the main one stops the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=die_with_parent, daemon=True).start()
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # every core has a process already
    with suppress(EOFError, BrokenPipeError):  # the main process has gone
        try:
            labeller = pipe.recv()
            labeller.load()
            pipe.send(Loaded())
            while True:
                pipe.send(labeller(pipe.recv()))
        except EdgeGenreError as error:
            pipe.send(Fault(str(error), error.exit_code))
