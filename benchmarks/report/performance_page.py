"""Writes ``docs/reference/performance.md`` and a table of the README from the committed results.

``python -m benchmarks.report.performance_page [--check]``

No number in them is typed by hand. With ``--check`` nothing is written: exit code 1 if one of
them is not what the results say.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..footprint.page import section as footprint_section
from ..peers.page import section as peers_section
from ..variants.page import fingerprint
from ..variants.page import section as variants_section
from . import budgets

_ROOT = Path(__file__).parents[2]
RESULTS = _ROOT / "benchmarks" / "results"
PAGE = _ROOT / "docs" / "reference" / "performance.md"
PICTURE = _ROOT / "docs" / "pareto.png"
README = _ROOT / "README.md"
_BEGIN, _END = "<!-- performance_page: begin -->\n", "<!-- performance_page: end -->\n"

_HEAD = """\
# What it costs

Made by `python -m benchmarks.report.performance_page` from `benchmarks/results/`; do not edit it.
Another machine takes other times: `edge-genre bench` measures yours with the base install, and
`edge-genre bench --compare A.json B.json` puts two side by side.
"""


def page(results: Path = RESULTS) -> str:
    """The page's text."""
    found = read_results(results)
    parts = [
        _HEAD,
        *budgets.section(found),
        *_models(found["bench"]),
        *variants_section(found["variants"]),
        *peers_section(found["peers"]),
        *footprint_section(found["footprint"]),
        *_kernels(found["kernels"]),
        *_sinks(found["sinks"]),
        *_soak(found["soak"]),
        *_front_end(found["frontend"]),
        *_arm(results),
    ]
    return "\n".join(parts)


def read_results(results: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What the benchmarks wrote, by the names of the files."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(results.glob("*.json"))
    }


def summary(results: Path = RESULTS) -> str:
    """The README's table: the models on one machine."""
    bench = read_results(results)["bench"]
    machine, models = bench["machine"], bench["models"]
    lines = [
        f"{machine['model']}, one core ([all figures](docs/reference/performance.md)):",
        "",
        f"| | {' | '.join(f'`{name}`' for name in models)} |",
        f"|---|{'---|' * len(models)}",
    ]
    network = [m["stages"]["network_window_by_threads"]["1"] for m in models.values()]
    front_end = [m["stages"]["front_end_window"] for m in models.values()]
    rows = [
        ("file", [f"{m['file_bytes'] / 1000:.0f} KB" for m in models.values()]),
        ("front end, a window", [f"{one['median_ms']:.2f} ms" for one in front_end]),
        ("network, a window", [f"{one['median_ms']:.2f} ms" for one in network]),
        (
            "listening, live sound from 48 kHz",
            [f"{m['pipeline']['cpu_s_per_s']:.2%} of a core" for m in models.values()],
        ),
        (
            "cold start to the result for a file",
            [f"{m['process']['cold_start_s']:.2f} s" for m in models.values()],
        ),
        (
            "peak memory of `listen`",
            [f"{m['process']['listen_peak_rss_mib']:.0f} MiB" for m in models.values()],
        ),
    ]
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in rows]
    return "\n".join([*lines, ""])


