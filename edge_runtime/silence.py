"""Whether a window of sound is silence: nothing, or no more than the noise of a quiet room.

A fixed level cannot tell a quiet microphone from a quiet room. What can is the shape of the sound
in time: noise goes on and on at one level, music has softer moments. The softest moments of a
stream are its noise floor, and a soft window that hardly stands out of it is silence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HARD_FLOOR_DBFS = -90.0
"""A window below this is silence whatever its shape: the last bit of a converter"""
_FLOOR_RISES_DB_PER_S = 0.3
"""How fast the floor follows a noise that grew: 10 dB in half a minute"""
_MARGIN_HYSTERESIS_DB = 1.0
"""Silence ends so much further above the noise floor than it begins, at most"""


@dataclass(frozen=True)
class WindowLevel:
    """How loud a window is, and its softest moments."""

    dbfs: float
    """Root-mean-square level, dB relative to full scale"""
    hiss_db: float
    """Level of the differences between neighbouring samples: hiss counts, rumble hardly does,
    whose level changes from moment to moment"""
    softest_hiss_db: float
    """That level in the softest 50 ms; infinite where every sample is digital silence"""


class SilenceGate:
    """Closes for silence, and opens again a hysteresis above it.

    Without a hysteresis, a room whose noise lies at the gate would flicker.

    Parameters
    ----------
    silence_dbfs : float
        What is louder is never silence.
    hysteresis_db : float
        Silence ends so much above the level at which it begins.
    margin_db : float or None
        What is softer than `silence_dbfs` is silence where it is less than this above the noise
        floor that was learned so far; None: always.
    """

    def __init__(self, silence_dbfs: float, hysteresis_db: float, margin_db: float | None) -> None:
        self._silence_dbfs, self._hysteresis_db = silence_dbfs, hysteresis_db
        self._margin_db = margin_db
        self._floor_db = math.inf  # of the hiss; nothing is known yet
        self._closed = False

    def is_silent(self, level: float | WindowLevel, elapsed_s: float = 0.0) -> bool:
        """Whether a window is silence.

        Parameters
        ----------
        level : float or WindowLevel
            A level alone, dBFS, is compared with `silence_dbfs` alone.
        elapsed_s : float
            Seconds since the window before.
        """
        dbfs = level.dbfs if isinstance(level, WindowLevel) else level
        wider = self._hysteresis_db if self._closed else 0.0
        closed = dbfs < self._silence_dbfs + wider
        if self._margin_db is not None and isinstance(level, WindowLevel):
            above_floor = self._above_floor(level, elapsed_s)
            margin = self._margin_db + min(wider, _MARGIN_HYSTERESIS_DB)
            nothing = dbfs < HARD_FLOOR_DBFS + wider
            closed = closed and (nothing or above_floor < margin)
        self._closed = closed
        return closed

    def _above_floor(self, level: WindowLevel, elapsed_s: float) -> float:
        """Level of the window's hiss above the slow minimum of that of the softest moments, dB."""
        self._floor_db = min(
            self._floor_db + _FLOOR_RISES_DB_PER_S * elapsed_s, level.softest_hiss_db
        )
        return level.hiss_db - self._floor_db
