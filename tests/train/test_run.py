"""What a run folder holds for a quantization."""

import numpy as np

from train.run.folder import CALIBRATION_PER_GENRE, calibration_indices


def test_every_genre_gives_windows_for_the_ranges_as_many_as_there_are_up_to_fifty() -> None:
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [200, 7, 80]))
    chosen = calibration_indices(labels, 3)
    assert np.bincount(labels[chosen]).tolist() == [50, 7, 50]
    assert CALIBRATION_PER_GENRE == 50
    assert len(set(chosen.tolist())) == len(chosen)
    # From all of them, not the first; the same again for the same seed alone.
    assert max(chosen[labels[chosen] == 0]) > np.flatnonzero(labels == 0)[60]
    np.testing.assert_array_equal(chosen, calibration_indices(labels, 3))
    assert not np.array_equal(chosen, calibration_indices(labels, 4))
