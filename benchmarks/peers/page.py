"""The results of a run as text: for a terminal, and for ``docs/reference/performance.md``."""

from __future__ import annotations

from typing import Any

from .better import better
from .genres import GENRES

Row = dict[str, Any]

_COLUMNS = ("ms a clip", "cold start", "memory", "install", "model", "right")


def table(results: dict[str, Any]) -> str:
    """The rows, aligned; under them what is missing, and where a peer is better."""
    rows = results["rows"]
    width = max(map(len, rows))
    lines = [f"{'':<{width}} " + " ".join(f"{column:>12}" for column in _COLUMNS)]
    for name, row in rows.items():
        if "missing" not in row:
            cells = " ".join(f"{cell:>12}" for cell in _cells(row))
            lines.append(f"{name:<{width}} {cells}")
    lines += [f"{name}: left out: {reason}" for name, reason in _missing(rows).items()]
    lines += [f"{name} is better in: {text}" for name, text in _better(rows).items()]
    lines.append(_clips(results["protocol"]))
    return "\n".join(lines)


def section(results: dict[str, Any]) -> list[str]:
    """Lines of Markdown, with no number that is not from the results.

    Parameters
    ----------
    results : dict
        What ``python -m benchmarks.peers --json`` wrote.
    """
    rows = {name: row for name, row in results["rows"].items() if "missing" not in row}
    ours = [name for name, row in rows.items() if row["ours"]]
    machine, protocol = results["machine"], results["protocol"]
    cores = [row["cores"] for row in rows.values()]
    lines = [
        "## Other ways to tell a genre",
        "",
        '    pip install -e ".[dev,peers]" -e ./workstation',
        f"    {results['command']}",
        "",
        f"{machine['model']}, {machine['cores']} cores, {machine['system']}, Python "
        f"{machine['python']}, numpy {machine['numpy']}; {results['utc'][:10]}. One thread; each "
        "candidate is a process of its own, and all classify one clip before the next comes. "
        f"{_clips(protocol)} Time is from decoded samples in memory to one label for the clip, "
        "resampling included, decoding not; cold start, from the start of a process to its label "
        f"for one clip, median of {protocol['cold_starts']}, and memory is that process's peak. "
        f"While they classify, they keep {min(cores):.2f} to {max(cores):.2f} cores busy.",
        "",
        f"| | time, a clip | CPU time | {' | '.join(f'times `{name}`' for name in ours)} | "
        "cold start | memory | install (beyond numpy) | model |",
        f"|---|{'---|' * (len(ours) + 6)}",
    ]
    for name, row in rows.items():
        time, start, memory, _, model, _ = _cells(row)
        ratios = " | ".join(f"{row['times_ours'][one]:.2f}" for one in ours)
        lines.append(
            f"| {_name(name, row)} | {time} ms | {row['cpu_ms_per_clip']:.1f} ms | {ratios} | "
            f"{start} | {memory} | {_install(row['install'], both=True)} | {model} |"
        )
    lines += ["", *(f"- {_name(name, row)}: {row['what']}." for name, row in rows.items()), ""]
    lines += _accuracy(results, rows)
    lines += ["### Where a peer is better than ours", ""]
    lines += [f"- {name}: {text}." for name, text in _better(results["rows"]).items()]
    if missing := _missing(results["rows"]):
        lines += ["", "Not measured in this run:", ""]
        lines += [f"- {name}: {reason}" for name, reason in missing.items()]
    lines += ["", "### Looked at and left out", ""]
    lines += [f"- {name}: {reason}." for name, reason in results["left_out"].items()]
    return [*lines, ""]


def _accuracy(results: dict[str, Any], rows: dict[str, Row]) -> list[str]:
    scored = {name: row for name, row in rows.items() if "accuracy" in row["accuracy"]}
    unscored = {name: row for name, row in rows.items() if name not in scored}
    lines = ["### Accuracy on the validation clips", ""]
    if scored:
        lines += [
            "The likeliest of the genres that the labels of each stand for, on the clips of those "
            "genres, and ours on the same clips with the same choice; 95 % intervals. Whether the "
            "peers were trained on these recordings is not known.",
            "",
            "| | genres | clips | right | ours on the same |",
            "|---|---|---|---|---|",
        ]
    for name, row in scored.items():
        found = row["accuracy"]
        beside = ", ".join(f"`{one}` {_interval(own)}" for one, own in found["ours"].items())
        lines.append(
            f"| {_name(name, row)} | {len(found['genres'])} | {found['clips']} | "
            f"{_interval(found)} | {beside or found.get('weights', '')} |"
        )
    if scored:
        lines.append("")
    for name, row in scored.items():
        if len(row["accuracy"]["genres"]) < len(GENRES):
            lines.append(f"- {name} is examined on {', '.join(row['accuracy']['genres'])}.")
    for reason in dict.fromkeys(row["accuracy"]["reason"] for row in unscored.values()):
        names = [_name(n, r) for n, r in unscored.items() if r["accuracy"]["reason"] == reason]
        lines.append(f"- {', '.join(names)}: {reason}.")
    if differs := results["essentia_mfcc_minus_librosa"]:
        mfcc, bands = differs["mfcc"], differs["bands"]
        lines.append(
            f"- On one clip essentia's MFCCs differ from librosa's by {mfcc['median']:.3g} in the "
            f"median and {mfcc['max']:.3g} at most, since it has no floor below a window's loudest "
            "band, which the network was trained with; its bands with that floor differ by "
            f"{bands['median']:.3g} and {bands['max']:.3g}. A network trained on its own MFCCs "
            "would learn them as they are."
        )
    return [*lines, ""]


def _cells(row: Row) -> list[str]:
    found = row["accuracy"]
    return [
        f"{row['ms_per_clip']:.1f}",
        f"{row['cold_start_s']:.2f} s",
        f"{row['peak_rss_mib']:.0f} MiB",
        _install(row["install"], both=False),
        f"{row['model_bytes'] / 1000:.0f} KB",
        f"{found['accuracy']:.1%}/{found['clips']}" if "accuracy" in found else "-",
    ]


def _install(install: dict[str, Any], *, both: bool) -> str:
    if "unknown" in install:
        return "unknown"
    beyond = f" ({install['bytes_beyond_numpy'] / 1e6:.0f} MB)" if both else ""
    return f"{install['bytes'] / 1e6:.0f} MB{beyond}"


def _interval(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['accuracy']:.1%} ({low:.1%} to {high:.1%})"


def _name(name: str, row: Row) -> str:
    return f"`{name}`" if row["ours"] else name


def _missing(rows: dict[str, Row]) -> dict[str, str]:
    return {name: row["missing"] for name, row in rows.items() if "missing" in row}


def _better(rows: dict[str, Row]) -> dict[str, str]:
    return {name: "; ".join(parts) or "nothing" for name, parts in better(rows).items()}


def _clips(protocol: dict[str, Any]) -> str:
    what = f"{protocol['n_clips']} validation clips"
    if protocol["clips"] != "validation":
        what = protocol["clips"]
    return f"Sound: {what}, {protocol['median_clip_s']:.1f} s in the median."
