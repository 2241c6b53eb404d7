"""Minutes of full load on one core: whether the machine gets slower as it gets hot."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .. import Classifier
from .machine import conditions, energy_joules, joules_since

_SLICE_SECONDS = 10.0


def sustain(
    model: str | Path | None,
    seconds: float,
    *,
    slice_s: float = _SLICE_SECONDS,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Classify windows without a pause; windows per second, temperature and clock of each slice."""
    classifier = Classifier(model)
    params = classifier.manifest.front_end
    window = np.random.default_rng(0).uniform(-0.1, 0.1, params.window_samples).astype(np.float32)
    slices: list[dict[str, Any]] = []
    slice_s = min(slice_s, seconds)
    begin = time.monotonic()
    energy = energy_joules()
    while (now := time.monotonic()) - begin < seconds:
        windows = 0
        while time.monotonic() - now < slice_s:
            classifier.classify_window(window)
            windows += 1
        elapsed = time.monotonic() - now
        slices.append(
            {"at_s": round(now - begin, 1), "windows_per_s": round(windows / elapsed, 2)}
            | conditions()
        )
        report(f"{slices[-1]['at_s']:>7.0f} s  {slices[-1]['windows_per_s']:>8.1f} windows/s")
    rates = [one["windows_per_s"] for one in slices]
    joules = joules_since(energy)
    total = sum(rates) * slice_s
    return {
        "seconds": round(time.monotonic() - begin, 1),
        "slices": slices,
        "last_to_best": round(rates[-1] / max(rates), 4),
        "millijoules_per_window": None
        if joules is None
        else round(1e3 * joules / max(total, 1.0), 3),
    }
