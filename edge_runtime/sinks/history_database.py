"""The database of ``--history``: one table, which several processes may write."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from ..errors import OutputFileError
from ..regular_file import special_kind
from ..unicode_text import escaped

SCHEMA_VERSION = 2
"""Version 1 had neither style nor mood"""
_APPLICATION_ID = 0x45644765  # "EdGe"; tells our databases from those of other programs
_BUSY_SECONDS = 5.0
_PASSING_FAULTS = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
"""Primary result codes of what may be over soon; a full disk is one of the last two."""

_SCHEMA = """
CREATE TABLE stretches (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,      -- what was listened to
    label TEXT NOT NULL,       -- a genre, other, not music, silence or unknown
    began REAL NOT NULL,       -- wall clock, seconds since 1970
    ended REAL NOT NULL,
    seconds REAL NOT NULL,     -- of sound; more than ended - began for a file that is played fast
    confidence REAL NOT NULL,  -- mean, 0 to 1
    style TEXT,                -- null where none was named
    mood TEXT
)
"""
_TO_VERSION_2 = (
    "ALTER TABLE stretches ADD COLUMN style TEXT",
    "ALTER TABLE stretches ADD COLUMN mood TEXT",
)
_INDEX = "CREATE INDEX stretches_ended ON stretches (ended)"


@dataclass(frozen=True)
class Stretch:
    """A time with one label, one style and one mood."""

    number: int
    """Counts from 1 within a process; a stretch is saved several times while it grows"""
    label: str
    began: float
    """Wall clock, seconds since 1970"""
    ended: float
    """The same clock"""
    seconds: float
    """Of sound"""
    confidence: float
    """Mean over the sound"""
    style: str | None = None
    mood: str | None = None

    @property
    def kind(self) -> tuple[str | None, str | None]:
        """Style and mood."""
        return self.style, self.mood

    def extended(self, ended: float, new_s: float, confidence: float) -> Stretch:
        """This stretch with `new_s` more seconds of sound."""
        seconds = self.seconds + new_s
        share = new_s / seconds if seconds else 1.0
        return dataclasses.replace(
            self,
            ended=ended,
            seconds=seconds,
            confidence=self.confidence + share * (confidence - self.confidence),
        )

    def rest(self, number: int, beginning: Stretch, kind: tuple[str | None, str | None]) -> Stretch:
        """What came after `beginning`, which is this stretch as it once was, as one of its own."""
        seconds = self.seconds - beginning.seconds
        total = self.confidence * self.seconds - beginning.confidence * beginning.seconds
        return dataclasses.replace(
            self,
            number=number,
            began=beginning.ended,
            seconds=seconds,
            confidence=min(1.0, max(0.0, total / seconds)),
            style=kind[0],
            mood=kind[1],
        )


@dataclass(frozen=True)
class Total:
    """How much sound had one label, one style or one mood."""

    label: str | None
    """A genre, ``other``, ``not music``, ``silence`` or ``unknown``; or a style or a mood, None
    for the sound for which none was named"""
    seconds: float
    """Of sound"""


class HistoryFile:
    """Saves stretches.

    Parameters
    ----------
    path : path
        Created where there is none.
    source : str
        Name of the source.

    Raises
    ------
    OutputFileError
        If it can never be written, or is not such a database. One that cannot be written for now,
        as the disk is full, is opened when it can.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._path, self._source = path, escaped(source)
        self._opened: tuple[sqlite3.Connection, int] | None = None  # and the inode of the file
        self._saved: tuple[int, int] | None = None  # number and row of the last stretch
        _refuse_special(path)
        try:
            self._opened = _open(path)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _PASSING_FAULTS:
                raise OutputFileError(f"history {path}: {_why(error, path)}") from None

    def save(self, stretch: Stretch) -> None:
        """Insert the stretch, or replace the row that it has already.

        Raises
        ------
        sqlite3.Error or OutputFileError
            If it cannot be written, now. Nothing was changed then.
        """
        connection = self._current_connection()
        row = self._saved[1] if self._saved and self._saved[0] == stretch.number else None
        cursor = connection.execute(
            "INSERT OR REPLACE INTO stretches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row, self._source, *map(_column, dataclasses.astuple(stretch)[1:])),
        )
        assert cursor.lastrowid is not None
        self._saved = (stretch.number, cursor.lastrowid)

    def close(self) -> None:
        """Close the database; the last process that does so tidies up the files beside it."""
        if self._opened is not None:
            self._opened[0].close()
            self._opened = None

    def _current_connection(self) -> sqlite3.Connection:
        """A database that was deleted would go on growing where nobody can look."""
        if self._opened is not None:
            connection, inode = self._opened
            with contextlib.suppress(FileNotFoundError):
                if self._path.stat().st_ino == inode:
                    return connection
        self.close()
        self._opened, self._saved = _open(self._path), None
        return self._opened[0]


