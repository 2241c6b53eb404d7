"""What is written down of a file: one row, the same whatever the jobs and the engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.manifest import Manifest

Row = dict[str, Any]
"""Values by the names of `Columns.names`, in their order"""

WRITTEN = ("old_tags", "written_tags", "tags_error")
"""Columns that there are where tags were written to the files"""
_PENDING = (
    "its tags were about to be written when a run ended; --write-tags goes on, --undo ends it"
)
_TIME = re.compile(r" \(time of change: (\d+)\)")


@dataclass(frozen=True)
class Columns:
    """Which columns a table of rows has."""

    labels: tuple[str, ...] = ()
    """Of the model, as the posterior has them; none where no row has a posterior"""
    tags: tuple[str, ...] = ()
    """Of the model; without any there is no such column"""
    timeline: bool = False
    """Whether every window is in the row"""
    written: bool = False
    """Whether there are those of `WRITTEN`"""

    @classmethod
    def of_model(cls, manifest: Manifest, *, timeline: bool) -> Columns:
        """Those of the rows that a model gives."""
        return cls(
            tuple(map(clean, manifest.labels)),
            tuple(clean(tag.path) for tag in manifest.tags),
            timeline,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in order."""
        return (
            "path", "path_bytes", "size", "mtime_ns", "sound_sha256", "seconds", "genre",
            "confidence", "posterior", *(("tags",) if self.tags else ()), "styles", "style", "mood",
            "silence_share", "not_music_share", "other_share", "sample", "channel",
            *(("timeline",) if self.timeline else ()), "warnings", "model", "model_sha256", "error",
            *(WRITTEN if self.written else ()),
        )  # fmt: skip

    def with_written(self) -> Columns:
        """The same, and those of `WRITTEN`."""
        return Columns(self.labels, self.tags, self.timeline, written=True)

    def row(self, **values: Any) -> Row:
        """A row in which every value that is not given is missing (None)."""
        return {name: values.get(name) for name in self.names}


def path_values(name: str) -> dict[str, Any]:
    r"""``path`` and ``path_bytes`` of a file.

    Parameters
    ----------
    name : str
        Bytes that are not UTF-8 are lone surrogates.

    Examples
    --------
    >>> path_values("m\udce9tal.mp3")
    {'path': 'm\\xe9tal.mp3', 'path_bytes': b'm\xe9tal.mp3'}
    """
    path = clean(name)
    whole = name.encode("utf-8", "surrogateescape") if path != name else None
    return {"path": path, "path_bytes": whole}


def name_of(row: Row) -> str:
    """The name of a row's file, as `path_values` got it."""
    if row["path_bytes"] is not None:
        return str(row["path_bytes"].decode("utf-8", "surrogateescape"))
    return str(row["path"])


def pending_note(mtime_ns: int) -> str:
    """``tags_error`` of a row until the tags of its file are written.

    Parameters
    ----------
    mtime_ns : int
        What is to be the file's time of change: by it a run knows what an earlier one has written.

    Examples
    --------
    >>> pending_mtime_ns({"tags_error": pending_note(17)})
    17
    """
    return f"{_PENDING} (time of change: {mtime_ns})"


def pending_mtime_ns(row: Row) -> int | None:
    """The time of change that a file has if its tags were written when a run ended.

    None where no run was about to write them.
    """
    note: str = row.get("tags_error") or ""
    found = _TIME.fullmatch(note.removeprefix(_PENDING)) if note.startswith(_PENDING) else None
    return None if found is None else int(found[1])


def clean(text: str) -> str:
    r"""Text without lone surrogates: a byte that is not UTF-8 as ``\xNN``, any other as ``\uNNNN``.

    Examples
    --------
    >>> clean("m\udce9tal")
    'm\\xe9tal'
    """
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return "".join(_escape(letter) if "\ud800" <= letter <= "\udfff" else letter for letter in text)


def single(value: float) -> float:
    """A number of single precision, as the shortest decimals that give it back."""
    return float(str(np.float32(value)))


def singles(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers by name, as `single` gives them."""
    return {clean(name): single(value) for name, value in values.items()}


def _escape(surrogate: str) -> str:
    code = ord(surrogate)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
