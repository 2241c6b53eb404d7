import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    precision_recall_fscore_support,
    top_k_accuracy_score,
)

from edge_runtime.decoder import combined_posterior
from edge_runtime.errors import DataSetError
from train.evaluation.calibration_error import (
    calibration_error_by_chance,
    expected_calibration_error,
)
from train.evaluation.scores import score_predictions, scores_text
from train.run.predictions import REJECTED, Predictions, load_predictions

from .predictions import LABELS, labelling, random_predictions


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_scikit_learns(seed: int) -> None:
    predictions = random_predictions(seed)
    scores = score_predictions(predictions)
    true, labelled = predictions.track_labels, predictions.track_posteriors.argmax(axis=1)
    assert 0.4 < scores.accuracy < 1.0  # neither perfect nor blind, or nothing would be tested
    assert scores.accuracy == pytest.approx(accuracy_score(true, labelled))
    assert scores.macro_recall == pytest.approx(balanced_accuracy_score(true, labelled))
    np.testing.assert_array_equal(scores.confusion, confusion_matrix(true, labelled))
    assert scores.top2_accuracy == pytest.approx(
        top_k_accuracy_score(true, predictions.track_posteriors, k=2)
    )
    assert scores.window_accuracy == pytest.approx(
        accuracy_score(predictions.window_labels, predictions.posteriors.argmax(axis=1))
    )
    expected = precision_recall_fscore_support(true, labelled)
    for index, label in enumerate(LABELS):
        own = scores.per_genre[label]
        assert (own.precision, own.recall, own.f1, own.n_tracks) == pytest.approx(
            tuple(column[index] for column in expected)
        )


def test_a_genre_without_tracks_has_no_recall_and_does_not_weigh() -> None:
    scores = score_predictions(labelling([0, 0, 2], [0, 2, 2]))
    assert {label: own.recall for label, own in scores.per_genre.items()} == {
        "blues": 0.5,
        "rock": 1.0,
    }
    assert scores.macro_recall == 0.75


def test_a_genre_that_is_never_a_label_has_precision_zero() -> None:
    scores = score_predictions(labelling([0, 1], [0, 0]))
    assert scores.per_genre["jazz"].precision == 0.0
    assert scores.per_genre["jazz"].f1 == 0.0


def test_silence_counts_as_a_wrong_label_and_claims_nothing() -> None:
    scores = score_predictions(labelling([0, 1], [0, REJECTED]))
    assert scores.accuracy == 0.5
    assert scores.window_accuracy == 0.5
    assert scores.top2_accuracy == 0.5
    assert scores.n_rejected == 1
    assert scores.confusion.sum() == 1
    assert scores.ece == 0.0  # of the one claim, which was certain and right
    assert "no genre 1" in scores_text(scores)


def test_a_posterior_below_the_rejection_threshold_counts_as_wrong() -> None:
    predictions = Predictions(
        LABELS,
        ("a", "b"),
        np.array([0, 0]),
        np.array([0, 1]),
        np.array([[0.4, 0.3, 0.3], [0.9, 0.1, 0.0]], np.float32),
    )
    assert score_predictions(predictions).accuracy == 1.0
    strict = score_predictions(replace(predictions, rejection_threshold=0.5))
    assert strict.accuracy == 0.5
    assert strict.n_rejected == 1
    assert strict.window_accuracy == 1.0  # as the device: a window always has its likeliest genre


def test_a_rejected_label_is_no_genre_and_no_column() -> None:
    predictions = replace(
        labelling([0, 0, 2, 2], [0, 1, 1, 2], labels=("blues", "not music", "rock")),
        rejected=("not music",),
    )
    assert predictions.predicted_tracks.tolist() == [0, REJECTED, REJECTED, 2]
    assert predictions.predicted_windows.tolist() == [0, REJECTED, REJECTED, 2]
    scores = score_predictions(predictions)
    assert (scores.accuracy, scores.window_accuracy, scores.macro_recall) == (0.5, 0.5, 0.5)
    assert scores.n_rejected == 2
    assert scores.labels == ("blues", "rock")
    assert scores.confusion.tolist() == [[1, 0], [0, 1]]
    assert scores.per_genre["rock"].n_tracks == 2
    assert scores.ece == 0.5  # two certain claims of four are wrong
    assert "rock 1, no genre 1" in scores_text(scores)


def test_rejected_labels_are_saved_with_predictions(tmp_path: Path) -> None:
    predictions = replace(labelling([0, 2], [0, 1]), rejected=("jazz",))
    predictions.save(tmp_path / "p.npz")
    again = load_predictions(tmp_path / "p.npz")
    assert again.rejected == ("jazz",)
    assert again.predicted_tracks.tolist() == [0, REJECTED]


