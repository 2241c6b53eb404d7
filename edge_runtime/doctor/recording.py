"""Level and faults of half a second from a microphone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import Finding, ok, warning

_CLIPPED_SHARE = 1e-3
_OFFSET = 0.02
"""Of full scale; a good sound card has a hundredth of it"""


@dataclass(frozen=True)
class Recording:
    """Figures of some sound."""

    seconds: float
    level_dbfs: float
    """Root mean square without the offset, dB relative to full scale"""
    clipped: float
    """Share of samples at full scale"""
    offset: float
    """Mean of the channel that is farthest from zero, of full scale"""
    silent: bool
    """Whether every sample is exactly zero"""


def measured(samples: npt.NDArray[np.int16], rate: int) -> Recording:
    """Figures of (n, channels) samples."""
    scaled = samples.astype(np.float32) / 32768.0
    offsets = scaled.mean(axis=0)
    power = float(np.mean((scaled - offsets) ** 2))
    return Recording(
        seconds=len(samples) / rate,
        level_dbfs=10.0 * float(np.log10(max(power, 1e-20))),
        clipped=float(np.mean((samples >= 32767) | (samples <= -32768))),
        offset=float(offsets[np.argmax(np.abs(offsets))]),
        silent=not samples.any(),
    )


def judged(recording: Recording, silence_dbfs: float) -> Finding:
    """The finding that a recording gives."""
    if recording.silent:
        return warning(
            "sound",
            f"{recording.seconds:.1f} s of digital silence: every sample is exactly zero",
            "is it muted? See: alsamixer (F4), or the sound settings of the desktop",
        )
    found = f"{recording.level_dbfs:.0f} dBFS"
    if recording.clipped >= _CLIPPED_SHARE:
        return warning(
            "sound",
            f"{found}, {recording.clipped:.1%} of the samples clipped",
            "lower the capture gain: alsamixer (F4)",
        )
    if abs(recording.offset) >= _OFFSET:
        return warning(
            "sound",
            f"{found}, off zero by {recording.offset:+.1%} of full scale",
            "a cheap or damaged sound card: try another one, or another socket",
        )
    if recording.level_dbfs < silence_dbfs:
        return warning(
            "sound",
            f"{found}, which counts as silence (below {silence_dbfs:g}) unless it stands out of "
            "the noise of the room",
            "play something and try again; if that does not help, raise the capture gain "
            "(alsamixer, F4)",
        )
    return ok("sound", found)
