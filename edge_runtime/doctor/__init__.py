"""What would keep ``listen`` from working on this machine, or make it work badly.

Each check looks at one thing, changes nothing, and returns what it saw and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but not as it could"""
    FAULT = "fault"
    """``edge-genre listen`` would not work"""


@dataclass(frozen=True)
class Finding:
    """What one check saw."""

    check: str
    """What was looked at, in one word"""
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do; empty where nothing is to be done"""


def ok(check: str, found: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(check, Verdict.OK, found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """A finding that makes labels worse, later or fewer."""
    return Finding(check, Verdict.WARNING, found, remedy)


def fault(check: str, found: str, remedy: str) -> Finding:
    """A finding that keeps ``listen`` from working."""
    return Finding(check, Verdict.FAULT, found, remedy)


def examine(
    *, device: str | None, model: str | None, written: list[Path], root: Path = Path("/")
) -> Iterator[Finding]:
    """All checks, one after the other; a few seconds.

    Parameters
    ----------
    device : str or None
        The microphone, as ``listen --device`` takes it.
    model : str or None
        As ``listen --model`` takes it.
    written : list of Path
        Files that ``listen`` is to write.
    root : Path
        Where ``/proc`` and ``/sys`` are.
    """
    from . import machine, microphone, software
    from .model import classifies, speed

    yield software.python()
    yield machine.computer(root)
    yield machine.memory(root)
    yield machine.heat(root)
    yield machine.wall_clock()
    yield from map(machine.disk, written)
    yield software.extras()
    yield software.runtimes(model)
    finding, classifier = classifies(model)
    yield finding
    if classifier is not None:
        yield speed(classifier)
    yield from microphone.checks(device, classifier)
