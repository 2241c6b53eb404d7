"""``edge-genre doctor``: what is in the way of listening, and what to do about it."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import sys

from ..doctor import Finding, Verdict
from ..doctor.machine import check_machine
from ..doctor.microphone import check_microphone
from ..doctor.model import check_model

HELP = "check machine, model and microphone"

_COLOURS = {Verdict.OK: "32", Verdict.WARNING: "33", Verdict.FAULT: "31"}
"""Of ANSI terminals"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--device", metavar="NAME", help="the microphone that is to be used")
    parser.add_argument("--model", metavar="FILE", help="the model that is to be used")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(args: argparse.Namespace) -> int:
    """Print what was found; a fault that keeps `listen` from working is exit code 1."""
    faults = warnings = 0
    findings = itertools.chain(
        check_machine(), check_model(args.model), check_microphone(args.device)
    )
    for finding in findings:
        faults += finding.verdict is Verdict.FAULT
        warnings += finding.verdict is Verdict.WARNING
        print(json.dumps(dataclasses.asdict(finding)) if args.json else _line(finding), flush=True)
    if not args.json:
        print(f"\n{_sum(faults, warnings)}")
    return 1 if faults else 0


def _line(finding: Finding) -> str:
    verdict = f"{finding.verdict:<7}"
    if sys.stdout.isatty():
        verdict = f"\033[{_COLOURS[finding.verdict]}m{verdict}\033[0m"
    line = f"{verdict}  {finding.check:<12}  {finding.found}"
    return f"{line}\n{'':<23}-> {finding.remedy}" if finding.remedy else line


def _sum(faults: int, warnings: int) -> str:
    if faults:
        return f"{faults} fault(s): `edge-genre listen` will not work until they are mended"
    if warnings:
        return f"{warnings} warning(s): `edge-genre listen` works, and could work better"
    return "all is well: edge-genre listen"
