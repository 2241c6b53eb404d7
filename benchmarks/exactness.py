"""How exact the single-precision front end is, and what its second look at each frame costs.

``python -m benchmarks.exactness [CLIP ...] [--sounds 2000]``

Random tones, tones in faint noise, square waves, chirps and steps go through the seed's front end,
with and without `edge_runtime.frontend.precision`; both are held against the same front end in
double precision. Of each CLIP, one window is taken, and the frames counted that were repeated.
"""

from __future__ import annotations

import argparse

from .timing import interleaved, use_one_thread

use_one_thread()

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from edge_runtime.audio_file import open_audio  # noqa: E402
from edge_runtime.frontend import PRESETS, FrontEnd  # noqa: E402
from edge_runtime.segments import SoundPath, file_windows  # noqa: E402

PARAMS = PRESETS["seed-mfcc13"]
Samples = npt.NDArray[np.float32]


def without_second_look() -> FrontEnd:
    """The front end as it was before: single precision, come what may."""
    front_end = FrontEnd(PARAMS)
    front_end.kernel._inexact = lambda *_: ()  # type: ignore[assignment]
    return front_end


def in_double() -> FrontEnd:
    """The same front end with every frame repeated in double precision."""
    front_end = FrontEnd(PARAMS)
    front_end.kernel._inexact = lambda _, __, n: np.arange(n)  # type: ignore[assignment]
    return front_end


def random_sound(generator: np.random.Generator) -> Samples:
    """A sound that is hard on a single-precision FFT."""
    t = np.arange(PARAMS.window_samples) / PARAMS.sample_rate
    hz = 10 ** generator.uniform(1.3, 4.0)
    tone = np.sin(2 * np.pi * hz * t + generator.uniform(0, 6))
    kinds = (
        tone,
        tone + 10 ** generator.uniform(-6, -3) * generator.standard_normal(len(t)),
        np.sign(tone),
        np.sin(2 * np.pi * hz * t**2 / t[-1]),
        np.where(t > t.mean(), 1.0, 0.0),
    )
    chosen = kinds[int(generator.integers(len(kinds)))]
    return (0.5 * 10 ** generator.uniform(-3, 0) * chosen).astype(np.float32)


def repeated_share(front_end: FrontEnd, window: Samples) -> float:
    """Share of the window's frames that are repeated in double precision."""
    kernel, counts = front_end.kernel, [0]
    repeat = kernel._repeat_in_double

    def counting(rows: npt.NDArray[np.intp]) -> None:
        counts[0] += len(rows)
        repeat(rows)

    kernel._repeat_in_double = counting  # type: ignore[method-assign]
    front_end(window)
    kernel._repeat_in_double = repeat  # type: ignore[method-assign]
    return counts[0] / PARAMS.n_frames


def window_of(clip: str) -> Samples:
    """The second window of a clip (the first, if it has one only)."""
    audio = open_audio(clip)
    windows = file_windows(audio, PARAMS, SoundPath(audio.rate, audio.channels, PARAMS))
    found = [window for _, (_, window) in zip(range(2), windows, strict=False)]
    return found[-1].copy()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="*")
    parser.add_argument("--sounds", type=int, default=2000)
    args = parser.parse_args()
    generator = np.random.default_rng(0)
    looking, blind, exact = FrontEnd(PARAMS), without_second_look(), in_double()
    errors = {"with the second look": 0.0, "without": 0.0}
    for _ in range(args.sounds):
        sound = random_sound(generator)
        truth = exact(sound)
        for name, front_end in zip(errors, (looking, blind), strict=True):
            errors[name] = max(errors[name], float(np.abs(front_end(sound) - truth).max()))
    for name, error in errors.items():
        print(f"largest error over {args.sounds} random sounds, {name}: {error:.1e}")
    music = [window_of(clip) for clip in args.clips] or [window_of("demo")]
    shares = [repeated_share(looking, window) for window in music]
    print(f"frames repeated in {len(music)} clips: {np.mean(shares):.2%}")
    times = interleaved(
        {
            "looking": lambda: [looking(window) for window in music],
            "blind": lambda: [blind(window) for window in music],
        },
        rounds=15,
    )
    print(f"time of these clips, times that without it: {times['looking'] / times['blind']:.2f}")


if __name__ == "__main__":
    main()
