"""Where rows go while files are labelled, and the one file that comes of them.

Beside ``labels.parquet`` there is a folder ``labels.parquet.parts`` while a run lasts: small files
of the same format, each whole or not there. The next run reads them and goes on, whatever ended
this one. At the end all rows, with those of an earlier run that are still true, become one file.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..atomic_write import cannot_write, opened_atomically, write_atomically
from ..errors import EdgeGenreError, OutputFileError
from ..output_file import check_output
from .file_lock import FileLock
from .formats import Format, Head, format_of
from .inputs import ItemStat
from .labeller import LabelSettings
from .row import WRITTEN, Columns, Row, name_of
from .row_places import RowPlaces

_log = logging.getLogger(__name__)

ROWS_PER_PART = 512
SECONDS_PER_PART = 20.0
"""What a run that is killed loses, at most: time, never a row."""
_PARTS, _LOCK, _ANEW = ".parts", "lock", "anew"


@dataclass(frozen=True)
class Summary:
    """What the output holds."""

    files: int
    seconds: float
    """Of sound"""
    failed: int


class Store:
    """The rows of one output.

    Parameters
    ----------
    path : Path
        Of the output; its suffix says the format.
    settings : LabelSettings or None
        What rows are made with. None opens an output that is there, whatever its rows were made
        with: they may be replaced, and get the columns of `edge_runtime.library.row.WRITTEN`.
    overwrite : bool
        Whether to leave an output out of account that is there. A run with it that was
        interrupted goes on all the same.
    option : str
        That named the output, for messages.

    Raises
    ------
    OutputFileError
        If there is an output of another model or of other settings, or of another kind; if there is
        none that could be opened; if another run writes to it; if it cannot be written.
    MissingExtraError
        If its format needs a library that is not installed.
    """

    def __init__(
        self,
        path: Path,
        settings: LabelSettings | None,
        *,
        overwrite: bool = False,
        option: str = "--out",
    ) -> None:
        self.path = path
        self._option = option
        self._format: Format = format_of(path, option)
        check_output(path, self._format.kind, option)
        self._target = Path(os.path.realpath(path))
        self._parts = self._target.with_name(self._target.name + _PARTS)
        if settings is None and not self._target.exists() and not self._parts.exists():
            raise OutputFileError(
                f"{path}: no such file; make one with edge-genre label FOLDER --out {path}"
            )
        self._settings = settings
        self._columns = Columns() if settings is None else settings.columns
        self._places = RowPlaces(self._format, ROWS_PER_PART)
        self._waiting: list[Row] = []
        self._since = time.monotonic()
        self._changed = False
        self._lock = self._locked()
        try:
            self._read(overwrite=overwrite)
        except BaseException:
            self.close()
            raise

    def is_known(self, name: str) -> bool:
        """Whether there is a row of a file that is no failure; it may not be true any more."""
        place = self._places.get(name)
        return place is not None and not place.failed

    def is_current(self, name: str, stat: ItemStat) -> bool:
        """Whether there is a row of a file as it is now.

        Where a server tells neither size nor time, nobody can know. A file whose tags a run wrote
        that ended before it could say so is as it was.
        """
        place = self._places.get(name)
        if place is None or place.failed or (stat.size is None and stat.mtime_ns is None):
            return False
        return (place.size, place.mtime_ns) == (stat.size, stat.mtime_ns) or (
            stat.mtime_ns is not None and place.pending_mtime_ns == stat.mtime_ns
        )

    def rows(self) -> Iterator[Row]:
        """All rows, as they are when this is called, in the order of their files' names."""
        self.commit()
        runs = list(self._places.runs())
        names = self._columns.names
        return (
            row
            for source, numbers in runs
            for row in self._places.file(source).rows(numbers, names=names)
        )

    def names(self) -> Iterator[str]:
        """Of all files that have a row."""
        return self._places.names()

    def has_old_tags(self, name: str) -> bool:
        """Whether the row of a file has what its tags were before they were written."""
        return self._columns.written and bool(self._places.row(name).get("written_tags"))

    def drop(self, name: str) -> None:
        """Leave out the row of a file."""
        self._places.drop(name)
        self._changed = True

    def add(self, row: Row) -> None:
        """Take a row; it is safe some seconds later at most.

        Raises
        ------
        OutputFileError
            If rows cannot be written; those that were safe before stay.
        """
        self.replace(self._with_written(row))

    def replace(self, row: Row) -> None:
        """As `add`, with the values of the row for what is known of its file's tags.

        Raises
        ------
        OutputFileError
        """
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append(row)
        if (
            len(self._waiting) >= ROWS_PER_PART
            or time.monotonic() - self._since >= SECONDS_PER_PART
        ):
            self.commit()

    def commit(self) -> None:
        """Make the rows safe that were added."""
        if not self._waiting:
            return
        part = self._parts / f"{self._next_part():06}{self._format.suffix}"
        content = io.BytesIO()
        with self._format.writer(content, self._columns) as writer:
            writer.add(self._waiting)
        write_atomically(part, content.getvalue(), error=OutputFileError, durable=True)
        self._places.append(part, self._waiting)
        self._waiting, self._changed = [], True

    def finish(self) -> Summary:
        """Write the output; the parts go.

        Raises
        ------
        OutputFileError
            If it cannot be written: the parts stay for the next run.
        """
        self.commit()
        if self._changed:
            self._write()
        self._places.close()
        shutil.rmtree(self._parts, ignore_errors=True)
        places = list(self._places.all())
        return Summary(
            len(places),
            sum(place.seconds for place in places),
            sum(place.failed for place in places),
        )

    def close(self) -> None:
        """Let others use the output; what was added and not made safe is lost."""
        self._places.close()
        self._lock.close()

    def _locked(self) -> FileLock:
        try:
            while True:
                self._parts.mkdir(parents=True, exist_ok=True)
                try:
                    return FileLock(self._parts / _LOCK)
                except FileNotFoundError:
                    continue  # another run has just ended and taken the folder away
        except BlockingIOError:
            raise OutputFileError(
                f"{self._option} {self.path}: another edge-genre label writes to it; wait for "
                "its end, or name another file"
            ) from None
        except OSError as error:
            raise OutputFileError(cannot_write(self._parts, error)) from None

    def _read(self, *, overwrite: bool) -> None:
        for leftover in self._parts.glob("tmp*"):  # of a run that was killed
            leftover.unlink(missing_ok=True)
        anew = self._parts / _ANEW
        if overwrite:
            self._refuse_to_forget_tags()
            if not (anew.exists() and self._parts_fit()):
                for part in self._part_files():
                    part.unlink()
            write_atomically(anew, b"", error=OutputFileError)
        old = self._target.exists() and self._target.stat().st_size and not anew.exists()
        if old:
            self._take(self._target)
        self._changed = not old
        for part in self._part_files():
            self._take(part)
            self._changed = True

    def _part_files(self) -> list[Path]:
        return sorted(self._parts.glob(f"*{self._format.suffix}"))

    def _next_part(self) -> int:
        parts = self._part_files()
        return int(parts[-1].stem) + 1 if parts else 1

    def _parts_fit(self) -> bool:
        """Whether the parts of an earlier run are those of this one."""
        try:
            for part in self._part_files():
                file = self._format.open(part)
                for head in file.heads():
                    self._check(head, file.columns)
                file.close()
        except EdgeGenreError:
            return False
        return True

    def _take(self, source: Path) -> None:
        columns = self._places.take(source, self._check)
        if self._settings is None:
            self._columns = max(self._columns, columns, key=lambda columns: len(columns.names))
            self._columns = self._columns.with_written()
        elif columns.written:
            self._columns = self._columns.with_written()

    def _refuse_to_forget_tags(self) -> None:
        for source in [*filter(Path.exists, [self._target]), *self._part_files()]:
            try:
                file = self._format.open(source)
            except EdgeGenreError:
                continue  # whatever it was, it is to be written over
            has_some = file.columns.written and any(
                row["written_tags"] for row in file.rows(names=["written_tags"])
            )
            file.close()
            if has_some:
                raise OutputFileError(
                    f"--out {self.path}: holds what the tags of files were before they were "
                    "written, which --overwrite would lose; name another file, or restore the tags "
                    f"and delete it: edge-genre label --undo {self.path}"
                )

    def _check(self, head: Head, columns: Columns) -> None:
        """Refuse to mix rows that cannot be compared."""
        settings = self._settings
        if settings is None:
            return
        found, wanted = "", ""
        if head.model_sha256 != settings.model_sha256:
            found, wanted = f"the model {head.model}", settings.model_name
            if found.endswith(wanted):
                wanted = "another file of that name and version"
        elif head.failed:
            return
        elif head.channel != str(settings.channel):
            found, wanted = f"--channel {head.channel}", str(settings.channel)
        elif other := settings.other_sample(head.sample or "", head.seconds or 0.0):
            found, wanted = f"--sample {head.sample}", other
        elif columns.timeline != settings.columns.timeline:
            found, wanted = ("--timeline", "without it")[:: 1 if columns.timeline else -1]
        if found:
            raise OutputFileError(
                f"--out {self.path}: holds labels made with {found}, and these would be made with "
                f"{wanted}; name another file, or start anew with --overwrite"
            )

    def _with_written(self, row: Row) -> Row:
        """A row with what is known of the tags that were written to the file: `--undo` needs it."""
        name = name_of(row)
        if self._places.get(name) is None or not self._columns.written:
            return row
        before = self._places.row(name)
        kept = {name: before.get(name) for name in WRITTEN}
        return {**row, **kept}

    def _write(self) -> None:
        with (
            opened_atomically(
                self._target, error=OutputFileError, durable=True, temporary_folder=self._parts
            ) as file,
            self._format.writer(file, self._columns) as writer,
        ):
            for source, numbers in self._places.runs():
                writer.copy(self._places.file(source), numbers)


def read_rows(path: Path, names: list[str] | None = None) -> Iterator[Row]:
    """Rows of an output, in the order of their files' names.

    Parameters
    ----------
    path : Path
    names : list of str, optional
        Columns; all without it.

    Raises
    ------
    OutputFileError
        If it is none.
    """
    file = format_of(path, "").open(path)
    try:
        yield from file.rows(names=names)
    finally:
        file.close()
