"""Spectra for pictures: powers of a sine at full scale are 1, and long sound is averaged.

The log-mel and the MFCCs come from the device's own front end; it has no plain spectrum to show,
so that is computed here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEnd, FrontEndParams
from edge_runtime.frontend.mel import dct_matrix

MOST_COLUMNS = 1500
"""Columns of a picture: more than a screen shows; longer sound is averaged to as many."""
FLOOR_DBFS = -120.0
"""Where the decibels of silence are drawn instead of minus infinity."""
REPORT_COEFFICIENTS = 13
"""MFCCs of the student report, for models whose input is a log-mel."""

_WELCH_SAMPLES = 8192
"""2.7 Hz between bins at 22.05 kHz: enough to separate bass notes."""
_BLOCK_FRAMES = 256

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Spectrogram:
    """Power by frequency and time."""

    power: npt.NDArray[np.float64]
    """(bins, columns); 1 is a sine at full scale"""
    seconds_per_column: float
    """Columns are that far apart; the middle of the first one's first frame is at 0 s"""
    hop_seconds: float
    hz_per_bin: float


def decibels(power: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Powers in dB, no less than `FLOOR_DBFS`."""
    return 10.0 * np.log10(np.maximum(power, 10.0 ** (FLOOR_DBFS / 10.0)), dtype=np.float64)


def mean_spectrum(
    samples: Samples, rate: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Welch's average over Hann windows that overlap by half.

    Returns
    -------
    hz, power : (bins,) float64
        1 is a sine at full scale.
    """
    n_fft = min(_WELCH_SAMPLES, max(16, len(samples)))
    if len(samples) < n_fft:
        before = (n_fft - len(samples)) // 2  # the window is 0 at its edge
        samples = np.pad(samples, (before, n_fft - len(samples) - before))
    frames = np.lib.stride_tricks.sliding_window_view(samples, n_fft)[:: n_fft // 2]
    total = np.zeros(n_fft // 2 + 1)
    for power in _powers(frames, _BLOCK_FRAMES):
        total += power.sum(axis=0)
    hz = np.arange(n_fft // 2 + 1) * rate / n_fft
    return hz, total / len(frames)


def spectrogram(samples: Samples, params: FrontEndParams, top_hz: float) -> Spectrogram:
    """Powers up to `top_hz` of Hann-windowed frames that have the front end's length and hop.

    Frame i has its middle at sample ``i * hop``; zeros stand before and behind the sound. Where
    there are more than `MOST_COLUMNS` frames, each column is the mean of equally many.
    """
    frames = _centred_frames(samples, params)
    share = _frames_per_column(len(frames))
    block = share * max(1, _BLOCK_FRAMES // share)
    hz_per_bin = params.sample_rate / params.n_fft
    bins = 1 + int(top_hz / hz_per_bin)
    columns = [average(power[:, :bins], share) for power in _powers(frames, block)]
    return Spectrogram(
        power=np.concatenate(columns).T,
        seconds_per_column=share * params.hop_seconds,
        hop_seconds=params.hop_seconds,
        hz_per_bin=hz_per_bin,
    )


def log_mel(samples: Samples, params: FrontEndParams) -> npt.NDArray[np.float32]:
    """Log-mel by the device's front end: of the whole sound, neither clipped nor normalised.

    Returns
    -------
    (frames, n_mels) float32
        dB; the frames are those of `spectrogram`, before averaging.
    """
    hop, n_fft = params.hop, params.n_fft
    front_end = FrontEnd(
        dataclasses.replace(
            params,
            kind="log_mel",
            padding="none",
            top_db=None,
            log_gain=None,
            log_offset=None,
            power=2.0,
            level_db=None,
            mean=None,
            std=None,
            window_samples=n_fft + (_BLOCK_FRAMES - 1) * hop,
        )
    )
    n_frames = _n_frames(len(samples), hop)
    padded = np.zeros(n_fft + (n_frames - 1 + _BLOCK_FRAMES) * hop, np.float32)
    padded[n_fft // 2 : n_fft // 2 + len(samples)] = samples
    length = front_end.params.window_samples
    rows = [
        front_end(padded[first * hop : first * hop + length])
        for first in range(0, n_frames, _BLOCK_FRAMES)
    ]
    return np.concatenate(rows)[:n_frames]


def mfcc(log_mel_db: npt.NDArray[np.float32], params: FrontEndParams) -> npt.NDArray[np.float64]:
    """MFCCs of a log-mel as the front end makes them, before normalisation.

    Parameters
    ----------
    log_mel_db : (frames, n_mels) float32
        From `log_mel`.

    Returns
    -------
    (frames, coefficients) float64
        dB.
    """
    n = params.n_mfcc if params.kind == "mfcc" else min(REPORT_COEFFICIENTS, params.n_mels)
    if params.top_db is not None:
        log_mel_db = np.maximum(log_mel_db, log_mel_db.max() - params.top_db)
    return log_mel_db.astype(np.float64) @ dct_matrix(params.n_mels, n)


def columns(rows: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.floating], int]:
    """Rows by time, averaged to at most `MOST_COLUMNS`, and how many make one."""
    share = _frames_per_column(len(rows))
    return average(rows, share), share


def average(rows: npt.NDArray[np.floating], share: int) -> npt.NDArray[np.floating]:
    """Means of every `share` rows; of those that are left, at the end."""
    if share == 1:
        return rows
    starts = np.arange(0, len(rows), share)
    counts = np.diff(np.append(starts, len(rows)))
    return np.add.reduceat(rows, starts, axis=0) / counts[:, np.newaxis]


def _frames_per_column(n_frames: int) -> int:
    return -(-n_frames // MOST_COLUMNS)


def _n_frames(n_samples: int, hop: int) -> int:
    """One frame more than librosa's, so that the last one reaches the end of the sound."""
    return 1 + -(-n_samples // hop)


def _centred_frames(samples: Samples, params: FrontEndParams) -> Samples:
    n_frames, n_fft = _n_frames(len(samples), params.hop), params.n_fft
    padded = np.zeros(n_fft + (n_frames - 1) * params.hop, np.float32)
    padded[n_fft // 2 : n_fft // 2 + len(samples)] = samples
    return np.lib.stride_tricks.sliding_window_view(padded, n_fft)[:: params.hop]


def _powers(frames: Samples, block: int) -> Iterator[npt.NDArray[np.float64]]:
    """Power of frames, `block` frames at a time, (frames, bins)."""
    n_fft = frames.shape[1]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft)
    scale = np.full(n_fft // 2 + 1, 2.0 / window.sum())
    scale[0] /= 2.0  # 0 Hz is the only one that has no negative twin to share its power with ...
    if n_fft % 2 == 0:
        scale[-1] /= 2.0  # ... but for half the sample rate
    for first in range(0, len(frames), block):
        spectrum = np.fft.rfft(frames[first : first + block] * window)
        yield (scale * np.abs(spectrum)) ** 2
