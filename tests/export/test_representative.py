"""The windows that int8 ranges come from."""

import numpy as np

from export.quantize.representative import Representative


def test_the_rarest_values_on_either_side_are_clipped_and_no_others() -> None:
    values = np.random.default_rng(0).permutation(100_000).astype(np.float32)
    windows = Representative(values.reshape(100, 100, 10), {"a": 100}, 0)
    clipped = windows.clipped()
    assert clipped.dtype == np.float32
    # One in ten thousand on each side, which take the value of the last one inside.
    assert (clipped.min(), clipped.max()) == (np.float32(9.9999), np.float32(99_989.0))
    assert np.count_nonzero(clipped != windows.features) == 20
