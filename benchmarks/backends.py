"""How long the network of one window takes on each backend.

``python -m benchmarks.backends MODEL [MODEL ...] [--rounds 60] [--json FILE]``

The models are exports of one network; times are told as multiples of the first one's. One thread;
every model in turn, in one run; medians. The front end is left out: its features of one window of
the demo clip are what every network hears.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_runtime.bench.timing import interleaved, use_one_thread

use_one_thread()

from edge_runtime import Classifier  # noqa: E402 - threads are counted when numpy is imported
from edge_runtime.audio.file import DEMO_CLIP, open_audio  # noqa: E402
from edge_runtime.audio.windows import SoundPath, file_windows  # noqa: E402
from edge_runtime.errors import EdgeGenreError  # noqa: E402

_CALLS = 10
"""One call is a few dozen microseconds."""


def median_seconds(models: list[Path], rounds: int) -> dict[str, float]:
    """Seconds for one window's network, by model.

    Raises
    ------
    SystemExit
        If the models are not of one network.
    """
    classifiers = {str(model): Classifier(model) for model in models}
    first, *others = classifiers.values()
    params = first.manifest.front_end
    for name, other in zip(list(classifiers)[1:], others, strict=True):
        if (other.labels, other.manifest.front_end) != (first.labels, params):
            raise SystemExit(
                f"{name}: has other labels or another front end than {models[0]}; name exports "
                "of one run"
            )
    audio = open_audio(DEMO_CLIP)
    windows = file_windows(audio, params, SoundPath(audio.rate, audio.channels, params))
    features = first.features(next(windows)[1])[None]
    candidates: dict[str, Callable[[], object]] = {
        name: partial(classifier.backend.run, features) for name, classifier in classifiers.items()
    }
    return interleaved(candidates, rounds=rounds, calls=_CALLS)


def main() -> None:
    """Measure all models in turn, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    try:
        times = median_seconds(args.models, args.rounds)
    except EdgeGenreError as error:
        raise SystemExit(str(error)) from None
    base = times[str(args.models[0])]
    for name, seconds in times.items():
        print(f"{1e6 * seconds:>8.0f} us  {seconds / base:>5.2f}x  {name}")
    if args.json:
        results = {
            Path(name).name: {"us": 1e6 * seconds, "times_first": seconds / base}
            for name, seconds in times.items()
        }
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
