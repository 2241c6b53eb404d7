"""Our own models, through the runtime that a user calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.model.file import BUNDLED

from .worker import Ready


def classifier(model: str) -> Ready:
    """A model of ours, by its name or path."""
    loaded = Classifier(model)

    def classify(samples: npt.NDArray[np.float32], rate: int) -> dict[str, float]:
        return loaded.classify(samples, rate=rate).posterior

    return Ready(classify, BUNDLED.get(model, Path(model)).stat().st_size)
