"""pyAudioAnalysis' classifiers of six musical genres, which its package carries.

Statistics over the whole clip of 34 features and their changes in frames of 50 ms, with a beat
estimate. The package is of 2021: it uses names that NumPy 2 dropped, so they are put back first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from .worker import Ready

for _old, _value in (("Inf", np.inf), ("NaN", np.nan)):
    if not hasattr(np, _old):
        setattr(np, _old, _value)


def classifier(kind: str) -> Ready:
    """``knn`` or ``svm_rbf``; what `file_classification` does, from samples instead of a file."""
    import pyAudioAnalysis
    from pyAudioAnalysis import MidTermFeatures, audioTrainTest

    models = Path(pyAudioAnalysis.__file__).parent / "data" / "models"
    file = models / f"{kind}_musical_genre_6"
    read = audioTrainTest.load_model_knn if kind == "knn" else audioTrainTest.load_model
    model, mean, std, classes, mid_window, mid_step, window, step, _ = read(str(file))

    def classify(samples: npt.NDArray[np.float32], rate: int) -> dict[str, float]:
        pcm = np.round(samples * 32_767).astype(np.int16)  # what it reads from a file
        features, short, _ = MidTermFeatures.mid_feature_extraction(
            pcm, rate, mid_window * rate, mid_step * rate, round(rate * window), round(rate * step)
        )
        beat = MidTermFeatures.beat_extraction(short, step)
        vector = (np.append(features.mean(axis=1), beat) - mean) / std
        _, probabilities = audioTrainTest.classifier_wrapper(model, kind, vector)
        return dict(zip(classes, probabilities, strict=True))

    return Ready(classify, file.stat().st_size)
