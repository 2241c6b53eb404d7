"""System packages that some tests need: found or not, and what is reported of it at the end.

A test that needs packages is marked ``@pytest.mark.system_packages("mosquitto")``; a fixture calls
`require`. Where a package is missing, the tests are skipped, and the end of the run names each
package once. With ``REQUIRE_SYSTEM_PACKAGES=1`` they fail instead: a machine that tests for others
must not pass over them.
"""

from __future__ import annotations

import ctypes.util
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

VARIABLE = "REQUIRE_SYSTEM_PACKAGES"
_PREFIX = "needs the system package "


@dataclass(frozen=True)
class SystemPackage:
    """A package of Debian."""

    subject: str
    """What its tests are about"""
    found: Callable[[], bool]


def _program(*names: str) -> Callable[[], bool]:
    # A user's PATH may lack the folders of daemons.
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return lambda: all(shutil.which(name, path=path) for name in names)


def _pulse_plugin() -> bool:
    plugin = "alsa-lib/libasound_module_pcm_pulse.so"
    return any(any(Path("/").glob(f"usr/{lib}/{plugin}")) for lib in ("lib", "lib64", "lib/*"))


PACKAGES = {
    "alsa-utils": SystemPackage("the microphone", _program("arecord")),
    "chromium": SystemPackage(
        "the page", lambda: bool(shutil.which("chromium") or shutil.which("chromium-browser"))
    ),
    "espeak-ng": SystemPackage("speech", _program("espeak-ng")),
    "ffmpeg": SystemPackage("tags, with a second reader", _program("ffmpeg")),
    "g++": SystemPackage("the microcontroller export", _program("c++")),
    "gcc": SystemPackage("the C front end", _program("cc")),
    "libasound2-plugins": SystemPackage("the microphone", _pulse_plugin),
    "libportaudio2": SystemPackage(
        "the microphone", lambda: ctypes.util.find_library("portaudio") is not None
    ),
    "mosquitto": SystemPackage("MQTT", _program("mosquitto")),
    "openssl": SystemPackage("MQTT over TLS", _program("openssl")),
    "pulseaudio": SystemPackage("the microphone", _program("pulseaudio")),
    "pulseaudio-utils": SystemPackage("the microphone", _program("pactl", "paplay")),
    "systemd": SystemPackage("the service", _program("systemd-analyze")),
}


def missing(names: Iterable[str]) -> list[str]:
    """Those of the packages that this machine does not have."""
    return [name for name in names if not PACKAGES[name].found()]


def require(*names: str) -> None:
    """Skip the test, or whatever needs this fixture, where a package is missing."""
    lacking = missing(names)
    if lacking:
        message = _PREFIX + " ".join(lacking)
        if os.environ.get(VARIABLE):
            pytest.fail(f"{message} (apt install {' '.join(lacking)})", pytrace=False)
        pytest.skip(message)


def summary(reasons: Iterable[str]) -> list[str]:
    """Lines for the end of a run: one a package, then one for each other reason.

    Parameters
    ----------
    reasons : iterable of str
        Of the skipped tests, one each.
    """
    by_package: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for reason in reasons:
        if reason.startswith(_PREFIX):
            by_package.update(reason.removeprefix(_PREFIX).split())
        else:
            others[reason] += 1
    lines = [
        f"{_tests(count)} of {PACKAGES[name].subject} {'needs' if count == 1 else 'need'} {name}: "
        f"apt install {name}"
        for name, count in sorted(by_package.items())
    ]
    return lines + [f"{_tests(count)} skipped: {reason}" for reason, count in others.items()]


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
