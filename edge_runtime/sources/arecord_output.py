"""What ``arecord`` writes on stderr: what the device can do, overruns, complaints."""

from __future__ import annotations

import re
from collections import deque

_MAX_LINES = 8
_LONGEST_LINE = 10_000
_NO_CARD = "snd_func_card_inum"
"""In ALSA's complaint where the default device is a card and there is none."""
_HEADINGS = ("Recording raw data", "HW Params of device")
_PROPERTY = re.compile(r"([A-Z_]+): +(.*)")
_SETTING = re.compile(r"  ([a-z_ ]+?) *: +(.*)")
"""As ``arecord -v`` prints what it opened"""
_SETUP = "Its setup is:"
_INACCURATE = re.compile(r".*rate is not accurate \(requested = \d+Hz, got = (\d+)Hz\)")
_PLUG_HINT = "please, try the plug plugin"
_OVERRUN = "overrun!!!"


class ArecordOutput:
    """What the device can do, the number of overruns, and the latest complaints."""

    def __init__(self) -> None:
        self.overruns = 0
        """How often arecord was too slow to take what the driver captured"""
        self._properties: dict[str, str] = {}
        self._settings: dict[str, str] = {}
        self._lines: deque[str] = deque(maxlen=_MAX_LINES)
        self._unended = b""

    def take(self, data: bytes) -> None:
        """Read what arecord wrote; a line may come in pieces."""
        *lines, rest = (self._unended + data).split(b"\n")
        self._unended = rest[-_LONGEST_LINE:]
        for line in lines:
            self._read(line.decode(errors="replace").rstrip())

    def _read(self, line: str) -> None:
        if setting := _SETTING.fullmatch(line):
            # The first is what arecord hands over; the others are of what stands behind it.
            self._settings.setdefault(setting[1], setting[2])
            return
        line = line.strip()
        if line == _SETUP:
            self._lines.clear()  # names of parts; and what was complained of did not matter
        elif line.startswith(_OVERRUN):
            self.overruns += 1
        elif inaccurate := _INACCURATE.fullmatch(line):
            self._settings["rate"] = inaccurate[1]
        elif line.startswith(_PLUG_HINT):
            return
        elif found := _PROPERTY.fullmatch(line):
            self._properties[found[1]] = found[2]
        elif line.strip("-") and not line.startswith(_HEADINGS):
            self._lines.append(line)

    @property
    def complaint(self) -> str:
        """The latest lines, without the places in ALSA's source code that they come from."""
        lines = [*self._lines, self._unended.decode(errors="replace").strip()]
        lines = [re.sub(r"^ALSA lib \S+:\d+:\(\w+\) ", "", line) for line in lines]
        return "; ".join(filter(None, lines))

    @property
    def no_card(self) -> bool:
        """Whether ALSA's default is a sound card, and there is none."""
        return any(_NO_CARD in line for line in self._lines)

    @property
    def opened_rate(self) -> int | None:
        """The rate that the device was opened at, hertz; None where arecord does not tell."""
        return _number(self._settings.get("rate", ""))

    @property
    def opened_channels(self) -> int | None:
        """As `opened_rate`, the number of channels."""
        return _number(self._settings.get("channels", ""))

    @property
    def rates(self) -> str:
        """Rates of the device, hertz, in words."""
        return _words(self._properties.get("RATE", "other rates"))

    @property
    def channels(self) -> str:
        """Numbers of channels, in words."""
        return _words(self._properties.get("CHANNELS", "another number"))

    @property
    def formats(self) -> str:
        """Sample formats."""
        return self._properties.get("FORMAT", "others")

    def nearest_rate(self, rate: int) -> int:
        """The rate of the device nearest to this one; the same where none is known."""
        return _nearest(self._properties.get("RATE", ""), rate)

    def nearest_channels(self, channels: int) -> int:
        """As `nearest_rate`, of the number of channels."""
        return _nearest(self._properties.get("CHANNELS", ""), channels)


def _number(value: str) -> int | None:
    return int(value) if value.isdecimal() else None


def _words(values: str) -> str:
    """``[1 2]`` in words: ``1 to 2``."""
    return " to ".join(re.findall(r"\d+", values)) or values


def _nearest(values: str, wanted: int) -> int:
    """The number nearest to a wanted one in ``48000`` or ``[8000 48000]``."""
    ends = [int(number) for number in re.findall(r"\d+", values)]
    return min(max(wanted, ends[0]), ends[-1]) if ends else wanted
