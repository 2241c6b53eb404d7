"""How long a room rings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FROM_DB, _TO_DB = -5.0, -25.0
"""Part of the decay that is measured: T20 of ISO 3382-1."""


def reverberation_time(response: npt.NDArray[np.floating], rate: int) -> float:
    """Time in which the sound falls by 60 dB, seconds.

    From the slope of the energy that is still to come (M. Schroeder, "New method of measuring
    reverberation time", J. Acoust. Soc. Am. 37, 1965), between 5 and 25 dB below its start.

    Parameters
    ----------
    response : (n,) float
        Impulse response; not only zeros.
    rate : int
        Hertz.
    """
    to_come = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    decay_db = 10.0 * np.log10(np.maximum(to_come / to_come[0], 1e-12))
    measured = np.flatnonzero((decay_db <= _FROM_DB) & (decay_db >= _TO_DB))
    slope_db = np.polyfit(measured / rate, decay_db[measured], 1)[0]
    return float(-60.0 / slope_db)
