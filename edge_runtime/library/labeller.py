"""A file of the library to its row: what every process of a run does, whoever started it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..audio.file import AudioFile, naming, open_audio
from ..audio.mixdown import MIX, Channel
from ..classification import Classification
from ..classifier import Classifier
from ..decoder import NOT_MUSIC, OTHER, SILENCE
from ..errors import EdgeGenreError, ModelFileError
from ..model.file import BUNDLED_MODEL, ModelFile, read_model
from .inputs import Item, ItemStat
from .row import Columns, Row, clean, path_values, single, singles
from .sampling import LONG_S, WHOLE, Sampling, default_sampling, parse_sampling

BY_LENGTH = "by length"
_ABOUT_S = 2.0
"""A header may promise so much more or less than there is."""


@dataclass(frozen=True)
class LabelSettings:
    """What rows depend on, beside the files."""

    model: str | bytes
    """Path of the model's file, which every process reads by itself; or its content"""
    model_sha256: str
    """Of the file: one that is exchanged in mid-run is noticed"""
    model_name: str
    """Name and version"""
    columns: Columns
    channel: Channel = MIX
    sample: str = BY_LENGTH
    """How much of a file is listened to: ``whole``, ``3x10s``, or as its length says"""

    @classmethod
    def of_model(
        cls,
        model: str | Path | None,
        *,
        timeline: bool = False,
        channel: Channel = MIX,
        sample: str = BY_LENGTH,
    ) -> LabelSettings:
        """Settings with a model.

        Parameters
        ----------
        model : str, Path or None
            Path of a file, or the name of a bundled model; the default one for None.
        timeline : bool
            Whether rows have every window.
        channel : int or str
            See `edge_runtime.Classifier.classify`.
        sample : str
            ``"whole"``, or excerpts as `edge_runtime.library.sampling.parse_sampling` takes them;
            without it `edge_runtime.library.sampling.default_sampling` says it for each file.

        Raises
        ------
        ModelFileError
            If the model cannot be read.
        ParameterError
            If `sample` makes no sense.
        """
        if sample != BY_LENGTH:
            sample = str(parse_sampling(sample) or WHOLE)
        found = read_model(BUNDLED_MODEL if model is None else model)
        manifest = found.manifest
        return cls(
            str(Path(found.source).absolute()),
            found.sha256,
            clean(f"{manifest.name} {manifest.version}"),
            Columns.of_model(manifest, timeline=timeline),
            channel,
            sample,
        )

    def with_content(self) -> LabelSettings:
        """The same with the content of the model's file, for machines that do not have it.

        Raises
        ------
        ModelFileError
            If it cannot be read any more.
        """
        if isinstance(self.model, bytes):
            return self
        try:
            return replace(self, model=Path(self.model).read_bytes())
        except OSError as error:
            raise ModelFileError(f"{self.model}: cannot be read ({error.strerror})") from None

    def sampling(self, seconds: float) -> Sampling | None:
        """What is listened to of a file of this length; None for the whole."""
        return (
            default_sampling(seconds) if self.sample == BY_LENGTH else parse_sampling(self.sample)
        )

    def other_sample(self, sample: str, seconds: float) -> str | None:
        """What a row of another ``sample`` would have with these settings; None if it is the same.

        Parameters
        ----------
        sample : str
            Of a row.
        seconds : float
            Of the file.
        """
        expected = str(self.sampling(seconds) or WHOLE)
        uncertain = self.sample == BY_LENGTH and abs(seconds - LONG_S) < _ABOUT_S
        either = {WHOLE, str(default_sampling(2 * LONG_S))}
        return None if sample == expected or (uncertain and sample in either) else expected


