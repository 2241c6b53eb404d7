"""Programmes whose changes of genre are known, made of clips, and played to a model."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.resample import StreamResampler
from edge_runtime.decoder import DecoderSettings
from edge_runtime.library.segment import Windows
from train.data.tracks import Track

_CLIPS_OF_A_STRETCH = (2, 4)


@dataclass(frozen=True)
class Programme:
    """What a model made of a programme."""

    windows: Windows
    """What `edge-genre segment` keeps of them"""
    ends: npt.NDArray[np.float64]
    """(windows,) seconds"""
    posteriors: npt.NDArray[np.float32]
    """(windows, classes), of each window alone"""
    levels: npt.NDArray[np.float64]
    """(windows,) dBFS"""
    stretches: tuple[tuple[float, float, str], ...]
    """Begin, end (seconds) and genre"""


def order(tracks: list[Track], seed: int) -> list[list[Track]]:
    """Stretches of two to four clips of a genre; neighbours differ while that can be."""
    chance = random.Random(seed)
    left: dict[str, list[Track]] = {}
    for track in chance.sample(tracks, len(tracks)):
        left.setdefault(track.label, []).append(track)
    stretches: list[list[Track]] = []
    while left:
        before = stretches[-1][0].label if stretches else None
        # The genre with most clips left is the likeliest next, so that none is left over.
        genres = [genre for genre in left if genre != before] or list(left)
        genre = chance.choices(genres, [len(left[name]) for name in genres])[0]
        n = chance.randint(*_CLIPS_OF_A_STRETCH)
        stretches.append(left[genre][:n])
        left[genre] = left[genre][n:]
        if not left[genre]:
            del left[genre]
    return stretches


def sound(path: Path, rate: int) -> Iterator[npt.NDArray[np.float32]]:
    """A clip's samples at the rate of the programme; a few of GTZAN's have another one."""
    audio = open_audio(path)
    if audio.channels != 1:
        raise SystemExit(f"{path}: is not mono as the others are")
    resampler = StreamResampler(audio.rate, rate)
    for block in audio.blocks():
        yield resampler.push(block[:, 0], last=False)
    yield resampler.push(np.zeros(0, np.float32), last=True)


def play(classifier: Classifier, stretches: list[list[Track]], interval_s: float) -> Programme:
    """Play a programme to a model."""
    rate = open_audio(stretches[0][0].path).rate
    settings = DecoderSettings(interval_s=interval_s)
    stream = ClassifierStream(classifier, rate=rate, settings=settings)
    events, bounds, now = [], [], 0.0
    for clips in stretches:
        begin = now
        for track in clips:
            for block in sound(track.path, rate):
                now += len(block) / rate
                events += stream.push(block)
        bounds.append((begin, now, clips[0].label))
    windows = Windows(classifier.labels, classifier.manifest.front_end.window_seconds)
    for event in events:
        windows.add(event)
    return Programme(
        windows,
        np.array([event.end for event in events]),
        np.array([list(event.raw_posterior.values()) for event in events], np.float32),
        np.array([event.level_dbfs for event in events]),
        tuple(bounds),
    )
