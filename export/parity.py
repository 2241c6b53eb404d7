"""The gate: whether an exported file agrees with the Keras model that it was made from."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.decoder import combined_posterior

from .formats.conversion import FLOAT32
from .run import Run
from .tag_parity import TagParity, TagThreshold

MINIMUM_WINDOWS = 500
"""On fewer validation windows the gate decides as well, but reports and manifests warn"""

MAXIMUM_DROP = 0.005
"""Track accuracy that may be lost. One lost track is always allowed: on few tracks it is more than
this, and is gained as often."""

SIGNIFICANT = 0.05
"""A p of McNemar's test below this fails a loss of any size"""

VALIDATION, TRAINED_ON = "validation windows", "windows that both were trained on"
"""What files are compared on; models that were trained on every clip have no other windows"""

FEWEST_WINDOWS_OF_TAGS = 100
"""On fewer windows tags and styles are compared and reported, but decide nothing: likeliest ones
that are alike change places in one window of ten"""

_TIE = 1e-6
"""Posteriors that differ by less than this are equal"""


_ANY = TagThreshold()


@dataclass(frozen=True)
class Threshold:
    """What a file must reach to pass."""

    agreement: float
    """Least share of windows with the same top label"""
    posterior_error: float = 1.0
    """Largest difference of any posterior"""
    tags: TagThreshold = _ANY
    """Of tags, and of styles"""


_QUANTIZED = Threshold(0.985, tags=TagThreshold(mean_error=0.01, same_likeliest=0.9))
THRESHOLDS = {
    FLOAT32: Threshold(1.0, 1e-4, TagThreshold(max_error=1e-4, same_likeliest=1.0)),
    "float16": Threshold(0.999, tags=TagThreshold(max_error=0.02, same_likeliest=0.97)),
}
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
    """Share of windows with the same top label"""
    max_posterior_error: float
    mean_posterior_error: float
    kl: float
    """Mean Kullback-Leibler divergence of the file's posteriors from the model's, nats"""
    segment_accuracy: float
    float_segment_accuracy: float
    track_accuracy: float
    float_track_accuracy: float
    mcnemar_p: float
    """Of the tracks for which only one of the two is right; two-sided, exact"""
    tags: TagParity | None = None
    """None where the network has no tags"""
    styles: TagParity | None = None

    def failures(self, quantization: str) -> list[str]:
        """Why the file does not pass, in words; empty if it does."""
        least = threshold(quantization)
        found = []
        if self.agreement < least.agreement:
            found.append(
                f"agrees with the Keras model on {self.agreement:.2%} of {self.n_windows} "
                f"validation windows; at least {least.agreement:.1%} is required"
            )
        if self.max_posterior_error > least.posterior_error:
            found.append(
                f"posteriors differ by up to {self.max_posterior_error:.2g}; at most "
                f"{least.posterior_error:g} is allowed"
            )
        drop = self.float_track_accuracy - self.track_accuracy
        tracks = round(drop * self.n_tracks)
        if (drop > MAXIMUM_DROP and tracks > 1) or (drop > 0 and self.mcnemar_p < SIGNIFICANT):
            found.append(
                f"loses {drop * 100:.1f} points of track accuracy ({tracks} of {self.n_tracks} "
                f"tracks, McNemar's p {self.mcnemar_p:.2g}); at most {MAXIMUM_DROP * 100:.1f} is "
                "allowed"
            )
        for name, of_kind in (("tags", self.tags), ("styles", self.styles)):
            if of_kind is not None and self.n_windows >= FEWEST_WINDOWS_OF_TAGS:
                found += of_kind.failures(name, least.tags)
        return found

    def to_dict(self, quantization: str, windows: str = VALIDATION) -> dict[str, Any]:
        """JSON-ready form, as it stands in the manifest; `windows` names what was compared."""
        failures = self.failures(quantization)
        values: dict[str, Any] = {"status": "failed" if failures else "passed"}
        if failures:
            values["failures"] = failures
        if self.n_windows < MINIMUM_WINDOWS:
            values["note"] = few_windows(self.n_windows)
        values["against"] = f"float Keras model, {windows}, through the device runtime"
        for name in PARITY_FIGURES:
            value = getattr(self, name)
            if isinstance(value, TagParity):
                values[name] = {key: _rounded(own) for key, own in vars(value).items()}
            elif value is not None:
                values[name] = _rounded(value)
        return values


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.5g}")


PARITY_FIGURES = tuple(item.name for item in dataclasses.fields(Parity))
"""Names of the figures, as they stand in manifests and summaries"""


def few_windows(n: int) -> str:
    """The warning about a check on too few windows."""
    return f"checked on {n} windows only; a reliable check takes {MINIMUM_WINDOWS} or more"


def compare(
    run: Run,
    keras: npt.NDArray[np.float32],
    found: npt.NDArray[np.float32],
    window_correlation: float | None = None,
) -> Parity:
    """Compare two models' posteriors of the run's validation windows.

    Parameters
    ----------
    run : Run
    keras, found : (n, classes) float32
        Of the Keras model (calibrated as the file is) and of the exported file.
    window_correlation : float, optional
        Of both; see `edge_runtime.decoder.combined_posterior`.
    """
    labels, rows = run.valid_labels, np.arange(len(run.valid_labels))
    top, keras_top = found.argmax(axis=1), keras.argmax(axis=1)
    same = keras[rows, top] >= keras.max(axis=1) - _TIE
    difference = np.abs(found - keras)
    log_ratio = np.log(np.maximum(keras, 1e-12)) - np.log(np.maximum(found, 1e-12))
    right, keras_right = (
        _tracks_right(posteriors, run, window_correlation) for posteriors in (found, keras)
    )
    return Parity(
        n_windows=len(labels),
        n_tracks=len(right),
        agreement=float(np.mean(same)),
        max_posterior_error=float(difference.max()),
        mean_posterior_error=float(difference.mean()),
        kl=max(0.0, float(np.mean(np.sum(keras * log_ratio, axis=1, dtype=np.float64)))),
        segment_accuracy=float(np.mean(top == labels)),
        float_segment_accuracy=float(np.mean(keras_top == labels)),
        track_accuracy=float(np.mean(right)),
        float_track_accuracy=float(np.mean(keras_right)),
        mcnemar_p=mcnemar_p(right, keras_right),
    )


def _tracks_right(
    posteriors: npt.NDArray[np.float32], run: Run, window_correlation: float | None
) -> npt.NDArray[np.bool_]:
    tracks = [run.valid_tracks == track for track in np.unique(run.valid_tracks)]
    return np.array(
        [
            combined_posterior(posteriors[of], window_correlation).argmax()
            == run.valid_labels[of][0]
            for of in tracks
        ]
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
