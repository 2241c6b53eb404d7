"""How fast and how steady the decoder's labels are, on music with known changes of genre.

``python -m benchmarks.decoder [--data DIR] [--model FILE] [--part valid] [--json FILE]``

DIR holds clips and their ``tracks.csv`` (columns id, genre, split, path); without ``--data`` it is
``gtzan`` in the folder that the environment's EDGE_GENRE_DATA names, or in ``../shared/data``.
The models that ship were fitted to the validation clips with their last layers: their figures on
them flatter, and the report should be of a model that has not.

Clips are put one behind the other as in a radio programme: two to four of one genre, then another
genre, until every clip of the part was played once; `--programmes` such programmes with other
orders. The model classifies them once as a stream; every way to decode is then given the same
posteriors and levels. Measured are

- the share of time with the right label;
- changes of the label per hour (the programme itself has some, given as ``programme``);
- the median time from a change of genre to the right label, and the share of stretches that
  never got it;
- the share of time that was labelled ``unknown``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier, ClassifierStream
from edge_runtime.audio.file import open_audio
from edge_runtime.decoder import Decoder, DecoderSettings, genre_or_unknown
from train.data.tracks import Track
from train.progress import progress

from .data_set import add_data_arguments, clips_of_part

_CLIPS_OF_A_STRETCH = (2, 4)
_FLOOR = 1e-3


@dataclass(frozen=True)
class Programme:
    """What a model made of a programme."""

    ends: npt.NDArray[np.float64]
    """(windows,) seconds"""
    posteriors: npt.NDArray[np.float32]
    """(windows, classes), of each window alone"""
    levels: npt.NDArray[np.float64]
    """(windows,) dBFS"""
    stretches: tuple[tuple[float, float, str], ...]
    """Begin, end (seconds) and genre"""


Way = Callable[[Programme, Classifier], list[str]]
"""Decodes a programme: a label for each window."""


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


def play(classifier: Classifier, stretches: list[list[Track]], interval_s: float) -> Programme:
    """Play a programme to a model."""
    rate = open_audio(stretches[0][0].path).rate
    settings = DecoderSettings(interval_s=interval_s)
    stream = ClassifierStream(classifier, rate=rate, settings=settings)
    events, bounds, now = [], [], 0.0
    for clips in stretches:
        begin = now
        for track in clips:
            audio = open_audio(track.path)
            if (audio.rate, audio.channels) != (rate, 1):
                raise SystemExit(f"{track.path}: is not mono at {rate} Hz as the others are")
            for block in audio.blocks():
                now += len(block) / rate
                events += stream.push(block)
        bounds.append((begin, now, clips[0].label))
    return Programme(
        np.array([event.end for event in events]),
        np.array([list(event.raw_posterior.values()) for event in events], np.float32),
        np.array([event.level_dbfs for event in events]),
        tuple(bounds),
    )


def each_window(programme: Programme, classifier: Classifier) -> list[str]:
    """No smoothing at all."""
    return [
        genre_or_unknown(posterior, classifier.labels, classifier.ignored)
        for posterior in programme.posteriors
    ]


def averaged(seconds: float) -> Way:
    """Exponential moving average of log posteriors."""

    def decode(programme: Programme, classifier: Classifier) -> list[str]:
        logs = np.log(np.maximum(programme.posteriors, _FLOOR))
        steps = np.diff(programme.ends, prepend=programme.ends[0])
        mean, labels = logs[0].astype(np.float64), []
        for log, step in zip(logs, steps, strict=True):
            mean += (1.0 - np.exp(-step / seconds)) * (log - mean)
            labels.append(genre_or_unknown(mean, classifier.labels, classifier.ignored,
                                            threshold=-np.inf))  # fmt: skip
        return labels

    return decode


def shipped(*, every: int = 1, independent: bool = False, **settings: float) -> Way:
    """The decoder of `edge-genre listen`.

    Parameters
    ----------
    every : int
        Take every so many windows only.
    independent : bool
        Count overlapping windows in full, as if they were independent.
    **settings
        Of `DecoderSettings`.
    """

    def decode(programme: Programme, classifier: Classifier) -> list[str]:
        window_s = 1e-6 if independent else classifier.manifest.front_end.window_seconds
        decoder = Decoder(
            classifier.labels, DecoderSettings(**settings), window_s, classifier.ignored
        )
        labels: list[str] = []
        before = 0.0
        for index, end in enumerate(programme.ends):
            if index % every:
                labels.append(labels[-1])
                continue
            decision = decoder.update(
                programme.posteriors[index], float(programme.levels[index]), end - before
            )
            before = end
            labels.append(decision.label)
        return labels

    return decode


WAYS: dict[str, Way] = {
    "each window alone": each_window,
    "mean of log posteriors, 10 s": averaged(10.0),
    "mean of log posteriors, 30 s": averaged(30.0),
    "filter, overlap ignored, dwell 120 s": shipped(independent=True),
    "filter, dwell 15 s": shipped(dwell_s=15.0),
    "filter, dwell 30 s": shipped(dwell_s=30.0),
    "filter, dwell 60 s": shipped(dwell_s=60.0),
    "filter, dwell 120 s": shipped(),
    "filter, dwell 300 s": shipped(dwell_s=300.0),
    "filter, dwell 1200 s": shipped(dwell_s=1200.0),
    "dwell 120 s, confirm 3 s": shipped(confirm_s=3.0),
    "dwell 120 s, confirm 6 s": shipped(confirm_s=6.0),
    "dwell 120 s, minimum 15 s": shipped(minimum_s=15.0),
    "dwell 120 s, every second window": shipped(every=2),
    "dwell 120 s, every fourth window": shipped(every=4),
}


def measure(labels: list[str], programme: Programme) -> dict[str, float]:
    """Figures of one way over one programme; see the module."""
    begins = np.array([begin for begin, _, _ in programme.stretches])
    truth = np.searchsorted(begins, programme.ends, side="right") - 1
    steps = np.diff(programme.ends, append=programme.ends[-1])
    right = np.array(
        [label == programme.stretches[i][2] for label, i in zip(labels, truth, strict=True)]
    )
    unknown = np.array([label == "unknown" for label in labels])
    hours = programme.ends[-1] / 3600.0
    return {
        "accuracy": float(np.average(right, weights=steps)),
        "changes_per_hour": sum(a != b for a, b in itertools.pairwise(labels)) / hours,
        "unknown": float(np.average(unknown, weights=steps)),
    }


def delays(labels: list[str], programme: Programme) -> Iterator[float | None]:
    """Seconds from each stretch's begin to its first right label; None where there is none."""
    decoded = np.array(labels)
    for begin, end, genre in programme.stretches:
        inside = (programme.ends > begin) & (programme.ends <= end) & (decoded == genre)
        yield float(programme.ends[inside][0] - begin) if inside.any() else None


