"""The tags of an output's files back to what they were before we wrote to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ..errors import AudioFormatError, EdgeGenreError, MissingExtraError
from .file_tags import (
    FileState,
    file_state,
    read_field,
    refuse_read_only,
    remove_leftovers,
    write_field,
)
from .row import Row, name_of, pending_mtime_ns
from .tag_outcome import FILES_AT_ONCE, Fate, Outcome, RowStore, failed


def undo_tags(
    store: RowStore,
    show: Callable[[Outcome], None],
    *,
    dry_run: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Counter[Fate]:
    """Put back what the files of an output held before tags were written to them.

    A field that holds something else than what was written stays as it is: that is somebody's work.

    Parameters
    ----------
    store : RowStore
    show : callable
        Gets what became of every file that tags were written to.
    dry_run : bool
        Whether to write nothing at all.
    stopped : callable
        Whether to end early, between two files: those that are left are as they were.

    Returns
    -------
    Counter of Fate

    Raises
    ------
    MissingExtraError, OutputFileError
        As `write_tags`.
    """
    counts: Counter[Fate] = Counter()
    rows = (row for row in store.rows() if row.get("written_tags"))
    while not stopped() and (batch := list(islice(rows, FILES_AT_ONCE))):
        try:
            for row in batch:
                if stopped():
                    break
                outcome = _restore(store, row, dry_run=dry_run)
                counts[outcome.fate] += 1
                show(outcome)
        finally:
            if not dry_run:
                store.commit()
    return counts


def _restore(store: RowStore, row: Row, *, dry_run: bool) -> Outcome:
    name = name_of(row)
    written, old = dict(row["written_tags"]), dict(row["old_tags"] or {})
    state: FileState | None = None
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    outcome = None
    try:
        path = Path(name)
        found_state, pending = file_state(path), pending_mtime_ns(row)
        is_labelled = found_state == FileState(row["size"], row["mtime_ns"]) or (
            found_state.mtime_ns == pending
        )
        for field in list(written):
            found, wanted = read_field(path, field), tuple(old.get(field, ()))
            if found.stored not in (tuple(written[field]), wanted):
                raise AudioFormatError(
                    f"{path}: {field} holds {'; '.join(found.shown) or 'nothing'} by now, which "
                    "edge-genre did not write, and stays"
                )
            if found.stored != wanted:
                refuse_read_only(path)
            before, after = (*before, *found.shown), (*after, *wanted)
            if dry_run:
                continue
            if pending is not None:
                remove_leftovers(path)
            if found.stored != wanted:
                state = write_field(path, wanted, field)
            del written[field]
            old.pop(field, None)
    except MissingExtraError:
        raise
    except EdgeGenreError as error:
        outcome = failed(name, error)
    if not dry_run:
        new = {
            **row,
            "old_tags": old or None,
            "written_tags": written or None,
            "tags_error": outcome.error if outcome is not None else None,
        }
        # A file that changed otherwise, too, is one to label anew.
        if state is not None and is_labelled:
            new |= {"size": state.size, "mtime_ns": state.mtime_ns}
        store.replace(new)
    return outcome or Outcome(name, Fate.RESTORED, before, after)
