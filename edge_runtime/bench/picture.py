"""Where the time of a window goes, drawn by matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from .report import rows

mpl.use("Agg")


def draw(result: dict[str, Any], path: Path) -> None:
    """One bar per stage and model, up to the 95th percentile; full load over time below."""
    models = result["models"]
    sustained = {name: one["sustained"] for name, one in models.items() if "sustained" in one}
    count = sum(len(rows(model)) for model in models.values())
    figure = Figure(figsize=(8, 1.2 + 0.32 * count + (2.4 if sustained else 0)), dpi=120)
    axes = figure.subplots(2 if sustained else 1, 1, squeeze=False)[:, 0]
    names, medians, tails = [], [], []
    for name, model in models.items():
        for stage, values in rows(model):
            names.append(f"{name}: {stage}")
            medians.append(values["median_ms"])
            tails.append(max(0.0, values["p95_ms"] - values["median_ms"]))
    places = range(len(names))
    axes[0].barh(places, medians, color="#0072B2", label="median")
    axes[0].barh(places, tails, left=medians, color="#56B4E9", label="to the 95th percentile")
    axes[0].set_yticks(places, names)
    axes[0].invert_yaxis()
    axes[0].set_xscale("log")
    axes[0].set_xlim(left=0.2 * min(medians))
    axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes[0].set_xlabel("milliseconds")
    # Above the bars, which may be anywhere.
    axes[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    axes[0].spines[["top", "right"]].set_visible(False)
    if sustained:
        for name, one in sustained.items():
            minutes = [slice_["at_s"] / 60 for slice_ in one["slices"]]
            axes[1].plot(minutes, [s["windows_per_s"] for s in one["slices"]], label=name)
        axes[1].set_ylim(bottom=0)
        axes[1].set_xlabel("minutes of full load")
        axes[1].set_ylabel("windows a second")
        axes[1].legend(frameon=False)
        axes[1].spines[["top", "right"]].set_visible(False)
    machine = result["machine"]
    figure.suptitle(f"{machine['model'] or machine['architecture']}, {machine['cores']} cores")
    figure.tight_layout()
    figure.savefig(path)