def table(classifier: Classifier, programmes: list[Programme]) -> dict[str, dict[str, Any]]:
    """Figures of every way, over all programmes."""
    rows: dict[str, dict[str, Any]] = {}
    for name, way in WAYS.items():
        found, waited = [], []
        for programme in programmes:
            labels = way(programme, classifier)
            found.append(measure(labels, programme))
            waited += list(delays(labels, programme))
        came = [seconds for seconds in waited if seconds is not None]
        rows[name] = {
            **{key: round(statistics.mean(row[key] for row in found), 4) for key in found[0]},
            "seconds_to_right": round(statistics.median(came), 2) if came else None,
            "never_right": round(1.0 - len(came) / len(waited), 4),
        }
    return rows


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    home = Path(os.environ.get("EDGE_GENRE_DATA", "../shared/data"))
    add_data_arguments(parser, home / "gtzan")
    parser.add_argument("--model", default="tiny", help="a model file, or one that ships")
    parser.add_argument("--part", default="valid")
    parser.add_argument("--programmes", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    tracks = clips_of_part(args.data, args.part, data_set=args.data_set)
    classifier = Classifier(args.model)
    interval_s = DecoderSettings().interval_s
    orders = [order(tracks, seed) for seed in range(args.programmes)]
    programmes = [
        play(classifier, stretches, interval_s)
        for stretches in progress(orders, total=len(orders), label="listen")
    ]
    rows = table(classifier, programmes)
    changes = [3600.0 * (len(p.stretches) - 1) / p.ends[-1] for p in programmes]
    print(f"{'':<38} {'right':>6} {'changes/h':>10} {'s to right':>11} {'never':>6} {'unknown':>8}")
    for name, row in rows.items():
        waited = "" if row["seconds_to_right"] is None else f"{row['seconds_to_right']:.1f}"
        print(
            f"{name:<38} {row['accuracy']:>6.1%} {row['changes_per_hour']:>10.0f} "
            f"{waited:>11} {row['never_right']:>6.1%} {row['unknown']:>8.1%}"
        )
    print(f"the programmes themselves change {statistics.mean(changes):.0f} times an hour")
    if args.json:
        manifest = classifier.manifest
        result = {
            "model": {"name": manifest.name, "sha256": manifest.weights.sha256},
            "trained_on": dict(manifest.training),
            "part": args.part,
            "tracks": len(tracks),
            "programmes": len(programmes),
            "hours": round(sum(p.ends[-1] for p in programmes) / 3600.0, 2),
            "interval_s": interval_s,
            "programme_changes_per_hour": round(statistics.mean(changes), 1),
            "ways": rows,
        }
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
