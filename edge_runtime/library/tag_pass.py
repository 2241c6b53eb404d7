"""The genres of an output into the tags of its files, and back.

What a file held is in the output, safe on the disk, before the file is changed: many files at a
time, so that it costs little. What was written, and the file's size and time afterwards, follow.
A run that is killed in between is gone on with: a file either holds what the output says was to be
written, or it is as it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..errors import AudioFormatError, EdgeGenreError, MissingExtraError
from .file_tags import (
    GENRE,
    FileState,
    file_state,
    read_field,
    refuse_read_only,
    remove_leftovers,
    write_field,
)
from .genre_map import TagChoice
from .remote import is_remote
from .row import Row, name_of, pending_mtime_ns, pending_note
from .tag_outcome import (
    FILES_AT_ONCE,
    Fate,
    Outcome,
    RowStore,
    failed,
    remote,
    tag_values,
)


@dataclass(frozen=True)
class TagPlan:
    """What is to be written."""

    choice: TagChoice
    field: str = GENRE
    replace: bool = False
    """Whether also where there is something"""
    dry_run: bool = False
    """Whether to write nothing at all"""


@dataclass(frozen=True)
class _Change:
    row: Row
    path: Path
    state: FileState
    before: tuple[str, ...]
    old: tuple[str, ...]
    """What the field held before anything was written to it"""
    new: tuple[str, ...]
    mtime_ns: int
    """Of the file afterwards"""


@dataclass(frozen=True)
class _Settled:
    """A file that a run wrote to that was killed before it knew."""

    row: Row
    path: Path
    state: FileState
    values: tuple[str, ...]


def write_tags(
    store: RowStore,
    plan: TagPlan,
    show: Callable[[Outcome], None],
    *,
    among: Container[str] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[Fate]:
    """Write the genres of an output's rows into the tags of its files.

    Parameters
    ----------
    store : RowStore
    plan : TagPlan
    show : callable
        Gets what became of every file, in the order of the rows.
    among : container of str, optional
        Names of the files that may be written to; all without it.
    stopped : callable
        Whether to end early, between two files: those that are left are as they were.

    Returns
    -------
    Counter of Fate

    Raises
    ------
    MissingExtraError
        If mutagen is not installed.
    OutputFileError
        If the output cannot be written; no file was changed then whose tags are not in it.
    """
    counts: Counter[Fate] = Counter()
    rows = (row for row in store.rows() if among is None or name_of(row) in among)
    outcomes: Iterator[Outcome]
    while not stopped() and (batch := list(islice(rows, FILES_AT_ONCE))):
        decided = [_decide(row, plan) for row in batch]
        if plan.dry_run:
            outcomes = map(_foreseen, decided)
        else:
            for decision in decided:
                if isinstance(decision, _Change):
                    store.replace(_with_intention(decision, plan.field))
            store.commit()
            outcomes = _done_unless(stopped, store, batch, decided, plan)
        try:
            for outcome in outcomes:
                counts[outcome.fate] += 1
                show(outcome)
        finally:
            if not plan.dry_run:
                store.commit()
    return counts


def _decide(row: Row, plan: TagPlan) -> _Change | _Settled | Outcome:
    name = name_of(row)
    if row["error"] is not None:
        return Outcome(name, Fate.UNLABELLED)
    if is_remote(name):
        return remote(name)
    values = plan.choice.values(row)
    if not values:
        return Outcome(name, Fate.UNSURE)
    intended, old = (tag_values(row, column, plan.field) for column in ("written_tags", "old_tags"))
    try:
        path = Path(name)
        state, found = file_state(path), read_field(path, plan.field)
        if pending_mtime_ns(row) is not None and found.stored == intended:
            return _Settled(row, path, state, found.shown)
        if found.stored == values or (not plan.replace and any(map(str.strip, found.shown))):
            return Outcome(name, Fate.HAS_ONE, found.shown, found.shown)
        if (state.size, state.mtime_ns) != (row["size"], row["mtime_ns"]):
            raise AudioFormatError(
                f"{path}: has changed since it was labelled, and is left alone; label it again"
            )
        refuse_read_only(path)
    except MissingExtraError:
        raise
    except EdgeGenreError as error:
        return failed(name, error)
    # What we wrote ourselves is nothing to go back to.
    before_us = old if old is not None and found.stored == intended else found.stored
    return _Change(row, path, state, found.shown, before_us, values, time.time_ns())


def _foreseen(decision: _Change | _Settled | Outcome) -> Outcome:
    """What would become of a file."""
    if isinstance(decision, Outcome):
        return decision
    if isinstance(decision, _Settled):
        return Outcome(name_of(decision.row), Fate.HAS_ONE, decision.values, decision.values)
    return Outcome(name_of(decision.row), Fate.WRITTEN, decision.before, decision.new)


def _with_intention(change: _Change, field: str) -> Row:
    """The row with what the file holds and what it is to hold."""
    row = change.row
    return {
        **row,
        "old_tags": {**(row.get("old_tags") or {}), field: list(change.old)},
        "written_tags": {**(row.get("written_tags") or {}), field: list(change.new)},
        "tags_error": pending_note(change.mtime_ns),
    }


def _done_unless(
    stopped: Callable[[], bool],
    store: RowStore,
    batch: list[Row],
    decided: list[_Change | _Settled | Outcome],
    plan: TagPlan,
) -> Iterator[Outcome]:
    """Do it file by file; after a stop, the rows that are left intend nothing any more."""
    for row, decision in zip(batch, decided, strict=True):
        if not stopped():
            yield _done(store, row, decision, plan)
        elif isinstance(decision, _Change):
            store.replace(row)


def _done(
    store: RowStore, row: Row, decision: _Change | _Settled | Outcome, plan: TagPlan
) -> Outcome:
    """Do what was decided, and what became of it."""
    name = name_of(row)
    if isinstance(decision, Outcome):
        if row.get("tags_error") != (decision.error or None):
            store.replace({**row, "tags_error": decision.error or None})
        return decision
    if pending_mtime_ns(row) is not None:
        remove_leftovers(decision.path)
    if isinstance(decision, _Settled):
        new, state = row, decision.state
        outcome = Outcome(name, Fate.WRITTEN, decision.values, decision.values)
    else:
        try:
            state = write_field(
                decision.path, decision.new, plan.field, expected=decision.state,
                mtime_ns=decision.mtime_ns,
            )  # fmt: skip
        except EdgeGenreError as error:
            refused = failed(name, error)
            store.replace({**row, "tags_error": refused.error})
            return refused
        new = _with_intention(decision, plan.field)
        outcome = Outcome(name, Fate.WRITTEN, decision.before, decision.new)
    store.replace({**new, "size": state.size, "mtime_ns": state.mtime_ns, "tags_error": None})
    return outcome
