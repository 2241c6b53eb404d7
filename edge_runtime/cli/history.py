"""``edge-genre history``: minutes of each genre, from the database of ``listen --history``."""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ParameterError
from ..printable import printable_lines
from ..sinks.terminal import bar
from .arguments import duration_s

if TYPE_CHECKING:
    from ..sinks.history_database import Total

HELP = "show how many minutes of each genre, style or mood were played"

_BAR_WIDTH = 24
_NONE = "(none named)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--db",
        type=Path,
        metavar="FILE",
        default=Path("genre.db"),
        help="the database that `listen --history FILE` wrote (default genre.db)",
    )
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="90m, 2h, 1d or 1w ago, or a local date or time: 2026-11-20, 2026-11-20T18:00",
    )
    parser.add_argument(
        "--by",
        choices=("genre", "style", "mood"),
        default="genre",
        help="what to sum up (default genre); style and mood are named by models with tags alone",
    )
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Print minutes, share and a bar per genre, style or mood."""
    from ..sinks.history_database import read_totals

    since = 0.0 if args.since is None else parse_since(args.since, time.time())
    totals = read_totals(args.db, since, args.by)
    if args.json:
        print(_json(totals, since, args.by))
    else:
        print(printable_lines(_table(totals, since, args.db)))
    return 0


def parse_since(text: str, now: float) -> float:
    """A moment, seconds since 1970.

    Parameters
    ----------
    text : str
        A time ago (``2h``), or a date or time; local if it has no time zone.
    now : float
        Seconds since 1970.

    Raises
    ------
    ParameterError
        If it is neither, or a moment for which no calendar has a date.
    """
    ago = duration_s(text, "mhdw")
    try:
        moment = datetime.fromisoformat(text).timestamp() if ago is None else now - ago
        for zone in (None, UTC):  # it is shown in both
            datetime.fromtimestamp(moment, zone)
    except (ValueError, OverflowError, OSError):
        if ago is not None:
            raise ParameterError(
                f"--since {text!r} is before the first year; leave it out for everything"
            ) from None
        raise ParameterError(
            f"--since {text!r} is no time; write 90m, 2h, 1d, 1w, 2026-11-20 or 2026-11-20T18:00"
        ) from None
    return moment


def _table(totals: list[Total], since: float, path: Path) -> str:
    when = f" since {datetime.fromtimestamp(since):%Y-%m-%d %H:%M}" if since else ""
    if not totals:
        return f"{path}: nothing was recorded{when}"
    total_s = sum(total.seconds for total in totals)
    lines = [f"{path}: {total_s / 60:.1f} min of sound{when}"]
    names = [_NONE if total.label is None else total.label for total in totals]
    width = max(map(len, names))
    for name, total in zip(names, totals, strict=True):
        share = total.seconds / total_s if total_s else 0.0
        lines.append(
            f"{name:<{width}}  {total.seconds / 60:>9.1f} min  "
            f"{bar(share, _BAR_WIDTH)} {share:>4.0%}"
        )
    return "\n".join(lines)


def _json(totals: list[Total], since: float, by: str) -> str:
    total_s = sum(total.seconds for total in totals)
    found = [
        {
            "label": total.label,
            "minutes": round(total.seconds / 60, 2),
            "share": round(total.seconds / total_s, 4) if total_s else 0.0,
        }
        for total in totals
    ]
    return json.dumps(
        {
            "since": datetime.fromtimestamp(since, UTC).isoformat() if since else None,
            "minutes": round(total_s / 60, 2),
            f"{by}s": found,
        },
        ensure_ascii=False,
        indent=2,
    )
