"""How right a model is when the same music is softer, as across a room.

``python -m benchmarks.level DATA TRACKS_CSV MODEL [MODEL ...] [--part valid] [--json FILE]``

Each window of each track is multiplied by a gain before the front end hears it; the silence gate
is left out, so that only the network is measured.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from edge_runtime import Classifier
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import SoundPath, file_windows
from train.data.tracks import Track, read_track_list
from train.evaluation.scores import Scores, score_predictions
from train.progress import progress
from train.run.predictions import Predictions

GAINS_DB = (0, -10, -20, -30)


def at_every_level(classifier: Classifier, tracks: list[Track]) -> dict[int, Scores]:
    """Scores by gain (dB)."""
    posteriors: dict[int, list[np.ndarray]] = {gain: [] for gain in GAINS_DB}
    ids: list[int] = []
    for index, track in enumerate(progress(tracks, total=len(tracks), label="classify")):
        audio = open_audio(track.path)
        params = classifier.manifest.front_end
        path = SoundPath(audio.rate, audio.channels, params)
        for _, window in file_windows(audio, params, path):
            ids.append(index)
            for gain in GAINS_DB:
                softer = window * np.float32(10 ** (gain / 20))
                posteriors[gain].append(classifier.classify_window(softer).posterior)
    return {
        gain: score_predictions(
            Predictions(
                classifier.labels,
                tuple(track.id for track in tracks),
                np.array([classifier.labels.index(track.label) for track in tracks]),
                np.array(ids),
                np.array(rows, np.float32),
            )
        )
        for gain, rows in posteriors.items()
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("tracks", type=Path)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--part", default="valid")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    listed = read_track_list(args.tracks, args.data)
    tracks = [track for track in listed.tracks if listed.parts[track.id] == args.part]
    results: dict[str, dict[str, dict[str, float]]] = {}
    print(f"{'model':<28} {'gain dB':>8} {'track accuracy':>15} {'macro recall':>13}")
    for model in args.models:
        classifier = Classifier(model)
        results[model.name] = {}
        for gain, scores in at_every_level(classifier, tracks).items():
            row = {"track_accuracy": scores.accuracy, "macro_recall": scores.macro_recall}
            results[model.name][str(gain)] = row
            print(
                f"{model.name:<28} {gain:>8} {scores.accuracy:>15.3f} {scores.macro_recall:>13.3f}"
            )
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