def test_a_track_is_labelled_by_the_mean_of_its_windows_that_are_not_silent() -> None:
    posteriors = np.array(
        [[0.6, 0.4, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 0.0], [0.0, 0.4, 0.6]], np.float32
    )
    predictions = Predictions(
        LABELS, ("5", "9"), np.array([1, 2]), np.array([0, 0, 0, 1]), posteriors
    )
    np.testing.assert_allclose(
        predictions.track_posteriors, [[0.35, 0.65, 0.0], [0.0, 0.4, 0.6]], rtol=1e-6
    )
    scores = score_predictions(predictions)
    assert scores.n_tracks == 2
    assert scores.accuracy == 1.0
    assert scores.window_accuracy == 0.5


def test_equal_posteriors_do_not_all_stand_among_the_first_two() -> None:
    even = np.full((3, 3), 1 / 3, np.float32)
    predictions = Predictions(LABELS, ("a", "b", "c"), np.arange(3), np.arange(3), even)
    assert score_predictions(predictions).top2_accuracy == pytest.approx(2 / 3)


def test_the_calibration_error_is_the_one_worked_out_by_hand() -> None:
    # Two windows at 0.95, one right: |0.5 - 0.95|. Two at 0.60, both right: |1 - 0.6|.
    posteriors = np.array([[0.95, 0.05], [0.95, 0.05], [0.6, 0.4], [0.6, 0.4]])
    assert expected_calibration_error(posteriors, np.array([0, 1, 0, 0])) == pytest.approx(
        0.5 * 0.45 + 0.5 * 0.4
    )


def test_a_calibrated_model_is_within_what_chance_makes_and_a_boastful_one_above() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1.0, 200)
    posteriors = np.stack([confidence, 1.0 - confidence], axis=1)
    found = calibration_error_by_chance(posteriors)
    assert found is not None
    calibrated = expected_calibration_error(posteriors, np.int64(rng.random(200) >= confidence))
    boastful = expected_calibration_error(
        posteriors, np.int64(rng.random(200) >= confidence - 0.25)
    )
    assert calibrated is not None and boastful is not None
    assert found[0] <= calibrated <= found[1] < boastful


def test_chance_makes_less_of_the_calibration_error_with_more_tracks() -> None:
    few = calibration_error_by_chance(np.tile([0.7, 0.3], (50, 1)))
    many = calibration_error_by_chance(np.tile([0.7, 0.3], (5000, 1)))
    assert few is not None and many is not None
    assert many[1] < few[1] / 5
    assert calibration_error_by_chance(np.zeros((3, 2))) is None


def test_errors_of_one_bin_cancel_and_those_of_two_do_not() -> None:
    one_bin = np.array([[0.61, 0.39], [0.65, 0.35]])  # bin 10 of 15: 0.600 to 0.667
    assert expected_calibration_error(one_bin, np.array([0, 1])) == pytest.approx(0.13)
    two_bins = np.array([[0.61, 0.39], [0.68, 0.32]])
    assert expected_calibration_error(two_bins, np.array([0, 1])) == pytest.approx(
        (0.39 + 0.68) / 2
    )


def test_posteriors_that_keep_their_promise_are_calibrated_and_boasts_are_not() -> None:
    generator = np.random.default_rng(0)
    sure = generator.uniform(0.5, 1.0, 40_000)
    true = (generator.uniform(size=len(sure)) > sure).astype(np.int64)
    assert expected_calibration_error(np.stack([sure, 1 - sure], axis=1), true) < 0.02
    certain = np.tile([1.0, 0.0], (len(sure), 1))
    assert expected_calibration_error(certain, true) == pytest.approx(0.25, abs=0.01)


def test_where_everything_is_silent_there_is_no_calibration_error() -> None:
    scores = score_predictions(labelling([0, 1], [REJECTED, REJECTED]))
    assert scores.ece is None
    assert scores.accuracy == 0.0
    assert "calibration error -" in scores_text(scores)


def test_the_interval_holds_the_accuracy_and_narrows_with_more_tracks() -> None:
    widths = []
    for n_tracks in (30, 3000):
        scores = score_predictions(random_predictions(1, n_tracks))
        for value, (low, high) in (
            (scores.accuracy, scores.accuracy_interval),
            (scores.macro_recall, scores.macro_recall_interval),
            (scores.window_accuracy, scores.window_accuracy_interval),
        ):
            assert low < value < high
        widths.append(scores.accuracy_interval[1] - scores.accuracy_interval[0])
    assert widths[0] > 5 * widths[1]


def test_more_windows_of_the_same_tracks_do_not_narrow_the_window_accuracy() -> None:
    true = np.random.default_rng(2).integers(0, 3, 60)
    few = labelling(true, np.where(np.arange(60) % 3, true, (true + 1) % 3))
    many = replace(
        few,
        segment_tracks=np.repeat(few.segment_tracks, 10),
        posteriors=np.repeat(few.posteriors, 10, axis=0),
    )
    once, ten_times = (score_predictions(own) for own in (few, many))
    assert ten_times.n_windows == 600
    assert ten_times.window_accuracy_interval == pytest.approx(once.window_accuracy_interval)


