import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from train.scores import REJECTED, score, score_windows, scores_text

LABELS = ("blues", "jazz", "rock")


def test_scores_are_scikit_learns() -> None:
    generator = np.random.default_rng(0)
    true, answered = generator.integers(0, 3, (2, 200))
    scores = score(LABELS, true, answered, true, answered)
    assert scores.accuracy == pytest.approx(accuracy_score(true, answered))
    assert scores.macro_recall == pytest.approx(balanced_accuracy_score(true, answered))
    np.testing.assert_array_equal(scores.confusion, confusion_matrix(true, answered))
    assert scores.segment_accuracy == pytest.approx(accuracy_score(true, answered))


def test_a_genre_without_tracks_has_no_recall_and_does_not_weigh() -> None:
    true, answered = np.array([0, 0, 2]), np.array([0, 2, 2])
    scores = score(LABELS, true, answered, true, answered)
    assert scores.recall == {"blues": 0.5, "rock": 1.0}
    assert scores.macro_recall == 0.75


def test_an_answer_that_is_no_genre_counts_as_wrong() -> None:
    true, answered = np.array([0, 1]), np.array([0, REJECTED])
    scores = score(LABELS, true, answered, true, answered)
    assert scores.accuracy == 0.5
    assert scores.confusion.sum() == 1


def test_a_track_is_answered_by_the_mean_of_its_windows() -> None:
    posteriors = np.array([[0.6, 0.4, 0.0], [0.1, 0.9, 0.0], [0.0, 0.4, 0.6]], np.float32)
    scores = score_windows(LABELS, posteriors, np.array([1, 1, 2]), np.array([5, 5, 9]))
    assert scores.n_tracks == 2
    assert scores.accuracy == 1.0
    assert scores.segment_accuracy == pytest.approx(2 / 3)


def test_the_dict_has_the_documented_keys() -> None:
    true = np.array([0, 2])
    values = score(LABELS, true, true, true, true).to_dict()
    assert values["n_tracks"] == 2
    assert values["track"] == {"accuracy": 1.0, "macro_recall": 1.0}
    assert values["segment"] == {"accuracy": 1.0}
    assert values["per_genre"]["rock"] == {"recall": 1.0, "n_tracks": 1}
    assert values["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert values["labels"] == ["blues", "jazz", "rock"]


def test_the_text_lists_what_each_genre_was_taken_for() -> None:
    true, answered = np.array([0, 0, 0, 2]), np.array([0, 2, 2, 2])
    text = scores_text(score(LABELS, true, answered, true, answered))
    assert "rock 2, blues 1" in text
    assert "jazz" not in text
