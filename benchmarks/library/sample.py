"""What listening to a sample costs: of clips whose genre is known, and of whole tracks.

``python -m benchmarks.library.sample [--model MODEL] [--data DIR] [--part valid] [--music DIR]
[--tracks 120] [--json FILE]``

Rows are made by the `Labeller` of ``edge-genre label``, of all of each file and of samples of it.

- Of the labelled clips of a part (``--data``; 30 s each in GTZAN): the share with the right
  genre, whole and by samples that are to a clip what 3x10s is to a track of about 100 s (3x3s) or
  less. ``3x10s`` of 30 s would be all of it. The models that ship were fitted to GTZAN's validation
  clips with their last layers: it is the difference that is worth something here.
- Of whole tracks (``--music``; files over two minutes, every so-manieth of them where there are
  more than ``--tracks``), whose genre nobody has written down: the share whose label by a sample is
  that of the whole; the same where the whole is sure (0.7 and more); the mean distance between the
  posteriors (half the sum of the absolute differences); and processor time per track.
"""

from __future__ import annotations

from benchmarks.timing import use_one_thread

use_one_thread()

import argparse  # noqa: E402
import json  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from edge_runtime.audio.folder import header_seconds  # noqa: E402
from edge_runtime.library.inputs import Item, find_items  # noqa: E402
from edge_runtime.library.labeller import Labeller, LabelSettings  # noqa: E402
from edge_runtime.library.sampling import LONG_S, WHOLE  # noqa: E402
from train.progress import progress  # noqa: E402

from ..data_set import add_data_arguments, clips_of_part  # noqa: E402

OF_CLIPS = (WHOLE, "3x3s", "2x3s", "1x3s")
OF_TRACKS = (WHOLE, "6x10s", "3x10s", "3x6s", "1x10s", "1x30s")
_SURE = 0.7


def labellers(model: str, samples: Sequence[str]) -> dict[str, Labeller]:
    """One for each sample, by its name."""
    made = {sample: Labeller(LabelSettings.of_model(model, sample=sample)) for sample in samples}
    for labeller in made.values():
        labeller.load()
    return made


def of_clips(model: str, folder: Path, part: str, data_set: str) -> dict[str, Any]:
    """Share of the clips of a part that get their genre, by sample."""
    made = labellers(model, OF_CLIPS)
    labels = LabelSettings.of_model(model).columns.labels
    clips = clips_of_part(folder, part, data_set=data_set, labels=labels)
    right = dict.fromkeys(OF_CLIPS, 0)
    agrees = dict.fromkeys(OF_CLIPS, 0)
    used = 0
    for clip in progress(clips, total=len(clips), label="clips"):
        rows = {sample: made[sample](Item(str(clip.path))) for sample in OF_CLIPS}
        if any(row["error"] for row in rows.values()):
            continue
        used += 1
        for sample, row in rows.items():
            right[sample] += row["genre"] == clip.label
            agrees[sample] += row["genre"] == rows[WHOLE]["genre"]
    return {
        "clips": used,
        "part": part,
        "samples": {
            sample: {
                "accuracy": round(right[sample] / used, 4),
                "agrees_with_whole": round(agrees[sample] / used, 4),
            }
            for sample in OF_CLIPS
        },
    }


def long_tracks(folder: Path, most: int) -> list[Item]:
    """Files over two minutes below a folder, `most` at most, from all over it."""
    items = [found for found in find_items([str(folder)]) if isinstance(found, Item)]
    tracks = [item for item in items if (header_seconds(Path(item.name)) or 0.0) > LONG_S]
    step = max(1.0, len(tracks) / most)
    return [tracks[int(number * step)] for number in range(min(most, len(tracks)))]


def of_tracks(model: str, folder: Path, most: int) -> dict[str, Any]:
    """How samples of whole tracks agree with the whole."""
    made = labellers(model, OF_TRACKS)
    rows: dict[str, list[dict[str, Any]]] = {sample: [] for sample in OF_TRACKS}
    cpu: dict[str, list[float]] = {sample: [] for sample in OF_TRACKS}
    tracks = long_tracks(folder, most)
    for item in progress(tracks, total=len(tracks), label="tracks"):
        found = {}
        for sample in OF_TRACKS:
            begin = time.process_time()
            found[sample] = made[sample](item)
            found[sample]["cpu_s"] = time.process_time() - begin
        if any(row["error"] for row in found.values()):
            continue
        for sample, row in found.items():
            rows[sample].append(row)
            cpu[sample].append(row["cpu_s"])
    whole = rows[WHOLE]
    return {
        "tracks": len(whole),
        "hours": round(sum(row["seconds"] for row in whole) / 3600, 2),
        "median_s": round(statistics.median(row["seconds"] for row in whole), 1),
        "sure_tracks": sum(row["confidence"] >= _SURE for row in whole),
        "labels_of_whole": _counted([row["genre"] for row in whole]),
        "samples": {
            sample: {
                **_agreement(rows[sample], whole),
                "cpu_s": round(statistics.mean(cpu[sample]), 4),
            }
            for sample in OF_TRACKS
        },
    }


def _agreement(rows: list[dict[str, Any]], whole: list[dict[str, Any]]) -> dict[str, float]:
    pairs = list(zip(rows, whole, strict=True))
    same = [row["genre"] == other["genre"] for row, other in pairs]
    sure = [row["genre"] == other["genre"] for row, other in pairs if other["confidence"] >= _SURE]
    distances = [
        sum(abs(row["posterior"][label] - p) for label, p in other["posterior"].items()) / 2
        for row, other in pairs
    ]
    return {
        "agrees_with_whole": round(statistics.mean(same), 4),
        "agrees_where_whole_is_sure": round(statistics.mean(sure), 4) if sure else 0.0,
        "posterior_distance": round(statistics.mean(distances), 4),
    }


def _counted(labels: list[str]) -> dict[str, int]:
    return {label: labels.count(label) for label in sorted(set(labels))}


def main() -> None:
    """Measure, print tables, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_arguments(parser)
    parser.add_argument("--part", default="valid")
    parser.add_argument("--music", type=Path, help="folder with tracks of more than two minutes")
    parser.add_argument("--tracks", type=int, default=120, help="most of them that are listened to")
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.data is None and args.music is None:
        parser.error("name clips with --data, or tracks with --music")
    result: dict[str, Any] = {"model": args.model}
    command = f"python -m benchmarks.library.sample --model {args.model}"
    if args.data is not None:
        result["clips"] = of_clips(args.model, args.data, args.part, args.data_set)
        command += f" --data DIR --part {args.part}"
        print(f"{result['clips']['clips']} clips")
        for sample, row in result["clips"]["samples"].items():
            print(
                f"{sample:>6}  right {row['accuracy']:.1%}, as whole {row['agrees_with_whole']:.1%}"
            )
    if args.music is not None:
        result["tracks"] = found = of_tracks(args.model, args.music, args.tracks)
        command += f" --music DIR --tracks {args.tracks}"
        print(f"{found['tracks']} tracks, {found['hours']} h; median {found['median_s']} s")
        for sample, row in found["samples"].items():
            print(
                f"{sample:>6}  as whole {row['agrees_with_whole']:.1%}, where that is sure "
                f"{row['agrees_where_whole_is_sure']:.1%}; posterior "
                f"{row['posterior_distance']:.3f} away; {row['cpu_s']:.3f} s"
            )
    if args.json:
        document = {"command": command, **result}
        args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
