"""The comparison of runs as a page of text."""

from __future__ import annotations

from edge_runtime.printable import printable_lines

from ..data.splits import LEAK_WARNING
from .comparison import Comparison, Leak, Run, SplitGroup
from .scores import three_digits
from .track_results import Difference, p_text

_COLUMNS = (
    "model", "parameters", "training s", "windows", "tracks (95 % interval)", "macro recall",
    "top-2", "ECE", "n tracks",
)  # fmt: skip


def comparison_text(comparison: Comparison) -> str:
    """A table for each split, honest ones first, and then what the leak is worth."""
    blocks = [_group_text(group) for group in comparison.groups]
    if comparison.leaks:
        blocks.append("\n".join(leak_text(leak) for leak in comparison.leaks))
    return printable_lines("\n\n".join(blocks))


def leak_text(leak: Leak) -> str:
    """The sentence that shows the leak."""
    points = (
        f"{leak.points} point{'s are' if leak.points > 1 else ' is'} the leak"
        if leak.points > 0
        else "no leak to be seen in these runs"
    )
    return (
        f"{leak.model}: {leak.leaky:.3f} on the leaky split, {leak.honest:.3f} on the honest one: "
        f"{points} (tracks; {leak.leaky_split} against {leak.honest_split})"
    )


def _group_text(group: SplitGroup) -> str:
    data = ", ".join(dict.fromkeys(run.record.facts.data for run in group.runs))
    lines = [
        f"split {group.split}{'   LEAKS' if group.leaks else ''}   "
        f"(data {data}, split hash {group.sha256[:12]})"
    ]
    if group.leaks:
        lines.append(f"  {LEAK_WARNING}")
    if group.has_namesake:
        lines.append(
            "  NOT COMPARABLE with the other split of this name: their hashes differ, so they "
            "train or validate with other clips"
        )
    rows = [_COLUMNS] + [_row(name, run) for name, run in zip(group.names, group.runs, strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += [
        "  " + "  ".join([row[0].ljust(widths[0])]
                         + [cell.rjust(n) for cell, n in zip(row[1:], widths[1:], strict=True)])
        for row in rows
    ]  # fmt: skip
    lines += [f"  {_test_text(difference)}" for difference in group.against_best]
    return "\n".join(lines)


def _row(name: str, run: Run) -> tuple[str, ...]:
    scores, facts = run.scores, run.record.facts
    low, high = scores.accuracy_interval
    return (
        name,
        f"{facts.parameters:,}",
        f"{facts.seconds:,.1f}",
        f"{scores.window_accuracy:.3f}",
        f"{scores.accuracy:.3f} ({low:.3f} to {high:.3f})",
        f"{scores.macro_recall:.3f}",
        f"{scores.top2_accuracy:.3f}",
        three_digits(scores.ece),
        str(scores.n_tracks),
    )


def _test_text(difference: Difference) -> str:
    best, other = difference.names
    test = difference.test
    return (
        f"{best} against {other} on {test.n} tracks: alone right on {test.b} and on {test.c}, "
        f"McNemar {p_text(test.p)}"
    )
