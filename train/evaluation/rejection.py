"""How well a model separates music from other sounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.audio.windows import cut_windows
from edge_runtime.decoder import combined_posterior, genre_or_unknown, silence_gate
from edge_runtime.printable import printable_lines

from ..not_music.espeak import check_espeak
from ..not_music.sounds import KINDS, NotMusic, make_sounds, recorded_sounds
from ..progress import progress
from ..run.predictions import REJECTED, Predictions

ACCEPTANCE = 0.95
"""Share of real music that must be accepted where false accepts are counted"""
CLIPS_PER_KIND = 20
WINDOWS_PER_CLIP = 3

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """Music against what is not, by one score."""

    music: Scores
    """Score of each piece of music"""
    other: dict[str, Scores]
    """Score of each sound that is not music, by kind"""

    @property
    def threshold(self) -> float:
        """The highest score that `ACCEPTANCE` of the music reaches."""
        ranked = np.sort(self.music)[::-1]
        return float(ranked[math.ceil(ACCEPTANCE * len(ranked)) - 1])

    @property
    def accepted(self) -> float:
        """Share of the music that reaches the threshold: `ACCEPTANCE`, or more where some tie."""
        return float(np.mean(self.music >= self.threshold))

    @property
    def false_accepts(self) -> dict[str, float]:
        """Share of each kind that reaches the threshold."""
        threshold = self.threshold
        return {kind: float(np.mean(own >= threshold)) for kind, own in self.other.items()}

    @property
    def false_accept(self) -> float:
        """Share of everything that is not music that reaches the threshold."""
        return float(np.mean(self.all_other >= self.threshold))

    @property
    def all_other(self) -> Scores:
        """Scores of all sounds that are not music."""
        return np.concatenate(list(self.other.values()))

    @property
    def auc(self) -> float:
        """Probability that a piece of music scores above a sound that is none; ties are half."""
        return roc_auc(self.music, self.all_other)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "n_music": len(self.music),
            "n_not_music": len(self.all_other),
            "threshold": self.threshold,
            "accepted": self.accepted,
            "false_accept": self.false_accept,
            "roc_auc": self.auc,
            "per_kind": self.false_accepts,
        }


@dataclass(frozen=True)
class Rejection:
    """How a model labels sounds that are not music."""

    windows: Separation
    tracks: Separation
    """Tracks of music against clips of a few windows, each by the posterior of all its windows"""
    labelled: dict[str, float]
    """Share of the clips of each kind that the device gives a genre"""
    music_refused: float
    """Share of the tracks that it gives none"""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "acceptance": ACCEPTANCE,
            "windows": self.windows.to_dict(),
            "tracks": self.tracks.to_dict(),
            "answered_with_a_genre": self.labelled,
            "music_answered_with_none": self.music_refused,
        }


def music_scores(
    posteriors: npt.NDArray[np.floating[Any]], labels: tuple[str, ...], rejected: tuple[str, ...]
) -> Scores:
    """The score of being music of each posterior.

    Parameters
    ----------
    posteriors : (n, labels)
        A row of zeros is silence.
    labels, rejected : tuple of str
        Of the manifest.

    Returns
    -------
    (n,) float64
        1 minus the posterior of the rejected labels; of a model that has none, the largest
        posterior. 0 for silence.
    """
    exact = posteriors.astype(np.float64)
    if not rejected:
        return exact.max(axis=1)
    no_genre = np.isin(labels, rejected)
    return np.where(exact.any(axis=1), 1.0 - exact[:, no_genre].sum(axis=1), 0.0)


def roc_auc(positive: Scores, negative: Scores) -> float:
    """Area under the ROC curve: P(positive > negative) + P(equal) / 2.

    J. A. Hanley and B. J. McNeil, "The meaning and use of the area under a receiver operating
    characteristic (ROC) curve", 1982.
    """
    ranked = np.sort(negative)
    below = np.searchsorted(ranked, positive, "left")
    up_to = np.searchsorted(ranked, positive, "right")
    return float(np.mean(below + up_to) / 2 / len(negative))


def not_music_for(classifier: Classifier) -> Iterator[NotMusic]:
    """The test sounds, as long as a few of the model's windows and at its rate.

    Raises
    ------
    MissingDependencyError
        If espeak-ng is not installed.
    """
    check_espeak()
    params = classifier.manifest.front_end
    rate, seconds = params.sample_rate, WINDOWS_PER_CLIP * params.window_seconds
    yield from progress(
        make_sounds("test", rate=rate, seconds=seconds, per_kind=CLIPS_PER_KIND),
        total=len(KINDS) * CLIPS_PER_KIND,
        label="not music",
    )
    yield from recorded_sounds(rate=rate, seconds=seconds, per_source=CLIPS_PER_KIND)


def measure_rejection(
    classifier: Classifier, music: Predictions, sounds: Iterable[NotMusic]
) -> Rejection:
    """Classify sounds that are not music, and set them against music.

    Parameters
    ----------
    classifier : Classifier
    music : Predictions
        Of the same classifier, for tracks. Silent ones are neither accepted nor rejected.
    sounds : iterable of NotMusic
        At the model's rate. A window below the silence gate has score 0: the device never calls it
        music.
    """
    labels, rejected = classifier.labels, classifier.manifest.rejected
    threshold = classifier.manifest.decoder.rejection_threshold
    windows: dict[str, list[Scores]] = {}
    clips: dict[str, list[Scores]] = {}
    labelled: dict[str, list[bool]] = {}
    for sound in sounds:
        posteriors = _posteriors(classifier, sound.samples)
        clip = combined_posterior(
            posteriors[posteriors.any(axis=1)], classifier.manifest.window_correlation
        )
        label = genre_or_unknown(clip, labels, threshold=threshold)
        windows.setdefault(sound.kind, []).append(music_scores(posteriors, labels, rejected))
        clips.setdefault(sound.kind, []).append(music_scores(clip[np.newaxis], labels, rejected))
        labelled.setdefault(sound.kind, []).append(
            bool(clip.any()) and label in classifier.manifest.genres
        )
    sounding = music.posteriors[music.posteriors.any(axis=1)]
    tracks = music.track_posteriors
    return Rejection(
        Separation(
            music_scores(sounding, labels, rejected),
            {kind: np.concatenate(own) for kind, own in windows.items()},
        ),
        Separation(
            music_scores(tracks[tracks.any(axis=1)], labels, rejected),
            {kind: np.concatenate(own) for kind, own in clips.items()},
        ),
        {kind: float(np.mean(own)) for kind, own in labelled.items()},
        float(np.mean(music.predicted_tracks == REJECTED)),
    )


def rejection_text(rejection: Rejection) -> str:
    """A table of false accepts, by kind."""
    windows, tracks = rejection.windows, rejection.tracks
    width = max(map(len, windows.other))
    labelled = np.mean(
        [rejection.labelled[kind] for kind, own in tracks.other.items() for _ in own]
    )
    lines = [
        f"not music: {len(windows.all_other)} windows, {len(tracks.all_other)} clips, against "
        f"{len(windows.music)} windows, {len(tracks.music)} tracks of music",
        f"ROC AUC: {windows.auc:.3f} by window, {tracks.auc:.3f} by clip",
        f"{rejection.music_refused:.3f} of the tracks are labelled with no genre",
        "",
        f"{'':<{width}}          false accepts where",
        f"{'':<{width}}          {ACCEPTANCE:.0%} of music is accepted   answered",
        f"{'kind':<{width}}  clips  windows          clips    with a genre",
    ]
    for kind, own in tracks.other.items():
        lines.append(
            f"{kind:<{width}}  {len(own):>5}  {windows.false_accepts[kind]:>7.3f}  "
            f"{tracks.false_accepts[kind]:>13.3f}  {rejection.labelled[kind]:>14.3f}"
        )
    lines.append(
        f"{'all':<{width}}  {len(tracks.all_other):>5}  {windows.false_accept:>7.3f}  "
        f"{tracks.false_accept:>13.3f}  {labelled:>14.3f}"
    )
    return printable_lines("\n".join(lines))


def _posteriors(
    classifier: Classifier, samples: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(windows, labels); zeros where a window is silent."""
    gate = silence_gate(classifier.manifest.decoder, hysteresis=False)
    window_s = classifier.manifest.front_end.window_seconds
    rows = []
    for _, window in cut_windows([samples], classifier.manifest.front_end):
        result = classifier.classify_window(window)
        silent = gate.is_silent(result.level, window_s)
        rows.append(np.zeros_like(result.posterior) if silent else result.posterior)
    return np.array(rows)
