"""What a row of ``edge-genre label`` takes, against decoding and resampling alone.

``python -m benchmarks.library.decode [--sound FILE] [--model MODEL] [--rounds 15] [--json FILE]``

An MP3 of 30 s (44.1 kHz, stereo, 128 kbit/s) is made of the sound that is given, or of the demo
clip, over and over. In one process, in turn, round after round,

- *soundfile, soxr* decodes it at once, takes the mean of the channels and resamples that to the
  model's rate, and nothing else: what no way to tell a genre gets around;
- *our path* decodes and resamples as ``label`` does, in the memory of a few blocks: the file's
  true length looked for before, damaged samples zeroed, channels judged for opposite phase, a
  constant offset taken out;
- *label* makes the row: the same, and checksum of the sound, front end, network, columns.

Given are medians of processor time, which other processes on the machine do not lengthen much, and
their ratios to the first.
"""

from __future__ import annotations

from benchmarks.timing import interleaved, use_one_thread

use_one_thread()

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import soxr  # noqa: E402

from edge_runtime.audio.file import open_audio  # noqa: E402
from edge_runtime.audio.windows import SoundPath, sound_blocks  # noqa: E402
from edge_runtime.frontend import FrontEndParams  # noqa: E402
from edge_runtime.library.inputs import Item  # noqa: E402
from edge_runtime.library.labeller import Labeller, LabelSettings  # noqa: E402
from edge_runtime.model.file import read_model  # noqa: E402

_RATE, _SECONDS = 44_100, 30
_CONSTANT_128 = {"bitrate_mode": "CONSTANT", "compression_level": 0.6}
"""Of the bit rates that libsndfile offers: 128 kbit/s in stereo"""
ALONE = "soundfile, soxr"


def write_clip(path: Path, sound: str | Path, seconds: int = _SECONDS) -> None:
    """An MP3, in stereo, of a sound over and over."""
    audio = open_audio(sound)
    samples = np.concatenate(list(audio.blocks()))
    mono = soxr.resample(samples.mean(axis=1), audio.rate, _RATE)
    mono = np.resize(mono, _RATE * seconds)
    # The right channel comes a moment later, so that the two are not one.
    stereo = np.stack([mono, np.roll(mono, 40)], axis=1)
    soundfile.write(path, stereo, _RATE, format="MP3", **_CONSTANT_128)


def decode_alone(path: Path, rate: int) -> object:
    """Samples at a rate, by the libraries alone."""
    samples, own_rate = soundfile.read(path, dtype="float32", always_2d=True)
    # numpy's mean over two channels would take as long as decoding.
    return soxr.resample((samples[:, 0] + samples[:, 1]) / np.float32(2.0), own_rate, rate)


def our_path(path: Path, params: FrontEndParams) -> object:
    """Samples that windows are cut from."""
    audio = open_audio(path)
    blocks = sound_blocks(audio, SoundPath(audio.rate, audio.channels, params))
    return sum(len(block) for block in blocks)


def ways(path: Path, model: str) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    params = read_model(model).manifest.front_end
    label = Labeller(LabelSettings.of_model(model))
    label.load()
    return {
        ALONE: lambda: decode_alone(path, params.sample_rate),
        "our path": lambda: our_path(path, params),
        "label": lambda: label(Item(str(path))),
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sound", default="demo", help="a sound to make the clip of")
    parser.add_argument("--model", action="append", help="tiny, base and plus without it")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    models = args.model or ["tiny", "base", "plus"]
    results = {}
    print(f"{'model':<10} {'way':<16} {'CPU ms / clip':>13} {'times':>6}")
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "clip.mp3")
        write_clip(clip, args.sound)
        for model in models:
            timed = ways(clip, model)
            row = timed["label"]()
            assert isinstance(row, dict)
            assert row["error"] is None, row["error"]
            found = interleaved(timed, rounds=args.rounds, clock=time.process_time)
            results[model] = {
                way: {"cpu_ms": round(1000 * s, 2), "ratio": round(s / found[ALONE], 3)}
                for way, s in found.items()
            }
            for way, result in results[model].items():
                print(f"{model:<10} {way:<16} {result['cpu_ms']:>13.1f} {result['ratio']:>6.2f}")
        size = clip.stat().st_size
    if args.json:
        document = {
            "command": f"python -m benchmarks.library.decode --rounds {args.rounds}",
            "clip": {"seconds": _SECONDS, "rate": _RATE, "channels": 2, "bytes": size},
            "machine": {"platform": platform.platform(), "python": platform.python_version()},
            "models": results,
        }
        args.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
