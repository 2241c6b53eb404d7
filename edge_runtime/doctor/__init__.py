"""What ``edge-genre doctor`` looks at, and what it says of each thing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """`listen` works, but not as well as it could"""
    FAULT = "fault"
    """`listen` does not work"""


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing."""

    check: str
    """What was looked at"""
    verdict: Verdict
    found: str
    remedy: str = ""
    """What to do about it; empty where there is nothing to do"""
