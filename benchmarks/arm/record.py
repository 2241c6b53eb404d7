"""The results of this machine, and all that another needs to compute the same.

``python -m benchmarks.arm.record FOLDER`` writes there the sounds, two models that do not ship (the
seed CNN in eight bits throughout, and for the NumPy backendand the results; needs the
``[export]`` extra. The sounds are the demo clip, noise and tones, softer and louder, and, where
``EDGE_GENRE_DATA`` names real music, one clip of each genre.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.arm.check import ABOUT, MODELS, RESULTS, SOUNDS, key, results
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import SoundPath, file_windows
from edge_runtime.frontend import FrontEnd, FrontEndParams
from edge_runtime.frontend.params import PRESETS
from edge_runtime.model.file import BUNDLED, read_model, write_model
from edge_runtime.model.manifest import Weights
from edge_runtime.stderr import quiet_stderr

_FLOAT_SEED_CNN = Path(__file__).parents[2] / "tests" / "export" / "default_model.keras"
"""The network that ships as seed-cnn, before it was quantized"""
_MADE = {"seed-cnn-int8.tflite": ("tflite", "int8"), "seed-cnn.npz": ("numpy", "none")}
_FROM_A_CLIP = 4

Windows = npt.NDArray[np.float32]


def windows(params: FrontEndParams, clips: list[Path]) -> Windows:
    """Windows for a front end, those of some clips among them: (n, window_samples)."""
    found = _windows_of("demo", params, overlap=4)
    music = found[:: len(found) // 4]
    generator = np.random.default_rng(64)
    t = np.arange(params.window_samples) / params.sample_rate
    for gain in (1.0, 0.1, 0.01, 0.001):
        found += [gain * window for window in music]
        found.append(gain * generator.uniform(-1.0, 1.0, params.window_samples))
        found.append(gain * np.sin(2.0 * np.pi * 440.0 * t))
        found.append(gain * np.sin(2.0 * np.pi * 3000.0 * t * t))
    for clip in clips:
        found += _windows_of(clip, params)[:_FROM_A_CLIP]
    return np.array(found, np.float32)


def _windows_of(clip: str | Path, params: FrontEndParams, overlap: int = 1) -> list[Windows]:
    audio = open_audio(clip)
    path = SoundPath(audio.rate, audio.channels, params)
    step = params.window_samples // overlap
    return [window.copy() for _, window in file_windows(audio, params, path, step)]


def _real_clips() -> list[Path]:
    """The first clip of each genre; none where there is no such data."""
    clips = Path(os.environ.get("EDGE_GENRE_DATA", ""), "gtzan", "clips")
    return [min(genre.iterdir()) for genre in sorted(clips.glob("*/"))]


def write_models(folder: Path, sounds: Windows) -> None:
    """Write the seed CNN in the forms that do not ship.

    Parameters
    ----------
    folder : Path
    sounds : (n, window_samples) float32
        Representative data set of the int8 ranges.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras

        from export.formats import FORMATS
        from export.run import logits_model

        model = logits_model(keras.saving.load_model(_FLOAT_SEED_CNN, compile=False))
    manifest = read_model("seed-cnn").manifest
    front_end = FrontEnd(manifest.front_end)
    features = np.array([front_end(sound) for sound in sounds])
    for name, (form, quantization) in _MADE.items():
        with quiet_stderr():  # the converters print their progress from native code
            made = FORMATS[form].convert(model, quantization, features)
        weights = Weights(
            format=form,
            quantization=quantization,
            bytes=len(made.network),
            sha256=hashlib.sha256(made.network).hexdigest(),
        )
        described = dataclasses.replace(
            manifest, input=made.input, output=made.output, weights=weights, parity={}
        )
        write_model(folder / name, made.network, described)


def main() -> None:
    """Write sounds, models and results."""
    folder = Path(sys.argv[1])
    clips = _real_clips()
    front_ends = [*PRESETS.values(), *(read_model(name).manifest.front_end for name in BUNDLED)]
    sounds: dict[str, Any] = {}
    for params in front_ends:
        if key(params) not in sounds:
            sounds[key(params)] = windows(params, clips)
    np.savez(folder / SOUNDS, **sounds)
    (folder / ABOUT).write_text(
        f"the demo clip, noise and tones, at four levels; {len(clips)} clips of real music\n",
        encoding="utf-8",
    )
    (folder / MODELS).mkdir()
    write_models(folder / MODELS, sounds[key(read_model("seed-cnn").manifest.front_end)])
    np.savez(folder / RESULTS, **results(folder))


if __name__ == "__main__":
    main()
