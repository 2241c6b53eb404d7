"""Samples that are exactly zero for long: no room is so quiet, a muted or dead microphone is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIGITAL_SILENCE_SECONDS = 10.0
"""After so much of it the user is warned."""
_LONGEST_SECONDS = 600.0


class DigitalSilence:
    """Counts zeros, and decides when to warn and when to open the microphone anew.

    Some USB microphones die that way and live again when they are opened anew: after 10 s, 20 s
    more, 40 s more, ..., then every 10 minutes. What plays nothing looks the same.
    """

    def __init__(self) -> None:
        self.reopen_due = False
        """Whether to open the microphone anew; the caller sets it to False when it does"""
        self._reset()

    def _reset(self) -> None:
        self._seconds = 0.0
        self._try_at = self._step = DIGITAL_SILENCE_SECONDS
        self.reopen_due = False

    def take(self, samples: npt.NDArray[np.generic], rate: int) -> str | None:
        """Look at samples; returns a message for the user, if any is due."""
        if samples.any():
            message = None
            if self._seconds >= DIGITAL_SILENCE_SECONDS:
                message = f"sound again after {self._seconds:.0f} s of digital silence"
            self._reset()
            return message
        before = self._seconds
        self._seconds += len(samples) / rate
        if self._seconds >= self._try_at:
            self.reopen_due = True
            self._step = min(2.0 * self._step, _LONGEST_SECONDS)
            self._try_at = self._seconds + self._step
        if before < DIGITAL_SILENCE_SECONDS <= self._seconds:
            return (
                f"digital silence: every sample of the last {DIGITAL_SILENCE_SECONDS:.0f} s is "
                "exactly zero; is the microphone muted? Listening on"
            )
        return None
