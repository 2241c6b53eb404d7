"""Whether an exported file still answers as the model it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.errors import ExportParityError

from .run import Run

MINIMUM_AGREEMENT = {"none": 0.999, "float16": 0.995, "dynamic": 0.95, "int8": 0.95}
"""Share of validation windows with the same top answer, below which a file is not written."""


@dataclass(frozen=True)
class Parity:
    """An exported file against its Keras model, on the run's validation windows."""

    n_windows: int
    n_tracks: int
    agreement: float
    """Share of windows with the same top answer"""
    max_posterior_error: float
    segment_accuracy: float
    float_segment_accuracy: float
    track_accuracy: float
    float_track_accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as it stands in the manifest."""
        return {
            "against": "float Keras model, validation windows, through the device runtime",
            "n_windows": self.n_windows,
            "n_tracks": self.n_tracks,
            **{
                name: round(getattr(self, name), 5)
                for name in (
                    "agreement",
                    "max_posterior_error",
                    "segment_accuracy",
                    "float_segment_accuracy",
                    "track_accuracy",
                    "float_track_accuracy",
                )
            },
        }


def compare(run: Run, keras: npt.NDArray[np.float32], classifier: Classifier) -> Parity:
    """Run the validation windows through both.

    Parameters
    ----------
    run : Run
    keras : (n, classes) float32
        The Keras model's posteriors of the validation windows, calibrated.
    classifier : Classifier
        Of the exported file.

    Raises
    ------
    ExportParityError
        If the file gives NaN or infinity.
    """
    ours = classifier.posteriors(run.valid_features)
    if not np.isfinite(ours).all():
        raise ExportParityError(
            f"{run.folder}: the exported network gives NaN; the converter lost its weights"
        )
    labels = run.valid_labels
    return Parity(
        n_windows=len(labels),
        n_tracks=len(np.unique(run.valid_tracks)),
        agreement=float(np.mean(ours.argmax(axis=1) == keras.argmax(axis=1))),
        max_posterior_error=float(np.abs(ours - keras).max()),
        segment_accuracy=float(np.mean(ours.argmax(axis=1) == labels)),
        float_segment_accuracy=float(np.mean(keras.argmax(axis=1) == labels)),
        track_accuracy=_track_accuracy(ours, run),
        float_track_accuracy=_track_accuracy(keras, run),
    )


def check(parity: Parity, quantization: str, name: str) -> None:
    """Refuse a file that does not answer as its model.

    Raises
    ------
    ExportParityError
        If the agreement is below `MINIMUM_AGREEMENT`.
    """
    least = MINIMUM_AGREEMENT[quantization]
    if parity.agreement < least:
        raise ExportParityError(
            f"{name}: agrees with the Keras model on {parity.agreement:.1%} of "
            f"{parity.n_windows} validation windows, at least {least:.1%} is asked for; it was not "
            "written"
        )


def _track_accuracy(posteriors: npt.NDArray[np.float32], run: Run) -> float:
    right = [
        posteriors[run.valid_tracks == track].mean(axis=0).argmax()
        == run.valid_labels[run.valid_tracks == track][0]
        for track in np.unique(run.valid_tracks)
    ]
    return float(np.mean(right))
