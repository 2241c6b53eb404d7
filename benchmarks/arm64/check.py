"""What edge-genre answers on one machine, compared with what it answers on another.

``python check.py record FILE`` on the one, ``python check.py compare FILE`` on the other. Only the
base install is needed. The sounds are the demo clip, noise and tones, softer and louder.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from typing import Any

import numpy as np

from edge_runtime import Classifier, FrontEnd, FrontEndParams, StreamingFrontEnd
from edge_runtime.audio_file import open_audio
from edge_runtime.model_file import BUNDLED
from edge_runtime.segments import SoundPath, file_windows

FRONT_END_BOUND = 5e-4
"""Largest difference of a feature, in its own units (MFCC, or log-mel)"""
POSTERIOR_BOUND = 0.02
"""Largest difference of a posterior: a few quantization steps of the network's output"""

_PARAMS = {
    "mfcc": FrontEndParams(),
    "log_mel": FrontEndParams(kind="log_mel", n_mels=64, window_samples=66150),
}


def windows(params: FrontEndParams) -> np.ndarray:
    """Windows of the demo clip, and of made-up sounds at four levels: (n, window_samples)."""
    audio = open_audio("demo")
    path = SoundPath(audio.rate, audio.channels, params)
    found = [window.copy() for _, window in file_windows(audio, params, path)]
    generator = np.random.default_rng(64)
    t = np.arange(params.window_samples) / params.sample_rate
    for gain in (1.0, 0.1, 0.01, 0.001):
        found += [gain * window for window in found[:4]]
        found.append(gain * generator.uniform(-1.0, 1.0, params.window_samples))
        found.append(gain * np.sin(2.0 * np.pi * 440.0 * t))
        found.append(gain * np.sin(2.0 * np.pi * 3000.0 * t * t))
    return np.array(found, np.float32)


def streamed(params: FrontEndParams, sound: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features of a stream in odd chunks, and of the same windows one by one."""
    stream = StreamingFrontEnd(params, interval=16 * params.hop)
    front_end = FrontEnd(params)
    one, other = [], []
    for first in range(0, len(sound), 4567):
        for window in stream.push(sound[first : first + 4567]):
            one.append(window.features.copy())
            other.append(front_end(window.samples))
    return np.array(one), np.array(other)


def listened(model: str) -> list[list[Any]]:
    """When and what ``edge-genre listen --input demo`` says."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "listen", "--input", "demo", "--fast", "--json",
         "--model", model],
        capture_output=True, check=True,
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [[event["end"], event["label"]] for event in events]


def answers() -> dict[str, np.ndarray]:
    """Everything that is compared, by name."""
    found: dict[str, np.ndarray] = {}
    for name, params in _PARAMS.items():
        front_end = FrontEnd(params)
        sounds = windows(params)
        found[f"features {name}"] = np.array([front_end(sound) for sound in sounds])
        one, other = streamed(params, sounds[:6].reshape(-1))
        found[f"stream {name}"] = np.array([np.array_equal(one, other)])
    for model in BUNDLED:
        classifier = Classifier(model)
        sounds = windows(classifier.manifest.front_end)
        found[f"features of {model}"] = np.array([classifier.features(s) for s in sounds])
        found[f"posteriors {model}"] = np.array(
            [classifier.classify_window(sound).posterior for sound in sounds]
        )
        found[f"listen {model}"] = np.array(json.dumps(listened(model)))
    return found


def compare(recorded: dict[str, np.ndarray], here: dict[str, np.ndarray]) -> list[str]:
    """Print every comparison; returns those that failed."""
    failed = []
    for name, wanted in recorded.items():
        got = here[name]
        if name.startswith("features"):
            largest = float(np.abs(wanted - got).max())
            equal = float(np.mean(wanted == got))
            right = wanted.shape == got.shape and largest <= FRONT_END_BOUND
            told = f"{largest:.1e} at most, {equal:.1%} bit-equal"
        elif name.startswith("posteriors"):
            same = int(np.sum(wanted.argmax(axis=1) == got.argmax(axis=1)))
            largest = float(np.abs(wanted - got).max())
            right = same == len(wanted) and largest <= POSTERIOR_BOUND
            told = f"{same} of {len(wanted)} answers the same, {largest:.1e} at most"
        elif name.startswith("stream"):
            right, told = bool(got[0]), "stream equals windows, bit for bit"
        else:
            right = str(wanted) == str(got)
            told = f"{len(json.loads(str(got)))} answers, at the same times"
        print(f"{'ok' if right else 'WRONG':<6} {name:<24} {told}")
        if not right:
            failed.append(name)
    return failed


def main() -> None:
    """Record or compare; exit code 1 if something differs too much."""
    mode, path = sys.argv[1:]
    here = answers()
    if mode == "record":
        np.savez(path, **here)
        return
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    with np.load(path) as file:
        failed = compare({name: file[name] for name in file.files}, here)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
