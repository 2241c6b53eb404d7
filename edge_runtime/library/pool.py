"""Labelling on several cores: a process each, files handed out one by one.

No lock and no queue is shared: a process that is killed while it holds one would stop all. Each has
a pipe of its own, and what it had been given is known, so that nothing is lost with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from ..errors import EdgeGenreError
from ..processes import can_start_processes, interrupts_held
from .inputs import Item
from .row import Row
from .worker import Fault, Loaded, work

_log = logging.getLogger(__name__)

_AHEAD = 4
"""Files that a process has been given, the one it reads included: their names fit into any pipe."""
_LOOK_S = 0.2
"""How often the main process looks whether it is to stop."""
_END_S = 2.0
_TRIES = 2
_DEATHS_AT_MOST = 5
"""Processes that end one after the other before they read a file: more would do no better"""


class PoolError(EdgeGenreError):
    """Processes that end as soon as they are started."""


class Labels(Protocol):
    """What makes rows; see `edge_runtime.library.labeller.Labeller`."""

    def load(self) -> None:
        """Load what is needed for all files."""

    def __call__(self, item: Item) -> Row:
        """The row of a file."""

    def failure(self, item: Item, reason: str) -> Row:
        """The row of a file that has no label."""


def label_items(
    labeller: Labels,
    items: Iterable[Item],
    jobs: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Row]:
    """Rows of files, as they are finished.

    A file whose process is killed (a decoder that crashes, memory that ran out) is tried once more
    in a new process; if that is killed as well, its row says so.

    Parameters
    ----------
    labeller : Labels
        Is pickled.
    items : iterable of Item
        Read as they are needed.
    jobs : int
        Processes.
    stopped : callable
        Whether to end early; asked several times a second. What is finished is given.

    Raises
    ------
    PoolError
        If processes cannot be started, or are killed again and again.
    EdgeGenreError
        If the model cannot be loaded.
    """
    if not can_start_processes():
        yield from _in_this_process(labeller, items, stopped)
        return
    pool = Pool(labeller, jobs)
    try:
        yield from pool.label(items, stopped)
    finally:
        pool.close()


def _in_this_process(
    labeller: Labels, items: Iterable[Item], stopped: Callable[[], bool]
) -> Iterator[Row]:
    for item in items:
        if stopped():
            return
        yield labeller(item)


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    given: deque[Item] = field(default_factory=deque)
    """Oldest first; the first one is being read"""
    loaded: bool = False
    """Whether it reads files: only then may one of them be what ended it"""


class Pool:
    """Processes that make rows, of one lot of files after the other.

    Parameters
    ----------
    labeller : Labels
        Is pickled.
    jobs : int
        Processes; started as there is work.
    """

    def __init__(self, labeller: Labels, jobs: int) -> None:
        # A process that is forked from one with threads may hang; a spawned one may not.
        self._context = multiprocessing.get_context("spawn")
        self._labeller, self._jobs = labeller, jobs
        self._items: Iterator[Item] = iter(())
        self._again: deque[Item] = deque()
        self._killed: dict[str, int] = {}
        self._deaths = 0
        self._workers: list[_Worker] = []
        self._next: Item | None = None

    def label(
        self, items: Iterable[Item], stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Row]:
        """As `label_items`; the processes stay for the next files."""
        self._items = iter(items)
        self._next = next(self._items, None)
        while not stopped() and self._is_busy():
            yield from self._finished(_LOOK_S)
        yield from self._finished(0.0)

    def close(self) -> None:
        """End the processes, whatever they do."""
        for worker in self._workers:
            worker.pipe.close()  # one without work ends by that
            if worker.given:
                worker.process.kill()
        for worker in self._workers:
            worker.process.join(_END_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _is_busy(self) -> bool:
        """Give the processes work; whether there is any."""
        while self._has_more() and len(self._workers) < self._jobs:
            self._workers.append(self._started())
        # One file each, then a second: the last files are spread over all.
        for depth in range(1, _AHEAD + 1):
            for worker in self._workers:
                if len(worker.given) < depth and self._has_more():
                    self._give(worker)
        return any(worker.given for worker in self._workers) or self._has_more()

    def _finished(self, wait_s: float) -> Iterator[Row]:
        """Rows that are there, or come within a time."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), wait_s):
            yield from self._received(by_pipe[pipe])  # type: ignore[index]  # no sockets among them

    def _received(self, worker: _Worker) -> Iterator[Row]:
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._died(worker)
            return
        if isinstance(answer, Fault):
            error = EdgeGenreError(answer.message)
            error.exit_code = answer.exit_code
            raise error
        if isinstance(answer, Loaded):
            worker.loaded = True
            self._deaths = 0
            return
        worker.given.popleft()
        yield answer

    def _died(self, worker: _Worker) -> Iterator[Row]:
        self._workers.remove(worker)
        worker.process.join()
        worker.pipe.close()
        how = _ending(worker.process.exitcode)
        if not worker.loaded:
            self._deaths += 1
            if self._deaths >= _DEATHS_AT_MOST:
                raise PoolError(
                    f"processes that label files end again and again ({how}); what was finished is "
                    "kept: run the same command again, with fewer --jobs if memory is short"
                )
            self._again.extendleft(reversed(worker.given))
            return
        self._again.extendleft(reversed(list(worker.given)[1:]))
        if not worker.given:
            return
        item = worker.given[0]
        self._killed[item.name] = tries = self._killed.get(item.name, 0) + 1
        if tries < _TRIES:
            self._again.appendleft(item)
            _log.warning("%s: its process ended (%s); it is tried again", item.name, how)
            return
        del self._killed[item.name]
        yield self._labeller.failure(
            item, f"the process that read it ended, twice ({how}); check the file"
        )

    def _has_more(self) -> bool:
        return bool(self._again) or self._next is not None

    def _give(self, worker: _Worker) -> None:
        if self._again:
            item = self._again.popleft()
        else:
            assert self._next is not None
            item, self._next = self._next, next(self._items, None)
        worker.given.append(item)
        with suppress(OSError):  # it has ended: `_finished` finds that out, and gives it again
            worker.pipe.send(item)

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(theirs,), daemon=True)
        try:
            with interrupts_held():
                process.start()
        except OSError as error:  # a limit on processes or open files
            raise PoolError(
                f"a process to label files cannot be started ({error.strerror}); use fewer --jobs"
            ) from None
        finally:
            theirs.close()
        worker = _Worker(process, ours)
        with suppress(OSError):  # as in `_give`
            ours.send(self._labeller)
        return worker


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"{name}, out of memory?" if -code == getattr(signal, "SIGKILL", 0) else name
    return f"exit code {code}"
