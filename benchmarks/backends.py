"""Time of one window's network on each backend, interleaved.

``python -m benchmarks.backends MODEL [MODEL ...]``: exports of one network, the first of which is
what the others are compared with.
"""

from __future__ import annotations

import argparse
from functools import partial

from .timing import interleaved, use_one_thread

use_one_thread()

import numpy as np  # noqa: E402

from edge_runtime import Classifier  # noqa: E402


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--rounds", type=int, default=60)
    args = parser.parse_args()
    candidates = {}
    for name in args.models:
        classifier = Classifier(name)
        params = classifier.manifest.front_end
        shape = (1, params.n_frames, params.n_coefficients)
        features = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        candidates[name] = partial(classifier.backend.run, features)
    times = interleaved(candidates, rounds=args.rounds, calls=10)
    for name, seconds in times.items():
        print(f"{1e6 * seconds:>8.0f} us  {seconds / times[args.models[0]]:>5.2f}x  {name}")


if __name__ == "__main__":
    main()
