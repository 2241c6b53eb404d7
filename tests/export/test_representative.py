"""The windows that int8 ranges come from."""

from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import DataSetError
from export.quantize.representative import Representative, representative


def test_the_rarest_values_on_either_side_are_clipped_and_no_others() -> None:
    values = np.random.default_rng(0).permutation(100_000).astype(np.float32)
    windows = Representative(values.reshape(100, 100, 10), {"a": 100}, 0)
    clipped = windows.clipped()
    assert clipped.dtype == np.float32
    # One in ten thousand on each side, which take the value of the last one inside.
    assert (clipped.min(), clipped.max()) == (np.float32(9.9999), np.float32(99_989.0))
    assert np.count_nonzero(clipped != windows.features) == 20


def windows(*labels: int, silent: tuple[int, ...] = ()) -> dict[str, Any]:
    """A window for each label; those of some labels do not vary from frame to frame."""
    features = np.random.default_rng(0).normal(size=(len(labels), 5, 2)).astype(np.float32)
    for index, label in enumerate(labels):
        if label in silent:
            features[index] = features[index, :1] + 1e-5 * features[index]
    return {"features": features, "labels": np.array(labels), "genres": ("jazz", "rock", "pop")}


def test_windows_are_counted_by_genre() -> None:
    found = representative(**windows(0, 0, 1, 2, 2, 2), seed=7, source="run")
    assert found.to_dict() == {
        "windows": 6, "per_genre": {"jazz": 2, "rock": 1, "pop": 3}, "seed": 7,
    }  # fmt: skip


def test_a_genre_without_sound_is_refused() -> None:
    with pytest.raises(DataSetError, match="run: the representative windows hold no window of 'p"):
        representative(**windows(0, 1), seed=7, source="run")
    with pytest.raises(DataSetError, match="hold only silence of 'rock'"):
        representative(**windows(0, 1, 2, silent=(1,)), seed=7, source="run")
