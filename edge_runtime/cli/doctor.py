"""``edge-genre doctor``: what keeps ``listen`` from working here, and what to do about it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import sys
import textwrap
from collections import Counter
from pathlib import Path

from ..doctor import Finding, Verdict, examine
from ..printable import printable
from ..sinks.terminal import is_dumb

HELP = "look for what keeps listen from working here, with a remedy for each fault"

_COLOURS = {Verdict.OK: "32", Verdict.WARNING: "33", Verdict.FAULT: "1;31"}
_VERDICT_WIDTH, _CHECK_WIDTH = 9, 13
_WIDEST = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "Exit code 0: listen works, maybe with warnings; 1: a fault keeps it from working."
    )
    parser.add_argument("--device", metavar="NAME", help="the microphone, as listen takes it")
    parser.add_argument("--model", metavar="FILE", help="the model, as listen takes it")
    parser.add_argument(
        "--history",
        "--log",
        dest="written",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a file that listen is to write: can it, and is there room?",
    )
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """Print what was found; exit code 1 if there is a fault."""
    counted: Counter[Verdict] = Counter()
    for finding in examine(device=args.device, model=args.model, written=args.written):
        counted[finding.verdict] += 1
        if args.json:
            print(json.dumps(dataclasses.asdict(finding), ensure_ascii=False), flush=True)
        else:
            print(_row(finding), flush=True)
    if not args.json:
        print(_summary(counted))
    return 1 if counted[Verdict.FAULT] else 0


def _row(finding: Finding) -> str:
    """Verdict, check and finding in columns; the remedy below."""
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    indent = " " * (_VERDICT_WIDTH + _CHECK_WIDTH)
    wrap = textwrap.TextWrapper(
        max(width, len(indent) + 20), break_long_words=False, break_on_hyphens=False
    )
    wrap.initial_indent = f"{finding.verdict:<{_VERDICT_WIDTH}}{finding.check:<{_CHECK_WIDTH}}"
    wrap.subsequent_indent = indent
    lines = wrap.wrap(printable(finding.found))
    if finding.remedy:
        wrap.initial_indent, wrap.subsequent_indent = f"{indent}-> ", f"{indent}   "
        lines += wrap.wrap(printable(finding.remedy))
    lines[0] = _coloured(finding.verdict) + lines[0][len(finding.verdict) :]
    return "\n".join(lines)


def _coloured(verdict: Verdict) -> str:
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ or is_dumb()
    return verdict if plain else f"\x1b[{_COLOURS[verdict]}m{verdict}\x1b[0m"


def _summary(counted: Counter[Verdict]) -> str:
    faults, warnings = counted[Verdict.FAULT], counted[Verdict.WARNING]
    counts = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in ((faults, "fault"), (warnings, "warning"))
        if count
    ]
    if faults:
        return f"{' and '.join(counts)}: listen would not work"
    return f"{counts[0]}: listen works" if counts else "all is well: listen works"
