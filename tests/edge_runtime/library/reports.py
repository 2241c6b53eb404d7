"""Tables of labels for reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from edge_runtime.library.formats import format_of
from edge_runtime.library.row import Columns, Row, clean, path_values

COLUMNS = Columns(("blues", "jazz", "not music"), ("happy", "80s"))
HOSTILE = (
    "<script>document.title='owned'</script>.mp3", '"><img src=x onerror=alert(1)>.mp3',
    "javascript:alert(1).mp3", "'&amp;</style><b>.mp3", "new\nline \x1b[2J.mp3",
    "a\u202egpj.mp3", os.fsdecode(b"m\xe9tal.mp3"), "100% #1?.mp3",
)  # fmt: skip


def row(name: str, genre: str | None = "jazz", confidence: float = 0.9, **values: Any) -> Row:
    """A row of two minutes; None in place of the genre is a failure."""
    if genre is None:
        values = {"error": f"{clean(name)}: the file is empty; copy or record it again", **values}
        return COLUMNS.row(**path_values(name), size=0, mtime_ns=1, model="m 1", **values)
    rest = (1.0 - confidence) / 2
    posterior = {label: confidence if label == genre else rest for label in COLUMNS.labels}
    found = {
        "size": 1, "mtime_ns": 1, "seconds": 120.0, "genre": genre, "confidence": confidence,
        "posterior": posterior, "tags": {"happy": 0.1, "80s": 0.2}, "styles": {},
        "silence_share": 0.0, "not_music_share": 0.0, "other_share": 0.0, "sample": "whole",
        "warnings": [], "model": "m 1", "model_sha256": "a" * 64,
    }  # fmt: skip
    return COLUMNS.row(**path_values(name), **{**found, **values})


def write_table(path: Path, rows: list[Row]) -> Path:
    """A table in the format of its suffix."""
    made = format_of(path, "--out")
    with path.open("wb") as file, made.writer(file, COLUMNS) as writer:
        writer.add(rows)
    return path
