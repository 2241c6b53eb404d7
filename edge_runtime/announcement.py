"""From what is likeliest at each window to what is announced: gates in level and in time."""

from __future__ import annotations

from .model.manifest import SILENCE, UNKNOWN, DecoderSettings

_SLACK_S = 1e-6
"""Times of windows are sums; a time that is reached but for rounding is reached."""


class SilenceGate:
    """Closes below `silence_dbfs`, opens again `silence_hysteresis_db` above it.

    Without a hysteresis, a room whose noise lies at the gate would flicker.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._closes_at = settings.silence_dbfs
        self._opens_at = settings.silence_dbfs + settings.silence_hysteresis_db
        self._closed = False

    def is_silent(self, level_dbfs: float) -> bool:
        """Whether a window of this level, dBFS, is silence."""
        self._closed = level_dbfs < (self._opens_at if self._closed else self._closes_at)
        return self._closed


class Announcement:
    """Holds an answer until another one is confirmed.

    What is likeliest must stay the same for `confirm_s` before it is announced, and what is
    announced stays for `minimum_s`. Both count from window to window in time, so that more
    frequent windows confirm no faster. Silence comes and goes at once; after it, and at the
    start, ``unknown`` is announced until something is confirmed.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._confirm_s, self._minimum_s = settings.confirm_s, settings.minimum_s
        self._announced = UNKNOWN
        self._announced_s = float("inf")  # for how long; what holds at the start need not stay
        self._candidate = UNKNOWN
        self._candidate_s = 0.0

    def update(self, candidate: str, elapsed_s: float) -> str:
        """The answer for a window.

        Parameters
        ----------
        candidate : str
            What is likeliest now: a genre, ``unknown`` or ``silence``.
        elapsed_s : float
            Since the window before, seconds.
        """
        self._announced_s += elapsed_s
        if candidate == self._candidate:
            self._candidate_s += elapsed_s
        else:
            self._candidate, self._candidate_s = candidate, 0.0
        if candidate != self._announced and SILENCE in {candidate, self._announced}:
            # Silence is a fact, not a guess; what comes after it is one.
            self._announce(SILENCE if candidate == SILENCE else UNKNOWN, float("inf"))
        if (
            candidate != self._announced
            and self._candidate_s >= self._confirm_s - _SLACK_S
            and self._announced_s >= self._minimum_s - _SLACK_S
        ):
            self._announce(candidate, 0.0)
        return self._announced

    def _announce(self, answer: str, for_s: float) -> None:
        self._announced, self._announced_s = answer, for_s
