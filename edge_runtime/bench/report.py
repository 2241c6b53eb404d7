"""A measurement as JSON, as a Markdown table and, where matplotlib is installed, as a picture."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ..atomic_write import write_atomically
from ..errors import OutputFileError
from ..output_file import write_json
from ..unicode_text import escaped


def stage_rows(model: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """The stages of one model in the order in which sound passes them."""
    stages = model["stages"]
    networks = [
        (f"network ({stages['backend']}), {threads} thread{'s' if threads != '1' else ''}", values)
        for threads, values in stages["network_window_by_threads"].items()
    ]
    return [
        ("resample 1 s", stages["resample_second"]),
        ("front end, a window", stages["front_end_window"]),
        *networks,
        ("decoder, a window", stages["decoder_window"]),
    ]


def markdown(result: dict[str, Any]) -> str:
    """Tables of one run."""
    machine = result["machine"]
    lines = [
        f"# edge-genre {machine['edge_genre']} on {machine['model'] or machine['architecture']}",
        "",
        f"{machine['system']}, {machine['architecture']}, {machine['cores']} cores, Python "
        f"{machine['python']}, numpy {machine['numpy']}; {result['utc']}",
        *_conditions(result["before"], result["after"]),
    ]
    for name, model in result["models"].items():
        lines += [
            "",
            f"## {name}",
            "",
            f"{model['file_bytes']:,} bytes, {model['format']}, quantization "
            f"{model['quantization']}, sha256 `{model['sha256'][:16]}`",
            "",
            "| stage | median ms | 95 % | 99 % | max |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {stage} | {values['median_ms']:.3f} | {values['p95_ms']:.3f} | "
            f"{values['p99_ms']:.3f} | {values['max_ms']:.3f} |"
            for stage, values in stage_rows(model)
        ]
        pipeline, process = model["pipeline"], model["process"]
        lines += [
            "",
            "| whole | |",
            "|---|---|",
            f"| listening, 48 kHz in, a label every {pipeline['interval_s']:.3f} s | "
            f"{pipeline['cpu_s_per_s']:.5f} CPU s per s of sound |",
            f"| ... as a real-time factor, the slowest round in brackets | "
            f"{pipeline['real_time_factor']:.5f} ({pipeline['worst_real_time_factor']:.5f}) |",
            f"| cold start to the label of the demo clip | {process['cold_start_s']:.3f} s |",
            f"| peak memory of `classify demo` | {process['classify_peak_rss_mib']:.1f} MiB |",
            f"| peak memory of `listen --input demo` | {process['listen_peak_rss_mib']:.1f} MiB |",
        ]
        if pipeline.get("joules_per_s") is not None:
            lines.append(
                f"| energy of the whole processor while listening | {pipeline['joules_per_s']:.4f} "
                "J per s of sound |"
            )
        if "sustained" in model:
            one = model["sustained"]
            lines.append(
                f"| after {one['seconds']:.0f} s of full load | "
                f"{one['last_to_best']:.1%} of the best rate |"
            )
    return "\n".join([*lines, ""])


def _conditions(before: dict[str, float | None], after: dict[str, float | None]) -> list[str]:
    """Temperature and clock, where the machine has sensors for them."""
    found = [
        f"{name} {before[key]:.{digits}f} before, {after[key]:.{digits}f} after"
        for name, key, digits in (("degrees Celsius:", "celsius", 1), ("GHz:", "gigahertz", 2))
        if before[key] is not None and after[key] is not None
    ]
    if after["throttled_bits"] is not None:
        found.append(f"throttled: {int(after['throttled_bits']):#x} (vcgencmd get_throttled)")
    return ["", "; ".join(found)] if found else []


def write(result: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``bench.json``, ``bench.md`` and, if it can be drawn, ``bench.png``."""
    paths = [folder / "bench.json", folder / "bench.md"]
    write_json(paths[0], result)
    write_atomically(paths[1], escaped(markdown(result)).encode(), error=OutputFileError)
    try:
        draw(result, folder / "bench.png")
    except ImportError:  # no matplotlib
        return paths
    return [*paths, folder / "bench.png"]


def draw(result: dict[str, Any], path: Path) -> None:
    """One bar per stage and model, up to the 95th percentile; full load over time below.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    from matplotlib.figure import Figure

    models = result["models"]
    sustained = {name: one["sustained"] for name, one in models.items() if "sustained" in one}
    bars = [
        (f"{name}: {stage}", values["median_ms"], values["p95_ms"])
        for name, model in models.items()
        for stage, values in stage_rows(model)
    ]
    figure = Figure(figsize=(8, 1.2 + 0.32 * len(bars) + (2.4 if sustained else 0)), dpi=120)
    axes = figure.subplots(2 if sustained else 1, 1, squeeze=False)[:, 0]
    places = range(len(bars))
    medians = [median for _, median, _ in bars]
    tails = [max(0.0, p95 - median) for _, median, p95 in bars]
    axes[0].barh(places, medians, color="#0072B2", label="median")
    axes[0].barh(places, tails, left=medians, color="#56B4E9", label="to the 95th percentile")
    axes[0].set_yticks(places, [name for name, _, _ in bars])
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
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:])
    write_atomically(path, content.getvalue(), error=OutputFileError)


def compared(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Two runs side by side, as ratios of the second to the first."""
    lines = [f"{'':<44} {'first':>10} {'second':>10} {'times':>7}"]
    for name in [name for name in before["models"] if name in after["models"]]:
        first, second = before["models"][name], after["models"][name]
        if first["sha256"] != second["sha256"]:
            lines.append(f"{name}: not the same model file in both")
        others = dict(stage_rows(second))
        for stage, values in stage_rows(first):
            if stage in others:
                lines.append(
                    _ratio(f"{name}: {stage}, ms", values["median_ms"], others[stage]["median_ms"])
                )
        for label, group, key in (
            ("listening, CPU s/s", "pipeline", "cpu_s_per_s"),
            ("cold start, s", "process", "cold_start_s"),
            ("listen, peak MiB", "process", "listen_peak_rss_mib"),
        ):
            lines.append(_ratio(f"{name}: {label}", first[group][key], second[group][key]))
    return "\n".join(lines)


def _ratio(name: str, first: float, second: float) -> str:
    times = f"{second / first:.2f}" if first else "-"
    return f"{name:<44} {first:>10.4g} {second:>10.4g} {times:>7}"
