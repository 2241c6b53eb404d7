"""From the posteriors of overlapping windows to one steady label.

A gate for silence, the filter of a hidden Markov model, a threshold, and a time to confirm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ParameterError
from .silence import SilenceGate, WindowLevel

SILENCE = "silence"
"""The label where the level is below the gate"""
UNKNOWN = "unknown"
"""The label where nothing is convincing, nothing is confirmed yet, or the user ignores the genre"""
OTHER = "other"
"""What a model calls music of no genre that it knows, where it has a label for that"""
NOT_MUSIC = "not music"
"""What a model calls speech, noise and other sound, where it has a label for that"""

_POSTERIOR_FLOOR = 1e-3
"""One overconfident window must not rule a genre out for good."""
_SLACK_S = 1e-6
"""Times of windows are sums; a time that is reached but for rounding is reached."""


@dataclass(frozen=True, kw_only=True)
class DecoderSettings:
    """How posteriors of overlapping windows become a label. Times are in seconds."""

    interval_s: float = 0.743
    """Time between windows of a stream, rounded to whole frames when used"""
    dwell_s: float = 120.0
    """Mean time that a genre is expected to last before another one plays"""
    silence_dbfs: float = -60.0
    """A window with a level below this may be silence, dBFS; a louder one never is"""
    silence_margin_db: float | None = 2.0
    """It is where its hiss is less than this above the noise floor that the stream has learned, dB,
    or where it is below -90 dBFS; with null it always is: a fixed gate"""
    silence_hysteresis_db: float = 3.0
    """Silence ends so much above the level at which it begins, dB"""
    rejection_threshold: float = 0.0
    """Below this smoothed posterior the label is ``unknown``; with 0 it never is"""
    confirm_s: float = 0.0
    """For so long a new label must be the likeliest before it holds, seconds"""
    minimum_s: float = 0.0
    """For so long a label stays, unless silence falls, seconds"""

    def __post_init__(self) -> None:
        for name in ("interval_s", "dwell_s"):
            if not 0.01 <= getattr(self, name) <= 86400.0:
                raise ParameterError(
                    f"{name} is {getattr(self, name)} s; it must be from 0.01 to 86400 s"
                )
        for name in ("confirm_s", "minimum_s"):
            if not 0.0 <= getattr(self, name) <= 86400.0:
                raise ParameterError(
                    f"{name} is {getattr(self, name)} s; it must be from 0 to 86400 s"
                )
        if not 0.0 <= self.silence_hysteresis_db <= 60.0:
            raise ParameterError(
                f"silence_hysteresis_db is {self.silence_hysteresis_db} dB; it must be from 0 to 60"
            )
        if self.silence_margin_db is not None and not 0.0 <= self.silence_margin_db <= 60.0:
            raise ParameterError(
                f"silence_margin_db is {self.silence_margin_db} dB; it must be from 0 to 60, or "
                "none for a fixed gate"
            )
        if not -200.0 <= self.silence_dbfs <= 0.0:
            raise ParameterError(
                f"silence_dbfs is {self.silence_dbfs} dBFS; it must be from -200 to 0"
            )
        if not 0.0 <= self.rejection_threshold < 1.0:
            raise ParameterError(
                f"rejection_threshold is {self.rejection_threshold}; it must be from 0 to below 1"
            )


def silence_gate(settings: DecoderSettings, *, hysteresis: bool = True) -> SilenceGate:
    """The gate of these settings.

    Parameters
    ----------
    settings : DecoderSettings
    hysteresis : bool
        Not for windows that are labelled one by one, as those of a file.
    """
    return SilenceGate(
        settings.silence_dbfs,
        settings.silence_hysteresis_db if hysteresis else 0.0,
        settings.silence_margin_db,
    )


class HmmFilter:
    """Forward filter of a hidden Markov model whose states, the labels, last long.

    A genre stays with probability ``exp(-elapsed / dwell)`` and otherwise changes to any other
    (Rabiner, "A tutorial on hidden Markov models", 1989, eq. 20). Windows that overlap are not
    independent evidence: each counts with the share of its sound that is new, as a power of its
    posterior. More overlap therefore brings a smoother posterior, not a hastier one.

    Parameters
    ----------
    labels : tuple of str
    settings : DecoderSettings
    window_s : float
        Length of one window, seconds.
    """

    def __init__(self, labels: tuple[str, ...], settings: DecoderSettings, window_s: float) -> None:
        self._labels, self._settings, self._window_s = labels, settings, window_s
        self.reset()

    def reset(self) -> None:
        """Forget every window."""
        self._belief = np.full(len(self._labels), 1.0 / len(self._labels))

    def update(
        self, posterior: npt.NDArray[np.float32] | None, elapsed_s: float
    ) -> npt.NDArray[np.float64]:
        """Take one window in.

        Parameters
        ----------
        posterior : (classes,) float32 or None
            The network's; None where the window was silent, which is evidence of no genre.
        elapsed_s : float
            Seconds since the window before; the length of the window, for the first.

        Returns
        -------
        (classes,) float64
            The smoothed posterior; sums to 1.
        """
        belief = self.passed(self._belief, elapsed_s)
        if posterior is not None:
            belief = belief * self.likelihood(posterior, elapsed_s)
        self._belief = belief / belief.sum()
        return self._belief.copy()

    def passed(self, belief: npt.NDArray[np.float64], elapsed_s: float) -> npt.NDArray[np.float64]:
        """What a belief has become after some time without evidence.

        The same holds back in time: a change is as likely from one label to another as the other
        way round.

        Parameters
        ----------
        belief : (classes,) float64
            Sums to 1.
        elapsed_s : float
        """
        stay = math.exp(-elapsed_s / self._settings.dwell_s)
        others = (1.0 - belief) / max(1, len(self._labels) - 1)
        return np.asarray(stay * belief + (1.0 - stay) * others)

    def likelihood(
        self, posterior: npt.NDArray[np.float32], elapsed_s: float
    ) -> npt.NDArray[np.float64]:
        """What a window says for each label: its posterior, to the power of the sound that is new.

        Parameters
        ----------
        posterior : (classes,) float32
            The network's.
        elapsed_s : float
            Seconds since the window before.
        """
        share = min(1.0, elapsed_s / self._window_s)
        return np.asarray(np.maximum(posterior.astype(np.float64), _POSTERIOR_FLOOR) ** share)


def genre_or_unknown(
    posterior: npt.NDArray[np.floating[Any]],
    labels: tuple[str, ...],
    ignored: tuple[str, ...] = (),
    *,
    threshold: float = 0.0,
) -> str:
    """The likeliest label, ``other`` and ``not music`` included; ``unknown`` if not convincing.

    Parameters
    ----------
    posterior : (labels,) float
    labels : tuple of str
    ignored : tuple of str
        Those of the labels that the user does not want: ``unknown`` where they are the likeliest.
    threshold : float
        What has less is not convincing.
    """
    best = int(posterior.argmax())
    if labels[best] in ignored or posterior[best] < threshold:
        return UNKNOWN
    return labels[best]


def combined_posterior(
    posteriors: npt.ArrayLike, correlation: float | None
) -> npt.NDArray[np.floating[Any]]:
    """The posterior of a track, of those of its windows.

    Windows of one track are not independent evidence: n of them count as
    ``n / (1 + (n - 1) * correlation)`` that are (the design effect of L. Kish, "Survey sampling",
    1965), each with an equal share, as a power of its posterior.

    Parameters
    ----------
    posteriors : (windows, labels)
        Of the windows that are not silent.
    correlation : float or None
        From 0, where each window says something new, to 1, where they are one and the same; None:
        the mean of the posteriors, as models have it for which none was fitted.

    Returns
    -------
    (labels,) float
        Sums to 1; zeros where there are no windows.
    """
    values = np.asarray(posteriors)
    if not len(values):
        return np.zeros(values.shape[-1])
    if correlation is None:
        mean: npt.NDArray[np.floating[Any]] = np.mean(values, axis=0)
        return mean
    logs = np.log(np.maximum(values.astype(np.float64), _POSTERIOR_FLOOR)).sum(axis=0)
    logs /= 1.0 + (len(values) - 1) * correlation
    product = np.exp(logs - logs.max())
    return np.asarray(product / product.sum())


class LabelConfirmation:
    """Keeps a label until another one is confirmed.

    A label must be the likeliest for `confirm_s` before it holds, and then stays for `minimum_s`.
    Both count from window to window in time, so that more frequent windows confirm no faster.
    Silence comes and goes at once; after it, and at the start, the label is ``unknown`` until
    another one is confirmed.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._confirm_s, self._minimum_s = settings.confirm_s, settings.minimum_s
        self._label = UNKNOWN
        self._label_s = float("inf")  # for how long it holds; the one of the start need not stay
        self._window_label = UNKNOWN
        self._window_label_s = 0.0  # for how long it is the likeliest

    def update(self, window_label: str, elapsed_s: float) -> str:
        """The label that holds, after one more window.

        Parameters
        ----------
        window_label : str
            The likeliest at this window: a label of the model's, ``unknown`` or ``silence``.
        elapsed_s : float
            Since the window before, seconds.
        """
        self._label_s += elapsed_s
        if window_label == self._window_label:
            self._window_label_s += elapsed_s
        else:
            self._window_label, self._window_label_s = window_label, 0.0
        if window_label != self._label and SILENCE in {window_label, self._label}:
            # Silence is measured, and needs no confirmation; what comes after it does.
            self._hold(SILENCE if window_label == SILENCE else UNKNOWN, float("inf"))
        if (
            window_label != self._label
            and self._window_label_s >= self._confirm_s - _SLACK_S
            and self._label_s >= self._minimum_s - _SLACK_S
        ):
            self._hold(window_label, 0.0)
        return self._label

    def _hold(self, label: str, for_s: float) -> None:
        self._label, self._label_s = label, for_s