def test_the_same_predictions_have_the_same_interval() -> None:
    first, second = (score_predictions(random_predictions(3)) for _ in range(2))
    assert first.accuracy_interval == second.accuracy_interval


def test_the_dict_has_the_documented_keys() -> None:
    values = json.loads(json.dumps(score_predictions(labelling([0, 2], [0, 2])).to_dict()))
    assert values["n_tracks"] == 2
    assert values["n_segments"] == 2
    assert values["n_rejected"] == 0
    assert values["track"] == {
        "accuracy": 1.0,
        "accuracy_ci95": [1.0, 1.0],
        "macro_recall": 1.0,
        "macro_recall_ci95": [1.0, 1.0],
        "top2_accuracy": 1.0,
        "ece": 0.0,
        "ece_by_chance": [0.0, 0.0],
    }
    assert values["segment"] == {"accuracy": 1.0, "accuracy_ci95": [1.0, 1.0], "ece": 0.0}
    assert values["per_genre"]["rock"] == {
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "n_tracks": 1,
    }
    assert values["confusion"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert values["labels"] == ["blues", "jazz", "rock"]


def test_the_text_lists_what_each_genre_was_taken_for() -> None:
    text = scores_text(score_predictions(labelling([0, 0, 0, 2], [0, 2, 2, 2])))
    assert "rock 2, blues 1" in text
    assert "jazz" not in text


def test_a_track_that_just_reaches_the_threshold_is_labelled() -> None:
    posteriors = np.array([[0.5, 0.25, 0.25]], np.float32)
    for threshold, answer in ((0.5, 0), (0.51, REJECTED)):
        found = Predictions(LABELS, ("a",), np.array([0]), np.array([0]), posteriors, threshold)
        assert found.predicted_tracks.tolist() == [answer]


def test_bins_of_confidence_are_closed_on_the_right() -> None:
    edge = np.linspace(0.0, 1.0, 16)[10]  # two thirds
    posteriors = np.array([[edge, 1.0 - edge], [0.66, 0.34]])
    # Both are in the bin from 0.6 to 2/3: |1 right - 1.3267 claimed| of 2.
    found = expected_calibration_error(posteriors, np.array([0, 1]))
    assert found == pytest.approx((edge + 0.66 - 1.0) / 2)
    apart = np.array([[edge + 1e-6, 1.0 - edge], [0.66, 0.34]])
    assert expected_calibration_error(apart, np.array([0, 1])) == pytest.approx(
        (1.0 - edge + 0.66) / 2, abs=1e-5
    )


def test_answers_are_counted_genres_first() -> None:
    posteriors = np.eye(5, dtype=np.float32)[[0, 1, 1, 3, 3, 4]]
    posteriors = np.concatenate([posteriors, np.zeros((1, 5)), [[0.3, 0.3, 0.4, 0, 0]]])
    predictions = Predictions(
        (*LABELS, "other", "not music"),
        tuple("abcdefgh"),
        np.array([0, 1, 2, 0, 1, 2, 0, 2]),
        np.arange(8),
        posteriors.astype(np.float32),
        rejection_threshold=0.5,
        rejected=("other", "not music"),
    )
    scores = score_predictions(predictions)
    values = scores.to_dict()["answers"]
    assert values["track"] == {
        "blues": 1, "jazz": 2, "other": 2, "not music": 1, "silence": 1, "unknown": 1,
    }  # fmt: skip
    assert list(values["track"])[:3] == ["blues", "jazz", "other"]
    assert values["segment"]["rock"] == 1  # the threshold is for whole tracks
    assert "unknown" not in values["segment"]
    assert scores.accuracy == 2 / 8  # an other on a track of a genre is wrong
    assert scores.n_rejected == 5
    text = scores_text(scores)
    assert "with no genre (other 2, not music 1, silence 1, unknown 1): counted as wrong" in text
    assert "windows labelled with no genre: other 2, not music 1, silence 1" in text


def test_a_track_is_calibrated_with_the_models_window_correlation(tmp_path: Path) -> None:
    predictions = replace(random_predictions(0), window_correlation=0.3)
    for own, track in zip(predictions.track_posteriors, range(3), strict=False):
        windows = predictions.posteriors[predictions.segment_tracks == track]
        np.testing.assert_allclose(own, combined_posterior(windows, 0.3))
    scores, mean = score_predictions(predictions), score_predictions(random_predictions(0))
    assert scores.ece != mean.ece
    assert scores.window_ece == mean.window_ece
    predictions.save(tmp_path / "p.npz")
    assert load_predictions(tmp_path / "p.npz").window_correlation == 0.3
    random_predictions(0).save(tmp_path / "old.npz")
    assert load_predictions(tmp_path / "old.npz").window_correlation is None
    replace(predictions, window_correlation=2.0).save(tmp_path / "bad.npz")
    with pytest.raises(DataSetError, match="is not a predictions file"):
        load_predictions(tmp_path / "bad.npz")
