"""A process that holds one candidate and classifies the clips that it is given.

``python -m benchmarks.peers.worker FACTORY [ARGUMENT ...]`` prints ``{"model_bytes": N}``, then
replies to each ``{"clip": FILE, "rate": HERTZ}`` on its standard input with one line:
``{"seconds": S, "cpu_seconds": C, "scores": {LABEL: SCORE}}``. With ``--once FILE HERTZ`` before
the factory: one clip, no conversation, which is what a cold start costs.

Lean on purpose: what this module imports is in the memory and the cold start of every candidate.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Classify = Callable[[npt.NDArray[np.float32], int], dict[str, float]]


class Ready(NamedTuple):
    """A candidate that was loaded."""

    classify: Classify
    """Mono samples (n,) float32 with full scale at 1 and their rate in hertz, to scores by label"""
    model_bytes: int
    """Of the files of its model"""


def load(factory: str, arguments: list[str]) -> Ready:
    """Load a candidate; `factory` is ``module:function`` of this package."""
    module, _, function = factory.partition(":")
    found: Ready = getattr(importlib.import_module(f"{__package__}.{module}"), function)(*arguments)
    return found


def main() -> None:
    """Classify once, or until the input ends."""
    arguments = sys.argv[1:]
    if arguments[0] == "--once":
        clip, rate, factory, *rest = arguments[1:]
        load(factory, rest).classify(np.load(clip), int(rate))
        return
    # What libraries print goes to stderr: the lines of stdout are replies.
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        ready = load(arguments[0], arguments[1:])
    except Exception as error:  # the reason is a row of the table
        print(json.dumps({"missing": f"{type(error).__name__}: {error}"}), file=replies)
        return
    print(json.dumps({"model_bytes": ready.model_bytes}), file=replies)
    for line in sys.stdin:
        request = json.loads(line)
        samples, rate = np.load(request["clip"]), request["rate"]
        begin, cpu = time.perf_counter(), time.process_time()
        scores = ready.classify(samples, rate)
        reply = {
            "seconds": time.perf_counter() - begin,
            "cpu_seconds": time.process_time() - cpu,
            "scores": {label: float(score) for label, score in scores.items()},
        }
        print(json.dumps(reply), file=replies)


if __name__ == "__main__":
    main()
