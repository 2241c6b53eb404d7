"""The device's classifier on degraded files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime import Classification, Classifier
from edge_runtime.audio.conditioning import Conditioner
from edge_runtime.audio.file import AudioFile, open_audio

from ..augment.conditions import Degradation

Samples = npt.NDArray[np.float32]


class DegradedClassifier(Classifier):
    """A classifier of files in one condition.

    The sound is degraded at the file's own rate, mixed down to one channel, before the device's
    path begins: resampling, silence gate and all come after.

    Parameters
    ----------
    model : str or Path
    condition : Degradation
    clips : mapping of Path to str
        Ids of the files, which decide what room and what noise each of them gets.
    threads : int
        Inference threads.

    Raises
    ------
    ModelFileError, MissingExtraError
        As `Classifier`.
    """

    def __init__(
        self,
        model: str | Path,
        condition: Degradation,
        clips: Mapping[Path, str],
        *,
        threads: int = 1,
    ) -> None:
        super().__init__(model, threads=threads)
        self._condition, self._clips = condition, clips

    def classify(self, path: str | Path) -> Classification:
        """Classify a file in the condition; one of `clips`.

        Raises
        ------
        AudioFormatError, MissingExtraError
            As `Classifier.classify`.
        """
        audio = open_audio(path)
        # Damaged samples become zeros first: one NaN would ring through the whole room.
        conditioner = Conditioner(audio.channels)
        mono = [conditioner(block) for block in audio.blocks()]
        samples = np.concatenate([np.zeros(0, np.float32), *mono])
        degraded = self._condition(samples, audio.rate, self._clips[Path(path)])
        return self.classify_audio(
            _Sound(audio.path, audio.rate, 1, len(degraded), audio.warning, samples=degraded)
        )


@dataclass(frozen=True, kw_only=True)
class _Sound(AudioFile):
    """A file whose samples were changed in memory."""

    samples: Samples

    def blocks(self, block_seconds: float = 1.0) -> Iterator[Samples]:
        """Samples from the start, as (n, 1) float32."""
        block = max(1, round(block_seconds * self.rate))
        for start in range(0, self.frames, block):
            yield self.samples[start : start + block, np.newaxis]