@dataclass(frozen=True)
class DecodedWindow:
    """The label that holds after a window, and how sure it is."""

    label: str
    """One of the model's labels, ``silence`` or ``unknown``"""
    confidence: float
    """Smoothed posterior of the label; of the likeliest one in ``unknown``; 0 in silence"""
    posterior: npt.NDArray[np.float64]
    """(classes,), smoothed over the stream; sums to 1"""


class Decoder:
    """The whole way from a window's posterior and level to one steady label.

    Parameters
    ----------
    labels : tuple of str
    settings : DecoderSettings
    window_s : float
        Length of one window, seconds.
    ignored : tuple of str
        Those of the labels that the user does not want: ``unknown`` where they are the likeliest.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        settings: DecoderSettings,
        window_s: float,
        ignored: tuple[str, ...] = (),
    ) -> None:
        self._labels, self._ignored = labels, ignored
        self._threshold = settings.rejection_threshold
        self._gate = silence_gate(settings)
        self._filter = HmmFilter(labels, settings, window_s)
        self._confirmation = LabelConfirmation(settings)

    def update(
        self, posterior: npt.NDArray[np.float32], level: float | WindowLevel, elapsed_s: float
    ) -> DecodedWindow:
        """Take one window in.

        Parameters
        ----------
        posterior : (classes,) float32
            The network's.
        level : float or WindowLevel
            Of the window, dBFS; alone, it has a fixed gate.
        elapsed_s : float
            Seconds since the window before; the length of the window, for the first.
        """
        silent = self._gate.is_silent(level, elapsed_s)
        smoothed = self._filter.update(None if silent else posterior, elapsed_s)
        window_label = SILENCE
        if not silent:
            window_label = genre_or_unknown(
                smoothed, self._labels, self._ignored, threshold=self._threshold
            )
        label = self._confirmation.update(window_label, elapsed_s)
        return DecodedWindow(label, self._confidence(label, smoothed), smoothed)

    def _confidence(self, label: str, smoothed: npt.NDArray[np.float64]) -> float:
        if label == SILENCE:
            return 0.0
        if label in self._labels:
            return float(smoothed[self._labels.index(label)])
        return float(smoothed.max())
