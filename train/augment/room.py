"""Simulated rooms: from a loudspeaker to a microphone some metres away."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import MissingExtraError, ParameterError

Samples = npt.NDArray[np.float32]

LEAST_RT60_S, MOST_RT60_S = 0.15, 1.5

_SMALLEST_M, _LARGEST_M = (3.0, 2.5, 2.4), (7.0, 6.0, 3.2)
"""Length, width and height that are drawn between: a bedroom to a large living room."""
_FROM_WALL_M = 0.4
_LEAST_DISTANCE_M = 1.0
"""Of the microphone from the loudspeaker"""
_CLOSE_ENOUGH = 0.03
"""Largest relative error of the reverberation time that needs no further try."""
_TRIES = 6
_IMAGE_ORDER = 3
"""Reflections of up to this order have their exact time; later ones are traced as rays."""
_CACHED = 128
"""Responses in memory, about 5 MB at 22.05 kHz."""
_FROM_DB, _TO_DB = -5.0, -25.0
"""Part of the decay that the reverberation time is measured on: T20 of ISO 3382-1."""


def room_response(rt60_s: float, rate: int, generator: np.random.Generator) -> Samples:
    """Impulse response of a room that is drawn: its size, and where the two stand in it.

    A box whose walls absorb alike at all frequencies, so much that the reverberation time is the
    wanted one; the air absorbs the higher ones. Early reflections are those of image sources
    (J. Allen and D. Berkley, "Image method for efficiently simulating small-room acoustics",
    J. Acoust. Soc. Am. 65, 1979), the rest ray tracing: the hybrid simulator of pyroomacoustics
    (R. Scheibler et al., ICASSP 2018). Loudspeaker and microphone have no direction, and
    nothing stands in the way.

    Parameters
    ----------
    rt60_s : float
        Time in which sound that was switched off falls by 60 dB, from 0.15 to 1.5 s; the response
        has it to about 5 %, measured by `reverberation_time`.
    rate : int
        Hertz.
    generator : numpy.random.Generator

    Returns
    -------
    (n,) float32
        From 2 ms before the direct sound on; the squares sum to 1 (direct sound and reflections
        together), so that white noise keeps its level.

    Raises
    ------
    ParameterError
        If the reverberation time is out of range.
    MissingExtraError
        If pyroomacoustics is not installed.
    """
    if not LEAST_RT60_S <= rt60_s <= MOST_RT60_S:
        raise ParameterError(
            f"rt60_s is {rt60_s}; it must be from {LEAST_RT60_S} to {MOST_RT60_S} seconds"
        )
    size = generator.uniform(_SMALLEST_M, _LARGEST_M)
    places = _places(size, generator)
    seed = int(generator.integers(2**31))
    aim_s = rt60_s
    closest, least_error = np.ones(1, np.float32), np.inf
    # Sabine's formula takes the sound for diffuse; in a box it is not, and the time comes out
    # too short.
    for _ in range(_TRIES):
        response = _simulate(size, places, aim_s, rate, seed)
        found_s = reverberation_time(response, rate)
        error = abs(found_s / rt60_s - 1.0)
        if error < least_error:
            closest, least_error = response, error
        if error < _CLOSE_ENOUGH:
            break
        aim_s *= rt60_s / found_s
    closest = closest[: round(1.2 * rt60_s * rate)]  # what comes later is below -60 dB
    energy = float(np.sum(np.square(closest, dtype=np.float64)))
    return np.asarray(closest / np.sqrt(energy), np.float32)


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


@functools.lru_cache(maxsize=_CACHED)
def cached_response(rt60_s: float, rate: int, number: int) -> Samples:
    """Response of a numbered room, simulated once: the same in every process.

    Parameters
    ----------
    rt60_s : float
        As in `room_response`.
    rate : int
        Hertz.
    number : int
        Which of the rooms with this reverberation time.

    Returns
    -------
    (n,) float32
        Read-only.
    """
    generator = np.random.default_rng([number, round(1000 * rt60_s)])
    response = room_response(rt60_s, rate, generator)
    response.flags.writeable = False
    return response


def in_room(samples: Samples, response: Samples) -> Samples:
    """Sound in a room.

    Parameters
    ----------
    samples, response : (n,), (m,) float32
        At the same rate.

    Returns
    -------
    (n,) float32
        With the root-mean-square level of `samples`; what rings on behind their end is cut off.
    """
    from scipy.signal import oaconvolve

    if not len(samples):
        return samples
    reverberated = oaconvolve(samples, response)[: len(samples)]
    before, after = _power(samples), _power(reverberated)
    return np.asarray(reverberated * (np.sqrt(before / after) if after else 1.0), np.float32)


def _power(samples: npt.NDArray[np.floating]) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def _places(
    size: npt.NDArray[np.float64], generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(2, 3): the loudspeaker and the microphone, metres from a corner."""
    while True:
        places = generator.uniform(_FROM_WALL_M, size - _FROM_WALL_M, (2, 3))
        if np.linalg.norm(places[0] - places[1]) >= _LEAST_DISTANCE_M:
            return places


def _simulate(
    size: npt.NDArray[np.float64],
    places: npt.NDArray[np.float64],
    sabine_s: float,
    rate: int,
    seed: int,
) -> Samples:
    try:
        import pyroomacoustics as pra
    except ImportError:
        raise MissingExtraError("simulating a room (pyroomacoustics)", "train") from None
    length, width, height = size
    surface = 2 * (length * width + length * height + width * height)
    absorption = 0.161 * length * width * height / (surface * sabine_s)  # Sabine, 1900
    room = pra.ShoeBox(
        size,
        fs=rate,
        materials=pra.Material(float(np.clip(absorption, 0.01, 0.99))),
        max_order=_IMAGE_ORDER,
        ray_tracing=True,
        air_absorption=True,
    )
    room.add_source(places[0])
    room.add_microphone(places[1])
    pra.random.seed(seed)  # the library's own generator
    room.compute_rir()
    delay = np.linalg.norm(places[0] - places[1]) / pra.constants.get("c")
    return np.asarray(room.rir[0][0][round(delay * rate) :], np.float32)
