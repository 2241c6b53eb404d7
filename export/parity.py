"""The gate: whether an exported file still answers as the model it was made from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .formats.conversion import FLOAT32
from .run import Run

MINIMUM_WINDOWS = 500
"""Fewer validation windows than this still decide, but say little; reports and manifests tell."""

MAXIMUM_DROP = 0.005
"""Track accuracy that may be lost. One track more or less is never held against a file: on few
tracks it is more than this, and as often gained."""

SIGNIFICANT = 0.05
"""A p of McNemar's test below this fails a loss of any size"""

VALIDATION, HEARD = "validation windows", "windows that both have heard in training"
"""What files are compared on. Models that were taught with every clip have no others"""

_TIE = 1e-6
"""Posteriors closer than this are the same"""


@dataclass(frozen=True)
class Threshold:
    """What a file must reach."""

    agreement: float
    """Least share of windows with the same top answer"""
    posterior_error: float = 1.0
    """Largest difference of any posterior"""


_QUANTIZED = Threshold(0.985)
THRESHOLDS = {FLOAT32: Threshold(1.0, 1e-4), "float16": Threshold(0.999)}
"""By quantization; all others are held to 98.5 % agreement"""


def threshold(quantization: str) -> Threshold:
    """What a file of this quantization must reach."""
    return THRESHOLDS.get(quantization, _QUANTIZED)


@dataclass(frozen=True)
class Parity:
    """An exported file against its Keras model, on the run's validation windows."""

    n_windows: int
    n_tracks: int
    agreement: float
    """Share of windows with the same top answer"""
    max_posterior_error: float
    mean_posterior_error: float
    kl: float
    """Mean Kullback-Leibler divergence of the file's posteriors from the model's, nats"""
    segment_accuracy: float
    float_segment_accuracy: float
    track_accuracy: float
    float_track_accuracy: float
    mcnemar_p: float
    """Of the tracks that only one of the two answers rightly; two-sided, exact"""

    def failures(self, quantization: str) -> list[str]:
        """What the file falls short of, in words; empty if it passes."""
        least = threshold(quantization)
        found = []
        if self.agreement < least.agreement:
            found.append(
                f"agrees with the Keras model on {self.agreement:.2%} of {self.n_windows} "
                f"validation windows, at least {least.agreement:.1%} is asked for"
            )
        if self.max_posterior_error > least.posterior_error:
            found.append(
                f"posteriors differ by up to {self.max_posterior_error:.2g}, at most "
                f"{least.posterior_error:g} is allowed"
            )
        drop = self.float_track_accuracy - self.track_accuracy
        tracks = round(drop * self.n_tracks)
        if (drop > MAXIMUM_DROP and tracks > 1) or (drop > 0 and self.mcnemar_p < SIGNIFICANT):
            found.append(
                f"loses {drop * 100:.1f} points of track accuracy ({tracks} of {self.n_tracks} "
                f"tracks, McNemar's p {self.mcnemar_p:.2g}), at most {MAXIMUM_DROP * 100:.1f} is "
                "allowed"
            )
        return found

    def to_dict(self, quantization: str, windows: str = VALIDATION) -> dict[str, Any]:
        """JSON-ready form, as it stands in the manifest; `windows` says which were compared."""
        failures = self.failures(quantization)
        values: dict[str, Any] = {"status": "failed" if failures else "passed"}
        if failures:
            values["failures"] = failures
        if self.n_windows < MINIMUM_WINDOWS:
            values["note"] = few_windows(self.n_windows)
        values["against"] = f"float Keras model, {windows}, through the device runtime"
        for name in PARITY_FIGURES:
            value = getattr(self, name)
            values[name] = value if isinstance(value, int) else float(f"{value:.5g}")
        return values


PARITY_FIGURES = tuple(item.name for item in dataclasses.fields(Parity))
"""Names of the figures, as they stand in manifests and summaries"""


def few_windows(n: int) -> str:
    """What to say of a check on too few windows."""
    return f"checked on {n} windows only; {MINIMUM_WINDOWS} or more would say something"


def compare(run: Run, keras: npt.NDArray[np.float32], ours: npt.NDArray[np.float32]) -> Parity:
    """Compare two models' posteriors of the run's validation windows.

    Parameters
    ----------
    run : Run
    keras, ours : (n, classes) float32
        Of the Keras model (calibrated as the file is) and of the exported file.
    """
    labels, rows = run.valid_labels, np.arange(len(run.valid_labels))
    answers, expected = ours.argmax(axis=1), keras.argmax(axis=1)
    same = keras[rows, answers] >= keras.max(axis=1) - _TIE
    difference = np.abs(ours - keras)
    log_ratio = np.log(np.maximum(keras, 1e-12)) - np.log(np.maximum(ours, 1e-12))
    ours_right, keras_right = _tracks_right(ours, run), _tracks_right(keras, run)
    return Parity(
        n_windows=len(labels),
        n_tracks=len(ours_right),
        agreement=float(np.mean(same)),
        max_posterior_error=float(difference.max()),
        mean_posterior_error=float(difference.mean()),
        kl=max(0.0, float(np.mean(np.sum(keras * log_ratio, axis=1, dtype=np.float64)))),
        segment_accuracy=float(np.mean(answers == labels)),
        float_segment_accuracy=float(np.mean(expected == labels)),
        track_accuracy=float(np.mean(ours_right)),
        float_track_accuracy=float(np.mean(keras_right)),
        mcnemar_p=mcnemar_p(ours_right, keras_right),
    )


def _tracks_right(posteriors: npt.NDArray[np.float32], run: Run) -> npt.NDArray[np.bool_]:
    tracks = [run.valid_tracks == track for track in np.unique(run.valid_tracks)]
    return np.array(
        [posteriors[own].mean(axis=0).argmax() == run.valid_labels[own][0] for own in tracks]
    )


def mcnemar_p(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> float:
    """Two-sided p of McNemar's test, exact (Q. McNemar, Psychometrika 12, 1947).

    Parameters
    ----------
    first, second : (tracks,) bool
        Whether each model was right, in the same order of tracks.
    """
    from scipy.stats import binomtest

    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    n = only_first + only_second
    return float(binomtest(min(only_first, only_second), n).pvalue) if n else 1.0
