"""Where a peer is better than one of ours: sentences made of the numbers of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class _Measure:
    name: str
    value: Callable[[Row], float | None]
    text: Callable[[float], str]


MEASURES = (
    _Measure("time", lambda row: row.get("ms_per_clip"), lambda ms: f"{ms:.0f} ms"),
    _Measure("cold start", lambda row: row.get("cold_start_s"), lambda s: f"{s:.2f} s"),
    _Measure("memory", lambda row: row.get("peak_rss_mib"), lambda mib: f"{mib:.0f} MiB"),
    _Measure(
        "install size",
        lambda row: row.get("install", {}).get("bytes"),
        lambda size: f"{size / 1e6:.0f} MB",
    ),
    _Measure(
        "model file", lambda row: row.get("model_bytes"), lambda size: f"{size / 1000:.0f} KB"
    ),
)
"""Of all of them, less is better"""


def better(rows: dict[str, Row]) -> dict[str, list[str]]:
    """By peer, in what it is better than which of ours, with both numbers; empty where in nothing.

    Parameters
    ----------
    rows : dict
        Of a run's results; those with a reason instead of numbers are left out.
    """
    run = {name: row for name, row in rows.items() if "missing" not in row}
    ours = {name: row for name, row in run.items() if row["ours"]}
    found = {}
    for name, row in run.items():
        if not row["ours"]:
            parts = [_less(measure, row, ours) for measure in MEASURES]
            found[name] = [part for part in (*parts, _more_accurate(row)) if part]
    return found


def _less(measure: _Measure, row: Row, ours: dict[str, Row]) -> str:
    value = measure.value(row)
    values = {name: measure.value(own) for name, own in ours.items()}
    beaten = [
        f"`{name}` {measure.text(own)}"
        for name, own in values.items()
        if value is not None and own is not None and value < own
    ]
    if value is None or not beaten:
        return ""
    return f"{measure.name} {measure.text(value)} ({', '.join(beaten)})"


def _more_accurate(row: Row) -> str:
    found = row["accuracy"]
    beaten = [
        f"`{name}` {own['accuracy']:.1%}, p = {own['mcnemar']['p']:.2g}"
        for name, own in found.get("ours", {}).items()
        if found["accuracy"] > own["accuracy"]
    ]
    if not beaten:
        return ""
    return f"accuracy {found['accuracy']:.1%} of {found['clips']} clips ({'; '.join(beaten)})"
