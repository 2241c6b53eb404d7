"""How far the microcontroller's front end is from numpy's.

``python -m benchmarks.frontend.c_front_end [CLIP ...] [--sounds 200] [--json FILE]``

The C sources of ``edge-genre export --format tflm`` are compiled by the system's ``cc`` and get
the input of `edge_runtime.frontend`: random tones, tones in faint noise, square waves, chirps and
steps, then one window of each CLIP (of the demo clip, if none is named). Errors are in MFCC units
or dB, without normalisation.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.file import DEMO_CLIP
from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams
from edge_runtime.model.manifest import TensorInfo
from export.tflm.front_end_tables import check_front_end, front_end_tables

from .exactness import random_sound, second_window

Floats = npt.NDArray[np.float32]

SOURCES = Path(__file__).parents[2] / "export" / "tflm" / "c"
MAIN = Path(__file__).with_name("front_end_stdin.c")
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
SETTINGS = {
    "13 MFCCs": PRESETS["seed-mfcc13"],
    "64 log-mel bands": FrontEndParams(kind="log_mel", n_mels=64),
}


def network_input(params: FrontEndParams, scale: float) -> TensorInfo:
    """An int8 tensor that takes the features."""
    shape = (1, params.n_frames, params.n_coefficients, 1)
    return TensorInfo(name="features", shape=shape, dtype="int8", scale=scale, zero_point=-6)


def compiled(params: FrontEndParams, tensor: TensorInfo, folder: Path, *flags: str) -> Path:
    """The program that reads windows from stdin and writes what the C front end makes of them."""
    check_front_end(params)
    (folder / "front_end_tables.h").write_text(front_end_tables(params, tensor))
    program = folder / "front_end"
    subprocess.run(
        ["cc", *STRICT, *flags, "-I", folder, "-I", SOURCES, MAIN,
         SOURCES / "edge_genre_front_end.c", "-o", program, "-lm"],
        check=True,
    )  # fmt: skip
    return program


def c_features(
    program: Path, params: FrontEndParams, windows: npt.NDArray[np.generic], how: str = "float"
) -> tuple[Floats, npt.NDArray[np.int8]]:
    """Features and the network's input of windows: each (n, frames, coefficients).

    Parameters
    ----------
    program : Path
        That `compiled` made.
    params : FrontEndParams
    windows : (n, window_samples) float32 or int16
    how : str
        How the samples come: "float", "int16", or "steps" for floats frame by frame.
    """
    done = subprocess.run(
        [program, how], input=windows.tobytes(), capture_output=True, check=False, timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr.decode()[:2000]}")
    shape = (params.n_frames, params.n_coefficients)
    record = np.dtype([("features", "<f4", shape), ("input", "i1", shape)])
    records = np.frombuffer(done.stdout, record)
    if len(records) != len(windows):
        raise RuntimeError(f"{program}: returned {len(records)} of {len(windows)} windows")
    return records["features"], records["input"]


def window_errors(program: Path, params: FrontEndParams, windows: Floats) -> Floats:
    """Largest error of each window: (n,)."""
    found, _ = c_features(program, params, windows)
    front_end = FrontEnd(params)
    expected = np.stack([front_end(window) for window in windows])
    errors: Floats = np.abs(found - expected).max(axis=(1, 2))
    return errors


def main() -> None:
    """Compile, compare, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--sounds", type=int, default=200)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    generator = np.random.default_rng(0)
    sounds = np.stack([random_sound(generator) for _ in range(args.sounds)])
    music = np.stack([second_window(clip) for clip in args.clips or [DEMO_CLIP]])
    results = {}
    print(
        f"{'front end':<18} {len(sounds):>6} random sounds: median, largest"
        f" {len(music):>6} clips: median, largest"
    )
    for name, params in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            program = compiled(params, network_input(params, 2.5), Path(folder), "-O2")
            synthetic, clips = (window_errors(program, params, each) for each in (sounds, music))
        print(
            f"{name:<18} {np.median(synthetic):>29.1e}  {synthetic.max():>7.1e}"
            f" {np.median(clips):>21.1e}  {clips.max():>7.1e}"
        )
        results[name] = {
            "max_abs_error_random": float(synthetic.max()),
            "median_error_random": float(np.median(synthetic)),
            "max_abs_error_clips": float(clips.max()),
            "median_error_clips": float(np.median(clips)),
        }
    if args.json:
        counts = {"sounds": len(sounds), "clips": len(music)}
        args.json.write_text(json.dumps({**counts, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
