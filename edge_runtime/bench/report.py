"""A measurement as JSON, as a Markdown table and, where matplotlib is installed, as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STAGES = (
    ("resample 1 s", ("resample_second",)),
    ("front end, a window", ("front_end_window",)),
    ("decoder, a window", ("decoder_window",)),
)


def rows(model: dict[str, Any]) -> list[tuple[str, dict[str, float]]]:
    """The stages of one model in the order in which sound passes them."""
    stages = model["stages"]
    found = [(name, stages[key]) for name, (key,) in STAGES[:2]]
    for threads, values in stages["network_window_by_threads"].items():
        plural = "s" if threads != "1" else ""
        found.append((f"network ({stages['backend']}), {threads} thread{plural}", values))
    return [*found, (STAGES[2][0], stages[STAGES[2][1][0]])]


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
            for stage, values in rows(model)
        ]
        pipeline, process = model["pipeline"], model["process"]
        lines += [
            "",
            "| whole | |",
            "|---|---|",
            f"| listening, 48 kHz in, an answer every {pipeline['interval_s']:.3f} s | "
            f"{pipeline['cpu_s_per_s']:.5f} CPU s per s of sound |",
            f"| ... as a real-time factor, the slowest round in brackets | "
            f"{pipeline['real_time_factor']:.5f} ({pipeline['worst_real_time_factor']:.5f}) |",
            f"| cold start to the answer for the demo clip | {process['cold_start_s']:.3f} s |",
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
    """Heat and clock, where the machine tells them."""
    told = [
        f"{name} {before[key]:.{digits}f} before, {after[key]:.{digits}f} after"
        for name, key, digits in (("degrees Celsius:", "celsius", 1), ("GHz:", "gigahertz", 2))
        if before[key] is not None and after[key] is not None
    ]
    if after["throttled_bits"] is not None:
        told.append(f"throttled: {int(after['throttled_bits']):#x} (vcgencmd get_throttled)")
    return ["", "; ".join(told)] if told else []


def write(result: dict[str, Any], folder: Path) -> list[Path]:
    """Write ``bench.json``, ``bench.md`` and, if it can be drawn, ``bench.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "bench.json", folder / "bench.md"]
    paths[0].write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(markdown(result), encoding="utf-8")
    try:
        from .picture import draw
    except ImportError:
        return paths
    draw(result, folder / "bench.png")
    return [*paths, folder / "bench.png"]


def compared(one: dict[str, Any], two: dict[str, Any]) -> str:
    """Two runs side by side, as ratios of the second to the first."""
    lines = [f"{'':<44} {'first':>10} {'second':>10} {'times':>7}"]
    for name in [name for name in one["models"] if name in two["models"]]:
        mine, other = one["models"][name], two["models"][name]
        if mine["sha256"] != other["sha256"]:
            lines.append(f"{name}: not the same model file in both")
        second = dict(rows(other))
        for stage, values in rows(mine):
            if stage in second:
                lines.append(
                    _ratio(f"{name}: {stage}, ms", values["median_ms"], second[stage]["median_ms"])
                )
        for label, group, key in (
            ("listening, CPU s/s", "pipeline", "cpu_s_per_s"),
            ("cold start, s", "process", "cold_start_s"),
            ("listen, peak MiB", "process", "listen_peak_rss_mib"),
        ):
            lines.append(_ratio(f"{name}: {label}", mine[group][key], other[group][key]))
    return "\n".join(lines)


def _ratio(name: str, first: float, second: float) -> str:
    times = f"{second / first:.2f}" if first else "-"
    return f"{name:<44} {first:>10.4g} {second:>10.4g} {times:>7}"
