"""Rows without sound: what makes them need not know a model."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_runtime.errors import ModelFileError
from edge_runtime.library.inputs import Item
from edge_runtime.library.labeller import LabelSettings
from edge_runtime.library.row import Columns, Row, path_values

COLUMNS = Columns(("blues", "not music"), ("happy", "80s"))
SETTINGS = LabelSettings("/models/a.tflite", "a" * 64, "a 1", COLUMNS)
ODD_NAMES = (
    "plain.wav", "two\nlines.wav", 'comma, "quoted".wav', "carriage\rreturn.wav", "ünï.wav",
    os.fsdecode(b"m\xe9tal.wav"), "back\\xe9slash.wav", "tab\tand \x1b[2J.wav", " space .wav",
)  # fmt: skip


def made_row(name: str, settings: LabelSettings = SETTINGS, **values: Any) -> Row:
    """A row that could be one of a file."""
    labels = settings.columns.labels
    defaults = {
        "size": 1000,
        "mtime_ns": 1_700_000_000_123_456_789,
        "sound_sha256": "0" * 64,
        "seconds": 30.013333333333332,
        "genre": "blues",
        "confidence": 0.1,
        "posterior": dict.fromkeys(labels, 0.12345679),
        "tags": dict.fromkeys(settings.columns.tags, 1e-12),
        "styles": {"electronic > techno": 0.5},
        "style": "electronic > techno",
        "mood": None,
        "silence_share": 0.0,
        "not_music_share": 0.25,
        "other_share": None,
        "sample": "whole",
        "channel": "mix",
        "timeline": [{"start": 0.0, "end": 3.0, "label": "blues", "confidence": 0.7}],
        "warnings": [],
        "model": settings.model_name,
        "model_sha256": settings.model_sha256,
    }
    return settings.columns.row(**path_values(name), **{**defaults, **values})


class FakeLabels:
    """Makes a row of every name; some kill the process that reads them.

    Parameters
    ----------
    deadly : sequence of str
        Names that kill it each time.
    marks : Path, optional
        Folder in which a file says that a name of `once` has killed.
    once : sequence of str
        Names that kill it the first time.
    """

    def __init__(
        self, deadly: Sequence[str] = (), *, once: Sequence[str] = (), marks: Path | None = None
    ) -> None:
        self.deadly, self.once, self.marks = tuple(deadly), tuple(once), marks

    def load(self) -> None:
        """Nothing is needed."""

    def __call__(self, item: Item) -> Row:
        """The row of a name."""
        if item.name in self.once and self.marks is not None:
            mark = self.marks / item.name
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if item.name in self.deadly:
            os.kill(os.getpid(), signal.SIGSEGV)
        return made_row(item.name)

    def failure(self, item: Item, reason: str) -> Row:
        """The row of a name that killed."""
        return SETTINGS.columns.row(
            **path_values(item.name), model="a 1", model_sha256="a" * 64, error=reason
        )


class Unloadable(FakeLabels):
    """Has no model."""

    def load(self) -> None:
        """It is not there."""
        raise ModelFileError("a.tflite: no such model file; check the path")


class DiesAtOnce(FakeLabels):
    """Kills every process before it reads anything."""

    def load(self) -> None:
        """As where memory is too small for the model."""
        os.kill(os.getpid(), signal.SIGKILL)
