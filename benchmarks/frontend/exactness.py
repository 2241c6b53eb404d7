"""How exact the single-precision front end is, and what its second look at each frame costs.

``python -m benchmarks.frontend.exactness [CLIP ...] [--sounds 2000] [--json FILE]``

Random tones, tones in faint noise, square waves, chirps and steps go through the seed's front end,
with and without `edge_runtime.frontend.precision`, and are held against the same front end in
double precision. Then one window of each CLIP (of the demo clip, if none is named): which share of
its frames is repeated in double, and what looking for them costs.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from unittest.mock import patch

from ..timing import interleaved, use_one_thread

use_one_thread()

import numpy as np  # noqa: E402 - the threads are counted when numpy is imported
import numpy.typing as npt  # noqa: E402

from edge_runtime.audio.file import DEMO_CLIP, open_audio  # noqa: E402
from edge_runtime.audio.windows import SoundPath, file_windows  # noqa: E402
from edge_runtime.frontend import PRESETS, FrontEnd, log_mel  # noqa: E402
from edge_runtime.frontend.precision import InexactRows  # noqa: E402

PARAMS = PRESETS["seed-mfcc13"]
Samples = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]


class NoLook(InexactRows):
    """Takes every frame for exact, without looking."""

    def __call__(self, mel: Samples, squares: Samples, n: int) -> Rows:
        """No rows."""
        return np.zeros(0, np.intp)


class CountingLook(InexactRows):
    """Counts the frames that it finds."""

    found = 0

    def __call__(self, mel: Samples, squares: Samples, n: int) -> Rows:
        """The rows that are found as ever."""
        rows = super().__call__(mel, squares, n)
        CountingLook.found += len(rows)
        return rows


def front_end_with(look: type[InexactRows]) -> FrontEnd:
    """The front end with another judge of its frames."""
    with patch.object(log_mel, "InexactRows", look):
        return FrontEnd(PARAMS)


def in_double() -> FrontEnd:
    """The front end that transforms every frame in double precision."""
    with patch.object(log_mel, "single_precision_may_do", return_value=False):
        return FrontEnd(PARAMS)


def random_sound(generator: np.random.Generator) -> Samples:
    """A sound that is hard on a single-precision FFT: (window_samples,)."""
    t = np.arange(PARAMS.window_samples) / PARAMS.sample_rate
    hz = 10 ** generator.uniform(1.3, 4.0)
    tone = np.sin(2 * np.pi * hz * t + generator.uniform(0, 6))
    noise = 10 ** generator.uniform(-6, -3) * generator.standard_normal(len(t))
    kinds = (
        tone,
        tone + noise,
        np.sign(tone),
        np.sin(np.pi * hz * t**2 / t[-1]),  # ends at `hz`, which is below the Nyquist frequency
        np.where(t > t.mean(), 1.0, 0.0),
    )
    chosen = kinds[int(generator.integers(len(kinds)))]
    return (0.5 * 10 ** generator.uniform(-3, 0) * chosen).astype(np.float32)


def largest_errors(front_ends: dict[str, FrontEnd], sounds: int) -> dict[str, float]:
    """Largest distance of each front end's MFCCs from those in double precision."""
    generator, exact = np.random.default_rng(0), in_double()
    errors = dict.fromkeys(front_ends, 0.0)
    for _ in range(sounds):
        sound = random_sound(generator)
        truth = exact(sound)
        for name, front_end in front_ends.items():
            errors[name] = max(errors[name], float(np.abs(front_end(sound) - truth).max()))
    return errors


def second_window(clip: Path) -> Samples:
    """The second window of a clip (the first, if it has one only): (window_samples,)."""
    audio = open_audio(clip)
    windows = file_windows(audio, PARAMS, SoundPath(audio.rate, audio.channels, PARAMS))
    found = [window.copy() for _, (_, window) in zip(range(2), windows, strict=False)]
    return found[-1]


def run_over(front_end: FrontEnd, windows: list[Samples]) -> None:
    """Compute the features of windows, one after the other."""
    for window in windows:
        front_end(window)


def repeated_share(windows: list[Samples]) -> float:
    """Share of the windows' frames that are transformed again in double precision."""
    CountingLook.found = 0
    run_over(front_end_with(CountingLook), windows)
    return CountingLook.found / (len(windows) * PARAMS.n_frames)


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--sounds", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    front_ends = {"with the second look": FrontEnd(PARAMS), "without": front_end_with(NoLook)}
    errors = largest_errors(front_ends, args.sounds)
    for name, error in errors.items():
        print(f"largest error over {args.sounds} random sounds, {name}: {error:.1e}")
    music = [second_window(clip) for clip in args.clips or [DEMO_CLIP]]
    share = repeated_share(music)
    print(f"frames repeated in a window each of {len(music)} clips: {share:.2%}")
    times = interleaved(
        {name: partial(run_over, front_end, music) for name, front_end in front_ends.items()},
        rounds=args.rounds,
    )
    looking, blind = times.values()
    print(f"time of these windows, times that without the second look: {looking / blind:.2f}")
    if args.json:
        results = {
            "sounds": args.sounds,
            "max_abs_error": errors["with the second look"],
            "max_abs_error_without_look": errors["without"],
            "clips": len(music),
            "repeated_share": share,
            "time_vs_without_look": looking / blind,
        }
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
