"""How fast and how steady the decoder's labels are, on music with known changes of genre.

``python -m benchmarks.decoder [--data DIR] [--model FILE] [--part valid] [--json FILE]``

The last ways know the whole programme before they label any of it, as ``edge-genre segment`` does.

DIR holds clips and their ``tracks.csv`` (columns id, genre, split, path); without ``--data`` it is
``gtzan`` in the folder that the environment's EDGE_GENRE_DATA names, or in ``../shared/data``.
Of the models that ship, `tiny` and `base` were fitted to the validation clips with their last
layers: their figures on them flatter, and the report should be of a model that has not.

Clips are put one behind the other as in a radio programme: two to four of one genre, then another
genre, until every clip of the part was played once; `--programmes` such programmes with other
orders. The model classifies them once as a stream; every way to decode is then given the same
posteriors and levels. Measured are

- the share of time with the right label;
- changes of the label per hour (the programme itself has some, given as ``programme``);
- the median time from a change of genre to the right label, and the share of stretches that
  never got it;
- the share of time that was labelled ``unknown``;
- from each change of genre, how far the nearest change of the label is (median and 90th
  percentile), and the share of changes with one from the right label to the right label within ten
  seconds.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime import Classifier
from edge_runtime.decoder import Decoder, DecoderSettings, HmmFilter, genre_or_unknown
from edge_runtime.library.segment import Segment, joined, segments_of
from train.progress import progress

from .data_set import add_data_arguments, clips_of_part
from .programme import Programme, order, play

_FLOOR = 1e-3


Way = Callable[[Programme, Classifier], list[str]]
"""Decodes a programme: a label for each window."""
WholeWay = Callable[[Programme, Classifier], tuple[Segment, ...]]
"""Decodes a programme that has ended."""
_NEAR_S = 10.0


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


def smoothed(programme: Programme, classifier: Classifier) -> tuple[Segment, ...]:
    """What `edge-genre segment` does."""
    settings = classifier.manifest.decoder
    end = programme.stretches[-1][1]
    return segments_of(programme.windows, end, settings, ignored=classifier.ignored)


def likeliest_path(programme: Programme, classifier: Classifier) -> tuple[Segment, ...]:
    """Viterbi's algorithm over the same model."""
    settings, posteriors = classifier.manifest.decoder, programme.posteriors
    window_s = classifier.manifest.front_end.window_seconds
    hmm = HmmFilter(classifier.labels, settings, window_s)
    n_labels = len(classifier.labels)
    score, before = np.zeros(n_labels), []
    for posterior, elapsed_s in zip(posteriors, np.diff(programme.ends, prepend=0.0), strict=True):
        change = np.log(hmm.passed(np.eye(n_labels)[0], elapsed_s))  # from the first label on
        best = int(score.argmax())
        stays = score + change[0] >= score[best] + change[1]
        before.append(np.where(stays, np.arange(n_labels), best))
        score = np.maximum(score + change[0], score[best] + change[1])
        score += np.log(hmm.likelihood(posterior, elapsed_s))
        score -= score.max()
    path = [int(score.argmax())]
    for origins in reversed(before[1:]):
        path.append(int(origins[path[-1]]))
    middles = programme.ends - window_s / 2
    edges = [0.0, *(middles[1:] + middles[:-1]) / 2, programme.stretches[-1][1]]
    return joined(
        Segment(start, end, classifier.labels[label], 0.0)
        for (start, end), label in zip(itertools.pairwise(edges), reversed(path), strict=True)
    )


WHOLE_WAYS: dict[str, WholeWay] = {
    "segment (forward-backward)": smoothed,
    "likeliest path (Viterbi)": likeliest_path,
}

Change = tuple[float, str, str]
"""When the label changes (seconds), from which to which"""


def changes_of(labels: list[str], times: Sequence[float]) -> list[Change]:
    """Changes of labels of which each holds from its time on."""
    return [
        (time, before, after)
        for (before, after), time in zip(itertools.pairwise(labels), times[1:], strict=True)
        if before != after
    ]


def distances(changes: list[Change], programme: Programme) -> Iterator[tuple[float, bool]]:
    """Of each change of genre: how far the nearest change of label is, and whether it was found."""
    for (_, at, before), (_, _, after) in itertools.pairwise(programme.stretches):
        near = [time for time, *labels in changes if labels == [before, after]]
        found = any(abs(time - at) <= _NEAR_S for time in near)
        yield min((abs(time - at) for time, _, _ in changes), default=math.inf), found


def labels_at(segments: tuple[Segment, ...], times: npt.NDArray[np.float64]) -> list[str]:
    """The labels that hold at some times."""
    starts = [segment.start for segment in segments]
    return [segments[i].label for i in np.searchsorted(starts, times, side="right") - 1]


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
    for name in (*WAYS, *WHOLE_WAYS):
        found, waited, apart = [], [], []
        for programme in programmes:
            if name in WAYS:
                labels = WAYS[name](programme, classifier)
                changes = changes_of(labels, list(programme.ends))
            else:
                segments = WHOLE_WAYS[name](programme, classifier)
                labels = labels_at(segments, programme.ends)
                changes = changes_of([s.label for s in segments], [s.start for s in segments])
            found.append(measure(labels, programme))
            waited += list(delays(labels, programme))
            apart += list(distances(changes, programme))
        came = [seconds for seconds in waited if seconds is not None]
        errors = [error for error, _ in apart]
        rows[name] = {
            **{key: round(statistics.mean(row[key] for row in found), 4) for key in found[0]},
            "seconds_to_right": round(statistics.median(came), 2) if came else None,
            "never_right": round(1.0 - len(came) / len(waited), 4),
            "boundary_median_s": round(float(np.median(errors)), 2),
            "boundary_p90_s": round(float(np.percentile(errors, 90)), 2),
            "boundaries_found": round(statistics.mean(near for _, near in apart), 4),
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
    parser.add_argument("--interval", type=float, help="between windows, seconds")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    tracks = clips_of_part(args.data, args.part, data_set=args.data_set)
    classifier = Classifier(args.model)
    interval_s = args.interval or DecoderSettings().interval_s
    orders = [order(tracks, seed) for seed in range(args.programmes)]
    programmes = [
        play(classifier, stretches, interval_s)
        for stretches in progress(orders, total=len(orders), label="listen")
    ]
    rows = table(classifier, programmes)
    changes = [3600.0 * (len(p.stretches) - 1) / p.ends[-1] for p in programmes]
    print(
        f"{'':<38} {'right':>6} {'changes/h':>10} {'s to right':>11} {'never':>6} {'unknown':>8} "
        f"{'boundary':>9} {'90 %':>6} {'found':>6}"
    )
    for name, row in rows.items():
        waited = "" if row["seconds_to_right"] is None else f"{row['seconds_to_right']:.1f}"
        print(
            f"{name:<38} {row['accuracy']:>6.1%} {row['changes_per_hour']:>10.0f} "
            f"{waited:>11} {row['never_right']:>6.1%} {row['unknown']:>8.1%} "
            f"{row['boundary_median_s']:>7.2f} s {row['boundary_p90_s']:>4.1f} s "
            f"{row['boundaries_found']:>6.1%}"
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
