"""Labelling a library: which files need it, the work, and what is said of it meanwhile."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

from ..errors import EdgeGenreError
from ..progress import Progress, progress_of
from .inputs import InputError, Item
from .row import Row, name_of
from .store import Store, Summary

_log = logging.getLogger(__name__)

Engine = Callable[[Iterable[Item]], Iterator[Row]]
"""Gives a row for each file, in any order"""

_FAILURES_SHOWN = 10


@dataclass
class Outcome:
    """What a run did."""

    labelled: int = 0
    """Files, without those that failed"""
    kept: int = 0
    """Files whose row was true already"""
    failed: int = 0
    """Files and names that could not be labelled"""
    others: int = 0
    """Files with a row that were not named this time"""
    sound_s: float = 0.0
    """Seconds of sound of the files that were labelled"""
    wall_s: float = 0.0
    stopped: bool = False
    summary: Summary | None = None
    """Of the output; None if the run was stopped"""


def label_library(
    found: Iterable[Item | InputError],
    store: Store,
    engine: Engine,
    *,
    stopped: Callable[[], bool] = lambda: False,
    prune: bool = False,
    quiet: bool = False,
) -> Outcome:
    """Label what has no row that is true; write the output, unless it is stopped.

    Parameters
    ----------
    found : iterable of Item or InputError
        As `edge_runtime.library.inputs.find_items` gives them.
    store : Store
    engine : callable
        Does the work.
    stopped : callable
        Whether to end early: what is finished is safe then, and there is no output.
    prune : bool
        Whether to drop rows of files that are not there any more; those stay that have what tags
        were before they were written.
    quiet : bool
        Whether to show no progress.

    Raises
    ------
    OutputFileError
        If rows cannot be written; those that were safe before stay.
    """
    begin = time.monotonic()
    outcome = Outcome()
    todo = _todo(found, store, outcome, stopped, prune=prune)
    if todo and not stopped():
        with progress_of("label", len(todo), quiet=quiet) as shown:
            _work(todo, store, engine, outcome, shown)
    outcome.wall_s = time.monotonic() - begin
    outcome.stopped = stopped()
    if outcome.stopped:
        store.commit()
    else:
        outcome.summary = store.finish()
    return outcome


def _todo(
    found: Iterable[Item | InputError],
    store: Store,
    outcome: Outcome,
    stopped: Callable[[], bool],
    *,
    prune: bool,
) -> list[Item]:
    """Files that are to be labelled; how many there are is known before the work begins."""
    todo = []
    others = set(store.names())
    for item in found:
        if stopped():
            return []
        if isinstance(item, InputError):
            _report_failure(outcome, str(item.error))
            continue
        others.discard(item.name)
        if store.is_known(item.name) and _is_current(store, item):
            outcome.kept += 1
        else:
            todo.append(item)
    if prune:
        gone = [name for name in others if _is_gone(name) and not store.has_old_tags(name)]
        for name in gone:
            store.drop(name)
        others.difference_update(gone)
    outcome.others = len(others)
    todo.sort(key=attrgetter("name"))  # as rows are in the output: it is written from few parts
    return todo


def _is_current(store: Store, item: Item) -> bool:
    try:
        return store.is_current(item.name, item.stat())
    except EdgeGenreError:
        return False  # its row will say so


def _is_gone(name: str) -> bool:
    return not Item(name).is_remote and not os.path.lexists(name)


def _work(
    todo: list[Item], store: Store, engine: Engine, outcome: Outcome, shown: Progress
) -> None:
    begin = time.monotonic()
    for done, row in enumerate(engine(todo), start=1):
        store.add(row)
        if row["error"] is None:
            outcome.labelled += 1
            outcome.sound_s += row["seconds"]
        else:
            _report_failure(outcome, f"{name_of(row)}: {row['error']}")
        shown.advance(done, _rates(done, time.monotonic() - begin, outcome))


def _rates(done: int, wall_s: float, outcome: Outcome) -> str:
    wall_s = max(wall_s, 1e-3)
    failed = f", {outcome.failed} failed" if outcome.failed else ""
    return f"{done / wall_s:.1f} files/s, {outcome.sound_s / 3600 / wall_s:.2g} h/s{failed}"


def _report_failure(outcome: Outcome, line: str) -> None:
    outcome.failed += 1
    if outcome.failed <= _FAILURES_SHOWN:
        _log.error("%s", line)
    elif outcome.failed == _FAILURES_SHOWN + 1:
        _log.error("more files failed; the column error says why")
