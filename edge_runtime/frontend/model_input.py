"""What a network is given of one window: the rows of its front end, or of two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError
from .front_end import FrontEnd
from .params import FrontEndParams

Rows = npt.NDArray[np.float32]


def input_shape(first: FrontEndParams, second: FrontEndParams | None = None) -> tuple[int, int]:
    """Rows and coefficients of the input.

    Raises
    ------
    ParameterError
        If the second front end does not fit the first.
    """
    rows, width = first.n_frames, first.n_coefficients
    if second is None:
        return rows, width
    values = second.n_frames * second.n_coefficients
    if (
        second.sample_rate != first.sample_rate
        or second.window_samples > first.window_samples
        or second.dc_block_hz not in (None, first.dc_block_hz)
        or values % width
    ):
        raise ParameterError(
            "second_front_end does not fit front_end: it must be of the same sample_rate and "
            "dc_block_hz, its window no longer, and its values must fill rows"
        )
    return rows + values // width, width


class ModelInput:
    """The input of one window, by one front end or by two.

    The second one is given the samples in the middle of the window. Its coefficients, frame after
    frame, fill further rows as wide as those of the first.

    Parameters
    ----------
    first : FrontEnd
    second : FrontEnd, optional

    Raises
    ------
    ParameterError
        If the second front end does not fit the first.
    """

    def __init__(self, first: FrontEnd, second: FrontEnd | None = None) -> None:
        self.shape = input_shape(first.params, None if second is None else second.params)
        self._first, self._second = first, second

    def __call__(self, window: npt.NDArray[np.float32]) -> Rows:
        """The input of a window.

        Parameters
        ----------
        window : (window_samples,) float32

        Returns
        -------
        (rows, coefficients) float32
            A new array.
        """
        return self.complete(self._first(window), window)

    def complete(self, features: Rows, window: npt.NDArray[np.float32]) -> Rows:
        """The input of a window of which the first front end's features are known.

        Parameters
        ----------
        features : (frames, coefficients) float32
        window : (window_samples,) float32

        Returns
        -------
        (rows, coefficients) float32
            `features` themselves where there is one front end.
        """
        if self._second is None:
            return features
        length = self._second.params.window_samples
        begin = (len(window) - length) // 2
        rows = self._second(window[begin : begin + length]).reshape(-1, self.shape[1])
        return np.concatenate([features, rows])
