"""What a run folder holds for a quantization."""

import numpy as np
import pytest

from train.run import provenance
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


def test_a_command_line_is_reported_without_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["edge-genre", "train", "/home/me/music", "--out=/tmp/run 1", "--seed", "3", "a=b/c"]
    monkeypatch.setattr(provenance.sys, "argv", words)
    assert provenance.command() == "edge-genre train music '--out=run 1' --seed 3 c"


@pytest.mark.parametrize(("changed", "expected"), [("", "abc"), (" M train/x.py", "abc+dirty")])
def test_a_commit_says_whether_the_code_was_changed_since(
    monkeypatch: pytest.MonkeyPatch, changed: str, expected: str
) -> None:
    monkeypatch.setattr(
        provenance, "_git", lambda _, *words: "abc" if words[0] == "rev-parse" else changed
    )
    assert provenance.commit() == expected