def _column(value: str | float | None) -> str | float | None:
    return escaped(value) if isinstance(value, str) else value


def _open(path: Path) -> tuple[sqlite3.Connection, int]:
    """Open a database to write, made if need be; returns the connection and the file's inode."""
    # The thread that writes is not the one that opens; autocommit, for a row is all we write.
    # With a folder before it: SQLite may take a name like file:genre.db for an address.
    name = path if path.is_absolute() else f"./{path}"
    connection = sqlite3.connect(
        name, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,):
            for statement in (_SCHEMA, _INDEX):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        if _check(connection, path) < 2:
            for statement in _TO_VERSION_2:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
        # Readers and writers do not wait for each other, and most saves need no flush of the
        # disk: a power cut may cost the last ones, never the file.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection, path.stat().st_ino
    except BaseException:
        connection.close()
        raise


def _check(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a database that is ours; another one is refused."""
    if connection.execute("PRAGMA application_id").fetchone() != (_APPLICATION_ID,):
        raise OutputFileError(
            f"history {path}: is the database of another program; name another file"
        )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise OutputFileError(
            f"history {path}: was written by a newer edge-genre (version {version}; this one "
            f"knows {SCHEMA_VERSION}); upgrade, or name another file"
        )
    return int(version)


def _refuse_special(path: Path) -> None:
    if kind := special_kind(path):
        raise OutputFileError(f"history {path}: is {kind}; name a file")


def _why(error: sqlite3.Error, path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}; make it first"
    if path.is_dir():
        return "is a folder; name a file"
    if "not a database" in str(error):
        return "is not a SQLite database; name another file"
    return f"{error}; name a file that can be read and written"


_COLUMNS = {"genre": "label", "style": "style", "mood": "mood"}
_TOTALS = """
SELECT {column}, SUM(
    CASE WHEN began < :since AND ended > began
    THEN seconds * (ended - :since) / (ended - began) ELSE seconds END
) AS heard
FROM stretches WHERE ended > :since GROUP BY 1 ORDER BY heard DESC, 1
"""


def read_totals(path: Path, since: float, by: str = "genre") -> list[Total]:
    """Sound per label since a moment, most first; a stretch that began before counts in part.

    Parameters
    ----------
    path : path
    since : float
        Wall clock, seconds since 1970.
    by : str
        ``"genre"``; or ``"style"`` or ``"mood"``, of which a file that an older edge-genre wrote
        has none.

    Raises
    ------
    OutputFileError
        If it cannot be read, or is not such a database.
    """
    _refuse_special(path)
    if not path.exists():
        raise OutputFileError(f"history {path}: no such file; `listen --history` writes one")
    try:
        with contextlib.closing(_open_to_read(path)) as connection:
            version = _check(connection, path)
            column = _COLUMNS[by] if version >= 2 or by == "genre" else "NULL"
            rows = connection.execute(_TOTALS.format(column=column), {"since": since}).fetchall()
    except sqlite3.Error as error:
        raise OutputFileError(f"history {path}: {_why(error, path)}") from None
    return [Total(label, seconds) for label, seconds in rows]


def _open_to_read(path: Path) -> sqlite3.Connection:
    uri = f"file:{urllib.parse.quote(os.fsencode(path))}"
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        # In a folder that we may not write, what belongs beside the file cannot be made; where
        # nobody writes the file either, it is not needed.
        if path.with_name(f"{path.name}-wal").exists():
            raise
        return sqlite3.connect(f"{uri}?immutable=1", uri=True)
    return connection