def readme(text: str, block: str) -> str:
    """A README with its table made anew."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise SystemExit(f"{README.name} has no {_BEGIN.strip()} ... {_END.strip()}")
    return f"{before}{begin}{block}{end}{after}"


def _models(bench: dict[str, Any]) -> list[str]:
    machine = bench["machine"]
    models = bench["models"]
    lines = [
        "## Models",
        "",
        f"{machine['model']}, {machine['cores']} cores, {machine['system']}, Python "
        f"{machine['python']}, numpy {machine['numpy']}; {bench['utc'][:10]}:",
        "",
        f"    edge-genre bench --model {' '.join(models)} --out DIR",
        "",
        f"| | {' | '.join(f'`{name}`' for name in models)} |",
        f"|---|{'---|' * len(models)}",
    ]
    rows: list[tuple[str, list[str]]] = [
        ("file", [f"{m['file_bytes'] / 1000:.0f} KB, {m['quantization']}" for m in models.values()])
    ]
    for name, key in (
        ("1 s of sound from 48 kHz to the model's rate, ms", "resample_second"),
        ("front end, a window, ms", "front_end_window"),
    ):
        rows.append((name, [_times(m["stages"][key]) for m in models.values()]))
    threads = next(iter(models.values()))["stages"]["network_window_by_threads"]
    for count in threads:
        rows.append(
            (
                f"network, a window, {count} thread{'s' if count != '1' else ''}, ms",
                [_times(m["stages"]["network_window_by_threads"][count]) for m in models.values()],
            )
        )
    rows.append(
        ("decoder, a window, ms", [_times(m["stages"]["decoder_window"]) for m in models.values()])
    )
    for name, group, key, text in (
        ("an event every", "pipeline", "interval_s", "{:.3f} s"),
        ("listening, CPU s for a second of sound", "pipeline", "cpu_s_per_s", "{:.4f}"),
        ("cold start to the demo clip's result", "process", "cold_start_s", "{:.2f} s"),
        ("peak memory of `listen`", "process", "listen_peak_rss_mib", "{:.1f} MiB"),
    ):
        rows.append((name, [text.format(m[group][key]) for m in models.values()]))
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in rows]
    return [*lines, "", "Medians, and the 99th percentile in brackets.", ""]


def _times(values: dict[str, float]) -> str:
    return f"{values['median_ms']:.2f} ({values['p99_ms']:.2f})"


def _sinks(sinks: dict[str, Any]) -> list[str]:
    rows = sinks["sinks"]
    alone = rows["JSON lines"]["cpu_s_per_s"]
    lines = [
        "## Sinks of `listen`",
        "",
        f"    python -m benchmarks.sinks --seconds {sinks['seconds']} --rounds {sinks['rounds']}",
        "",
        f"One at a time, in turn, at {sinks['pace']:.0f} times real time; what starting costs is "
        "left out of the CPU time:",
        "",
        "| | CPU s for a second of sound | times JSON lines | peak memory |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['cpu_s_per_s']:.4f} | {row['cpu_s_per_s'] / alone:.2f} | "
        f"{row['peak_rss_mib']:.1f} MiB |"
        for name, row in rows.items()
    ]
    return [*lines, ""]


def _soak(soak: dict[str, Any]) -> list[str]:
    faults = ", ".join(
        f"{count} of {name.replace('_', ' ')}" for name, count in soak["faults"].items()
    )
    return [
        "## A day of listening",
        "",
        "    python -m benchmarks.soak",
        "",
        f"{soak['hours']:.0f} simulated hours in {soak['wall_s'] / 60:.0f} minutes, "
        f"{soak['windows']:,} windows, with faults: {faults}.",
        "",
        "| | |",
        "|---|---|",
        f"| crashes | {soak['crashes']} |",
        f"| windows lost | {soak['windows_lost']} |",
        f"| error of the stream's clock | {soak['clock_error_samples']} samples |",
        f"| growth of memory after warming up | {soak['rss_growth_mib']:.2f} MiB |",
        f"| events in the log, reported as lost, unaccounted for | {soak['log']['written']:,}, "
        f"{soak['log']['told_lost']:,}, {soak['log']['unaccounted']} |",
        "",
    ]


def _front_end(front_end: dict[str, Any]) -> list[str]:
    lines = [
        "## The front end against others",
        "",
        "    python -m benchmarks.frontend",
        "",
        "13 MFCCs of a window of 3 s, one thread, interleaved:",
        "",
        "| | ms | times ours |",
        "|---|---|---|",
    ]
    lines += [
        f"| {name} | {ms:.2f} | {front_end['segment_vs'][name]:.2f} |"
        for name, ms in front_end["segment_ms"].items()
    ]
    overlaps = front_end["stream_vs"]
    ours = " | ".join(f"{us:.0f}" for us in front_end["stream_us_per_second_of_audio"].values())
    lines += [
        "",
        "A stream of windows that overlap; ours computes each frame once, the others compute "
        "every window anew:",
        "",
        f"| times ours, at an overlap of | {' | '.join(f'{float(o):.1%}' for o in overlaps)} |",
        f"|---|{'---|' * len(overlaps)}",
        f"| edge-genre, µs for a second of sound | {ours} |",
    ]
    for name in front_end["segment_ms"]:
        if name != "edge-genre":
            times = " | ".join(f"{peers[name]:.1f}" for peers in overlaps.values())
            lines.append(f"| {name} | {times} |")
    start = front_end["new_process"]
    first, numpy_alone = start["first MFCC"], start["import numpy"]
    return [
        *lines,
        "",
        f"Largest difference from librosa's MFCCs: {front_end['max_abs_error_mfcc']:.1e}. A new "
        f"process has its first MFCC after {first['ms']:.0f} ms and in {first['peak_rss_mib']:.1f} "
        f"MiB, of which `import numpy` takes {numpy_alone['ms']:.0f} ms and "
        f"{numpy_alone['peak_rss_mib']:.1f} MiB. [The front end](../explanation/front-end.md) has "
        "a page of its own.",
        "",
    ]


def _kernels(kernels: dict[str, Any]) -> list[str]:
    lines = [
        "## Kernels beside peers",
        "",
        "    make bench JSON=FILE",
        "",
        f"{kernels['machine_info']['model']}, Python {kernels['machine_info']['python']}, commit "
        f"`{kernels['commit_info']['id'][:7]}`; one thread each, kernel and peer in turn:",
        "",
        "| | median ms | peer | takes times as long |",
        "|---|---|---|---|",
    ]
    for one in kernels["benchmarks"]:
        name = one["name"].removeprefix("test_").replace("_", " ")
        peer, times = one["extra_info"].get("peer takes", ("", ""))
        lines.append(f"| {name} | {1e3 * one['stats']['median']:.3f} | {peer} | {times} |")
    return [*lines, ""]


def _arm(results: Path) -> list[str]:
    lines = [
        "## On an ARM",
        "",
        "    make test-arm64",
        "    make test-armhf",
        "",
        "Our wheel with its dependencies on Debian arm64 and armhf, emulated by qemu: whether "
        "its results are right, never how fast. Compared with the results of an x86:",
        "",
    ]
    for log in sorted(results.glob("arm*.log")):
        lines += ["```", log.read_text(encoding="utf-8").rstrip(), "```", ""]
    return lines


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    old = README.read_text(encoding="utf-8")
    texts = {PAGE: page(), README: readme(old, summary())}
    variants = read_results()["variants"]
    if args.check:
        stale = [path for path, text in texts.items() if not _holds(path, text.encode())]
        stale += [] if _holds(PICTURE, fingerprint(variants).encode()) else [PICTURE]
        sys.exit("\n".join(map(_stale, stale)) if stale else 0)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    from ..variants.picture import draw

    draw(variants, PICTURE)


def _holds(path: Path, content: bytes) -> bool:
    """Whether a text is exactly this, or a picture has this fingerprint in it."""
    if not path.exists():
        return False
    found = path.read_bytes()
    return content in found if path == PICTURE else content == found


def _stale(path: Path) -> str:
    return f"{path.name} is stale; write it with: python -m benchmarks.report.performance_page"


if __name__ == "__main__":
    main()
