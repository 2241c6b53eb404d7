"""The device's classifier on degraded files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edge_runtime import Classification, Classifier
from edge_runtime.audio.conditioning import Conditioner
from edge_runtime.audio.mixdown import MIX, Channel
from edge_runtime.audio.samples import Audio, AudioSamples
from edge_runtime.audio.sampling import Sampling

from ..augment.conditions import Degradation


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

    def classify_audio(
        self, audio: Audio, *, channel: Channel = MIX, sampling: Sampling | None = None
    ) -> Classification:
        """Classify a file in the condition; one of `clips`."""
        # Damaged samples become zeros first: one NaN would ring through the whole room.
        conditioner = Conditioner(audio.channels, channel)
        mono = [conditioner(block) for block in audio.blocks()]
        samples = np.concatenate([np.zeros(0, np.float32), *mono])
        degraded = self._condition(samples, audio.rate, self._clips[Path(audio.path)])
        sound = AudioSamples(degraded, audio.rate, audio.path, audio.warning)
        return super().classify_audio(sound, sampling=sampling)
