"""Excerpts of a long sound, spread over it: what is listened to where the whole would take long."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ParameterError

_MOST_EXCERPTS, _LONGEST_S = 1000, 3600.0


@dataclass(frozen=True)
class Sampling:
    """So many excerpts of so many seconds.

    Raises
    ------
    ParameterError
        If there are none, or too many, or they are too long.

    Examples
    --------
    >>> str(Sampling(3, 10.0))
    '3x10s'
    """

    count: int
    seconds: float
    """Length of one excerpt; the model's window is the least"""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MOST_EXCERPTS:
            raise ParameterError(
                f"there are to be {self.count} excerpts of a file; take 1 to {_MOST_EXCERPTS}"
            )
        if not 0.0 < self.seconds <= _LONGEST_S:
            raise ParameterError(
                f"excerpts are to have {self.seconds:g} s; take up to {_LONGEST_S:g} s"
            )

    def __str__(self) -> str:
        return f"{self.count}x{self.seconds:g}s"

    def excerpts(self, total_s: float, window_s: float) -> tuple[tuple[float, float], ...]:
        """Where the excerpts are: each in the middle of an equal part of the sound.

        They begin where a window of the whole would, and are cut to whole windows: nothing is
        decoded in vain. Where they would be most of the sound, all of it is the one excerpt.

        Parameters
        ----------
        total_s : float
            Duration of the sound, seconds.
        window_s : float
            Of the model, seconds.

        Returns
        -------
        tuple of (start, seconds)

        Examples
        --------
        >>> Sampling(3, 10.0).excerpts(240.0, 3.0)
        ((36.0, 9.0), (114.0, 9.0), (195.0, 9.0))
        >>> Sampling(3, 10.0).excerpts(29.0, 3.0)
        ((0.0, 29.0),)
        """
        windows = max(1, int(self.seconds / window_s + 0.5))
        length = windows * window_s
        part = total_s / self.count
        if length + window_s > part:
            return ((0.0, total_s),)
        middles = ((number + 0.5) * part for number in range(self.count))
        starts = (round((middle - length / 2) / window_s) * window_s for middle in middles)
        return tuple((max(0.0, start), length) for start in starts)