class Labeller:
    """Makes the row of a file; the model is loaded when the first one comes.

    It may be pickled: what arrives loads the model again.

    Parameters
    ----------
    settings : LabelSettings
    """

    def __init__(self, settings: LabelSettings) -> None:
        self.settings = settings

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)

    def load(self) -> None:
        """Load the model now.

        Raises
        ------
        ModelFileError
            If it cannot be read, or is not the one that the run began with.
        MissingExtraError
            If the library that runs it is not installed.
        """
        self._classifier  # noqa: B018  # made at its first use

    def __call__(self, item: Item) -> Row:
        """The row of a file: what was found, or why nothing could be.

        Raises
        ------
        EdgeGenreError
            If the model cannot be loaded: nothing else is raised.
        """
        self.load()
        try:
            row = self._labelled(item)
            if row is None:  # it was being written
                row = self._labelled(item)
        except EdgeGenreError as error:
            return self.failure(item, str(error))
        except OSError as error:
            return self.failure(item, f"cannot be read ({error.strerror or error})")
        except MemoryError:
            return self.failure(item, "takes more memory than there is; use fewer --jobs")
        except Exception as error:  # a decoder's fault must not end the run of a whole library
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            return self.failure(item, f"cannot be labelled ({reason}); please report this")
        if row is None:
            return self.failure(item, "changes while it is read; label it when it is whole")
        return row

    def failure(self, item: Item, reason: str) -> Row:
        """The row of a file that has no label.

        Parameters
        ----------
        item : Item
        reason : str
            May begin with the file's name.
        """
        try:
            stat = item.stat()
        except EdgeGenreError:
            stat = ItemStat(None, None)
        return self._row(item, stat, error=clean(reason.removeprefix(f"{item.name}: ")))

    @cached_property
    def _classifier(self) -> Classifier:
        return Classifier(self._model())

    def _model(self) -> ModelFile:
        model = read_model(self.settings.model)
        if model.sha256 != self.settings.model_sha256:
            raise ModelFileError(
                f"{model.source}: was exchanged while files were being labelled; run the command "
                "again"
            )
        return model

    def _labelled(self, item: Item) -> Row | None:
        """The row; None if the file changed meanwhile."""
        stat = item.stat()
        with item.local() as path:
            audio = _HashedFile(**vars(open_audio(path)))
            with naming(path):
                sampling = self.settings.sampling(audio.seconds)
                found = self._classifier.classify_audio(
                    audio, channel=self.settings.channel, sampling=sampling
                )
        if item.stat() != stat:
            return None
        values = self._values(found, audio, _renamed(path, item))
        return self._row(item, stat, sample=str(sampling or WHOLE), **values)

    def _values(
        self, found: Classification, audio: _HashedFile, rename: Callable[[str], str]
    ) -> dict[str, Any]:
        known = self._classifier.labels
        labels = [window.label for window in found.windows]
        shares = {
            name: single(labels.count(label) / len(labels)) if labels else None
            for name, label in (
                ("silence_share", SILENCE),
                ("not_music_share", NOT_MUSIC if NOT_MUSIC in known else None),
                ("other_share", OTHER if OTHER in known else None),
            )
            if label is not None
        }
        timeline = [
            {
                "start": round(window.start, 3),
                "end": round(window.end, 3),
                "label": clean(window.label),
                "confidence": 0.0
                if window.label == SILENCE
                else single(max(window.posterior.values())),
            }
            for window in found.windows
        ]
        tags = {tag: found.tags[tag] for tag in self._tag_names} if found.tags else None
        return shares | {
            "sound_sha256": audio.digest.hexdigest(),
            "seconds": found.seconds,
            "genre": clean(found.label),
            "confidence": single(found.confidence),
            "posterior": singles(found.posterior),
            "tags": None if tags is None else singles(tags),
            "styles": singles(found.styles),
            "style": None if found.style is None else clean(found.style),
            "mood": None if found.mood is None else clean(found.mood),
            "timeline": timeline,
            "warnings": [clean(rename(warning)) for warning in found.warnings],
        }

    @property
    def _tag_names(self) -> tuple[str, ...]:
        return tuple(tag.path for tag in self._classifier.manifest.tags)

    def _row(self, item: Item, stat: ItemStat, **values: Any) -> Row:
        return self.settings.columns.row(
            **path_values(item.name),
            size=stat.size,
            mtime_ns=stat.mtime_ns,
            channel=str(self.settings.channel),
            model=self.settings.model_name,
            model_sha256=self.settings.model_sha256,
            **values,
        )


@dataclass(frozen=True)
class _HashedFile(AudioFile):
    """An audio file that hashes the samples that are read from it."""

    digest: Any = field(default_factory=hashlib.sha256, compare=False)

    def blocks(self, *which: Any, **named: Any) -> Iterator[npt.NDArray[np.float32]]:
        """As those of any file."""
        for block in super().blocks(*which, **named):
            self.digest.update(np.ascontiguousarray(block, "<f4"))
            yield block


def _renamed(path: Path, item: Item) -> Callable[[str], str]:
    """Takes a file's name out of what is said of it; a copy's name means nothing."""

    def rename(text: str) -> str:
        text = text.removeprefix(f"{path}: ")
        return text if str(path) == item.name else text.replace(str(path), item.name)

    return rename
