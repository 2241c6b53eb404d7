"""A data check as text."""

from __future__ import annotations

from edge_runtime.sinks.terminal import clock

from ..datasets import DATASETS
from .check import DataCheck
from .faults import Finding

_LINES = 6
"""A finding shows so many of its clips."""


def check_text(result: DataCheck, name: str) -> str:
    """The table of genres, the counts and the findings."""
    usable, clips = len(result.usable), len(result.listed.tracks)
    data_set = DATASETS.get(result.listed.dataset)
    title = f"   ({data_set.title})" if data_set and data_set.citation else ""
    lines = [f"{name}{title}"]
    if data_set and data_set.citation:
        lines.append(f"licence: {data_set.licence}")
    lines += ["", *_table(result), ""]
    width = max(map(len, result.counts()))
    lines += [
        f"{what:<{width}}  " + ", ".join(f"{value}: {n}" for value, n in counts.items())
        for what, counts in result.counts().items()
        if counts
    ]
    serious = [finding for finding in result.findings if finding.serious]
    notes = [finding for finding in result.findings if not finding.serious]
    for heading, findings in (("Put right before training", serious), ("Worth knowing", notes)):
        if findings:
            lines += ["", heading, *(line for f in findings for line in _finding(f))]
    if not result.findings:
        lines += ["", "Nothing was found wrong: all clips decode, none repeats another, none is"]
        lines += ["silent, clipped or cut off."]
    lines += ["", f"{usable} of {clips} clips are usable"]
    return "\n".join(lines)


def _table(result: DataCheck) -> list[str]:
    genres = result.genres()
    artists = any(facts.artists for facts in genres.values())
    width = max(map(len, (*genres, "genre")))
    head = f"{'genre':<{width}}  clips  usable     total  median  shortest"
    lines = [head + ("  artists" if artists else "")]
    for genre, facts in genres.items():
        line = (
            f"{genre:<{width}}  {facts.clips:>5}  {facts.usable:>6}  {clock(facts.seconds):>8}  "
            f"{facts.median_seconds:>4.1f} s  {facts.shortest_seconds:>6.1f} s"
        )
        lines.append(line + (f"  {facts.artists:>7}" if artists else ""))
    total = (
        f"{'all':<{width}}  {len(result.listed.tracks):>5}  {len(result.usable):>6}  "
        f"{clock(result.seconds):>8}"
    )
    return [*lines, total]


def _finding(finding: Finding) -> list[str]:
    items = [f"      {item}" for item in finding.items[:_LINES]]
    more = len(finding.items) - _LINES
    if more > 0:
        items.append(f"      and {more} more (--json FILE writes all)")
    mark = "!" if finding.serious else "-"
    return [f"  {mark} {finding.kind} ({len(finding.items)}): {finding.title}", *items]
