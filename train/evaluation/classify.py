"""Any exported model, evaluated through the device's own runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime import Classification, Classifier
from edge_runtime.decoder import SILENCE
from edge_runtime.errors import AudioFormatError, DataSetError, MissingExtraError

from ..data.tracks import Track
from ..progress import progress
from ..run.predictions import Predictions
from .scores import Scores, score_predictions
from .tag_scores import TagScores, score_tags


@dataclass(frozen=True)
class Evaluation:
    """A model's labels of tracks, and how often they are right."""

    scores: Scores
    predictions: Predictions
    classifications: tuple[tuple[Track, Classification], ...]
    skipped: tuple[str, ...]
    """Why a track was left out, one line each"""
    tags: TagScores
    """Of a model without tags and styles: none"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            **self.scores.to_dict(),
            "n_skipped": len(self.skipped),
            "skipped": list(self.skipped),
            **self.tags.to_dict(),
            "tracks": [
                {
                    "id": track.id,
                    "label": track.label,
                    "answer": found.label,
                    "posterior": {name: round(p, 4) for name, p in found.posterior.items()},
                }
                for track, found in self.classifications
            ],
        }


def evaluate(classifier: Classifier, tracks: Sequence[Track]) -> Evaluation:
    """Classify each track as ``edge-genre classify`` does, and compare with its genre.

    Parameters
    ----------
    classifier : Classifier
    tracks : sequence of Track
        Each with a genre of the model.

    Raises
    ------
    DataSetError
        If no track could be read.
    """
    skipped: list[str] = []
    classifications = tuple(_classified(classifier, tracks, skipped))
    if not classifications:
        raise DataSetError(f"none of the {len(tracks)} clips can be used; the first: {skipped[0]}")
    predictions = _predictions(classifier, classifications)
    return Evaluation(
        score_predictions(predictions),
        predictions,
        classifications,
        tuple(skipped),
        score_tags(classifier.manifest, classifications),
    )


def _predictions(
    classifier: Classifier, classifications: Sequence[tuple[Track, Classification]]
) -> Predictions:
    labels = classifier.labels
    windows = [found.windows for _, found in classifications]
    posteriors = [
        [0.0 if window.label == SILENCE else window.posterior[label] for label in labels]
        for own in windows
        for window in own
    ]
    return Predictions(
        labels,
        tuple(track.id for track, _ in classifications),
        np.array([labels.index(track.label) for track, _ in classifications], np.int64),
        np.repeat(np.arange(len(classifications)), [len(own) for own in windows]),
        np.array(posteriors, np.float32).reshape(-1, len(labels)),
        classifier.manifest.decoder.rejection_threshold,
        classifier.manifest.rejected,
        classifier.manifest.window_correlation,
    )


def _classified(
    classifier: Classifier, tracks: Sequence[Track], skipped: list[str]
) -> Iterator[tuple[Track, Classification]]:
    for track in progress(tracks, total=len(tracks), label="classify"):
        try:
            yield track, classifier.classify(track.path)
        except MissingExtraError:
            raise  # a whole format would be missing from the figures
        except AudioFormatError as error:
            skipped.append(str(error))
