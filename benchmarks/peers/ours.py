"""Our own models, through the runtime that a user calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.audio.file import AudioFile
from edge_runtime.model.file import BUNDLED

from .worker import Ready


@dataclass(frozen=True)
class _Decoded(AudioFile):
    """A clip in memory, in the blocks that a file is read in."""

    samples: npt.NDArray[np.float32] | None = None

    def blocks(self, block_seconds: float = 1.0) -> Iterator[npt.NDArray[np.float32]]:
        assert self.samples is not None
        step = round(block_seconds * self.rate)
        for start in range(0, self.frames, step):
            yield self.samples[start : start + step, np.newaxis]


def classifier(model: str) -> Ready:
    """A model of ours, by its name or path."""
    loaded = Classifier(model)

    def answer(samples: npt.NDArray[np.float32], rate: int) -> dict[str, float]:
        clip = _Decoded(Path("clip"), rate, 1, len(samples), None, samples=samples)
        return loaded.classify_audio(clip).posterior

    return Ready(answer, BUNDLED.get(model, Path(model)).stat().st_size)
