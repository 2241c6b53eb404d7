"""From the posteriors of windows to one steady label."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.decoder import (
    Decoder,
    DecoderSettings,
    HmmFilter,
    LabelConfirmation,
    combined_posterior,
    genre_or_unknown,
)
from edge_runtime.errors import ParameterError

TWO, THREE = ("blues", "jazz"), ("blues", "jazz", "pop")
LOUD = -20.0


def hmm_filter(labels=TWO, window_s=3.0, **settings):
    return HmmFilter(labels, DecoderSettings(**settings), window_s)


def posterior(*values):
    return np.array(values, np.float32)


def test_the_first_window_decides_alone():
    assert hmm_filter().update(posterior(0.9, 0.1), 3.0).tolist() == pytest.approx([0.9, 0.1])


def test_agreeing_windows_add_up():
    hmm = hmm_filter(dwell_s=86400.0)
    hmm.update(posterior(0.9, 0.1), 3.0)
    # odds of 9 twice are odds of 81
    assert hmm.update(posterior(0.9, 0.1), 3.0)[0] == pytest.approx(81 / 82, abs=1e-4)


def test_after_one_dwell_time_of_silence_the_belief_has_faded():
    hmm = hmm_filter(dwell_s=120.0)
    hmm.update(posterior(0.9, 0.1), 3.0)
    # stays with probability 1/e: 0.36788 * 0.9 + 0.63212 * 0.1
    assert hmm.update(None, 120.0).tolist() == pytest.approx([0.394303, 0.605697], abs=1e-6)


def test_a_genre_changes_to_any_other_alike():
    hmm = hmm_filter(THREE, dwell_s=10.0)
    hmm.update(posterior(1.0, 0.0, 0.0), 3.0)
    faded = hmm.update(None, 5.0)
    assert faded[0] > faded[1] == faded[2] > 0.0


def test_overlapping_windows_count_as_much_as_the_sound_that_is_new():
    once, often = hmm_filter(dwell_s=86400.0), hmm_filter(dwell_s=86400.0)
    whole = once.update(posterior(0.8, 0.2), 3.0)
    for _ in range(12):
        quarter = often.update(posterior(0.8, 0.2), 0.25)
    assert quarter.tolist() == pytest.approx(whole.tolist(), abs=1e-3)


def test_a_window_counts_once_however_long_ago_the_one_before_was():
    near, far = hmm_filter(dwell_s=86400.0), hmm_filter(dwell_s=86400.0)
    assert near.update(posterior(0.7, 0.3), 3.0).tolist() == pytest.approx(
        far.update(posterior(0.7, 0.3), 30.0).tolist()
    )


def test_one_certain_window_rules_nothing_out():
    hmm = hmm_filter()
    assert hmm.update(posterior(1.0, 0.0), 3.0)[1] == pytest.approx(0.001 / 1.001)
    for _ in range(3):
        smoothed = hmm.update(posterior(0.0, 1.0), 3.0)
    assert smoothed[1] > 0.99


def decoder(labels=TWO, ignored=(), **settings):
    return Decoder(labels, DecoderSettings(**settings), 3.0, ignored)


def test_one_contrary_window_does_not_change_the_label():
    decode = decoder()
    for _ in range(5):
        decode.update(posterior(0.8, 0.2), LOUD, 1.0)
    assert decode.update(posterior(0.3, 0.7), LOUD, 1.0).label == "blues"


def test_a_lasting_change_changes_the_label():
    decode = decoder()
    for _ in range(100):
        decode.update(posterior(0.9, 0.1), LOUD, 1.0)
    found = [decode.update(posterior(0.1, 0.9), LOUD, 1.0).label for _ in range(20)]
    assert found[0] == "blues"
    assert found[-1] == "jazz"
    assert found == sorted(found)


def test_after_a_reset_the_windows_before_do_not_count():
    hmm = hmm_filter()
    first = hmm.update(posterior(0.6, 0.4), 3.0)
    second = hmm.update(posterior(0.6, 0.4), 3.0)
    assert second[0] > first[0]
    hmm.reset()
    assert hmm.update(posterior(0.6, 0.4), 3.0).tolist() == first.tolist()


def test_a_caller_may_change_what_it_was_given():
    hmm = hmm_filter()
    hmm.update(posterior(0.9, 0.1), 3.0)[:] = 0.0
    assert hmm.update(None, 0.01)[0] == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("level", "best", "label"),
    [
        (-20.0, 0.9, "blues"),
        (-60.0, 0.9, "blues"),
        (-60.1, 0.9, "silence"),
        (-20.0, 0.6, "blues"),
        (-20.0, 0.59, "unknown"),
        (-90.0, 0.59, "silence"),
    ],
)
def test_the_label_is_silence_below_the_gate_and_unknown_below_the_threshold(level, best, label):
    decode = decoder(silence_dbfs=-60.0, rejection_threshold=0.6 - 1e-6)
    assert decode.update(posterior(best, 1.0 - best), level, 3.0).label == label


def test_an_ignored_label_is_unknown_where_it_is_the_likeliest():
    def decoded(level, *values):
        return decoder(THREE, ("pop",)).update(posterior(*values), level, 3.0)

    assert decoded(LOUD, 0.3, 0.3, 0.4).label == "unknown"
    assert decoded(LOUD, 0.3, 0.3, 0.4).confidence == pytest.approx(0.4)
    assert decoded(LOUD, 0.4, 0.3, 0.3).label == "blues"
    assert decoded(-90.0, 0.3, 0.3, 0.4).label == "silence"


def test_silence_ends_above_the_level_at_which_it_begins():
    decode = decoder(silence_dbfs=-60.0, silence_hysteresis_db=3.0)
    levels = [-50.0, -59.0, -61.0, -59.0, -57.1, -57.0, -59.9, -60.1]
    found = [decode.update(posterior(0.9, 0.1), level, 1.0).label for level in levels]
    assert found == ["blues"] * 2 + ["silence"] * 3 + ["blues"] * 2 + ["silence"]


def changes_of(settings, *stretches):
    """When the label changes, seconds, and to what; a stretch is what is likeliest for a time."""
    confirmation = LabelConfirmation(DecoderSettings(**settings))
    changes, now, last = [], 0, None
    for window_label, seconds in stretches:
        for _ in range(seconds):
            now += 1
            label = confirmation.update(window_label, 1.0)
            if label != last:
                changes.append((now, label))
                last = label
    return changes


def test_without_a_time_to_confirm_the_likeliest_label_holds_at_once():
    assert changes_of({}, ("jazz", 2), ("pop", 1), ("unknown", 1), ("silence", 1), ("pop", 1)) == [
        (1, "jazz"), (3, "pop"), (4, "unknown"), (5, "silence"), (6, "pop"),
    ]  # fmt: skip


def test_a_new_label_must_be_the_likeliest_for_the_time_to_confirm():
    changes = changes_of({"confirm_s": 5.0}, ("jazz", 10), ("pop", 4), ("jazz", 5), ("pop", 8))
    assert changes == [(1, "unknown"), (6, "jazz"), (25, "pop")]


def test_a_label_stays_for_the_minimum():
    changes = changes_of({"minimum_s": 10.0}, ("jazz", 3), ("pop", 4), ("blues", 9))
    assert changes == [(1, "jazz"), (11, "blues")]


def test_silence_comes_and_goes_at_once_whatever_is_to_be_confirmed():
    settings = {"confirm_s": 5.0, "minimum_s": 20.0}
    changes = changes_of(settings, ("jazz", 10), ("silence", 3), ("jazz", 10))
    assert changes == [
        (1, "unknown"), (6, "jazz"), (11, "silence"), (14, "unknown"), (19, "jazz"),
    ]  # fmt: skip


stretches = st.lists(
    st.tuples(st.sampled_from(["jazz", "pop", "unknown", "silence"]), st.integers(1, 20)),
    min_size=1,
    max_size=12,
)


@given(stretches, st.integers(0, 12), st.integers(0, 30), st.sampled_from([2, 4, 5]))
def test_more_frequent_windows_confirm_no_faster(stretches, confirm_s, minimum_s, times):
    """The same sound, seen every second or more often, has the same label at every full second."""
    settings = DecoderSettings(confirm_s=float(confirm_s), minimum_s=float(minimum_s))
    seldom, often = LabelConfirmation(settings), LabelConfirmation(settings)
    before = "unknown"
    for window_label, seconds in stretches:
        for _ in range(seconds):
            one = seldom.update(window_label, 1.0)
            for _ in range(times - 1):  # what was likeliest at the last full second still is
                often.update(before, 1.0 / times)
            assert often.update(window_label, 1.0 / times) == one
            before = window_label


windows = st.tuples(
    st.none() | st.lists(st.floats(0.0, 1.0, width=32), min_size=3, max_size=3),
    st.floats(0.0, 1e5),
)


@given(st.lists(windows, min_size=1, max_size=20), st.floats(0.01, 86400.0))
def test_the_smoothed_posterior_is_a_distribution_whatever_comes(windows, dwell_s):
    hmm = hmm_filter(THREE, dwell_s=dwell_s)
    for values, elapsed in windows:
        smoothed = hmm.update(None if values is None else posterior(*values), elapsed)
        assert smoothed.sum() == pytest.approx(1.0)
        assert (smoothed >= 0.0).all()


def test_a_genre_that_just_reaches_the_threshold_is_convincing():
    half = posterior(0.5, 0.5)
    assert genre_or_unknown(half, TWO, (), threshold=0.5) == "blues"
    assert genre_or_unknown(half, TWO, (), threshold=0.501) == "unknown"


def test_other_and_not_music_are_labels_as_genres_are_and_need_as_much():
    labels = ("blues", "other", "not music")
    assert genre_or_unknown(posterior(0.2, 0.5, 0.3), labels) == "other"
    assert genre_or_unknown(posterior(0.2, 0.3, 0.5), labels) == "not music"
    assert genre_or_unknown(posterior(0.2, 0.3, 0.5), labels, threshold=0.6) == "unknown"
    assert genre_or_unknown(posterior(0.2, 0.3, 0.5), labels, ("not music",)) == "unknown"


def test_the_confidence_of_other_is_its_own_smoothed_posterior():
    decode = Decoder(("blues", "jazz", "other"), DecoderSettings(confirm_s=2.0), 3.0)
    first = decode.update(posterior(0.1, 0.2, 0.7), LOUD, 3.0)
    assert (first.label, first.confidence) == ("unknown", first.posterior.max())
    decode.update(posterior(0.1, 0.2, 0.7), LOUD, 1.0)
    held = decode.update(posterior(0.1, 0.2, 0.7), LOUD, 1.0)
    assert (held.label, held.confidence) == ("other", held.posterior[2])
    # It is held while another one is not confirmed yet, with what it has by now.
    contrary = decode.update(posterior(0.0, 1.0, 0.0), LOUD, 3.0)
    assert contrary.posterior.argmax() == 1
    assert (contrary.label, contrary.confidence) == ("other", contrary.posterior[2])


def test_a_time_that_is_reached_but_for_rounding_is_reached():
    """Ten times 0.1 s are 0.9999999999999999 s."""
    for settings in ({"confirm_s": 1.0}, {"minimum_s": 1.0}):
        confirmation = LabelConfirmation(DecoderSettings(**settings))
        confirmation.update("jazz", 0.1)
        found = [confirmation.update("jazz" if settings.get("confirm_s") else "pop", 0.1)
                 for _ in range(10)]  # fmt: skip
        before = "unknown" if settings.get("confirm_s") else "jazz"
        after = "jazz" if settings.get("confirm_s") else "pop"
        assert found == [before] * 9 + [after]


@pytest.mark.parametrize(
    "settings",
    [
        {"interval_s": 0.01}, {"interval_s": 86400.0}, {"dwell_s": 0.01}, {"dwell_s": 86400.0},
        {"confirm_s": 0.0}, {"confirm_s": 86400.0}, {"minimum_s": 86400.0},
        {"silence_hysteresis_db": 0.0}, {"silence_hysteresis_db": 60.0},
        {"silence_dbfs": -200.0}, {"silence_dbfs": 0.0},
        {"silence_margin_db": 0.0}, {"silence_margin_db": 60.0}, {"silence_margin_db": None},
        {"rejection_threshold": 0.0}, {"rejection_threshold": 0.999},
    ],
)  # fmt: skip
def test_the_outermost_settings_are_taken(settings):
    ((name, value),) = settings.items()
    assert getattr(DecoderSettings(**settings), name) == value


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"interval_s": 0.009}, "interval_s is 0.009 s; it must be from 0.01 to 86400 s"),
        ({"dwell_s": 86401.0}, "dwell_s is 86401.0 s; it must be from 0.01 to 86400 s"),
        ({"confirm_s": -0.1}, "confirm_s is -0.1 s; it must be from 0 to 86400 s"),
        ({"minimum_s": 86401.0}, "minimum_s is 86401.0 s; it must be from 0 to 86400 s"),
        ({"silence_hysteresis_db": 60.1}, "silence_hysteresis_db is 60.1 dB; .* from 0 to 60"),
        ({"silence_dbfs": -200.1}, "silence_dbfs is -200.1 dBFS; it must be from -200 to 0"),
        ({"silence_dbfs": 0.1}, "silence_dbfs is 0.1 dBFS"),
        ({"silence_margin_db": -0.1}, "silence_margin_db is -0.1 dB; .* from 0 to 60, or none"),
        ({"rejection_threshold": 1.0}, "rejection_threshold is 1.0; .* from 0 to below 1"),
        ({"rejection_threshold": -0.1}, "rejection_threshold is -0.1"),
    ],
)
def test_settings_beyond_them_are_refused_with_their_range(settings, complaint):
    with pytest.raises(ParameterError, match=complaint):
        DecoderSettings(**settings)


def test_the_settings_of_a_model_that_names_none_are_the_documented_ones():
    assert DecoderSettings() == DecoderSettings(
        interval_s=0.743, dwell_s=120.0, silence_dbfs=-60.0, silence_hysteresis_db=3.0,
        silence_margin_db=2.0, rejection_threshold=0.0, confirm_s=0.0, minimum_s=0.0,
    )  # fmt: skip


def test_what_the_network_says_of_silence_is_no_evidence():
    decode = decoder()
    decode.update(posterior(0.9, 0.1), LOUD, 3.0)
    quiet = decode.update(posterior(0.001, 0.999), -90.0, 3.0)
    assert (quiet.label, quiet.confidence) == ("silence", 0.0)
    # exp(-3 / 120) of 0.9 stays, the rest of it and of 0.1 changes sides.
    assert quiet.posterior.tolist() == pytest.approx([0.880248, 0.119752], abs=1e-6)


WINDOWS = ((0.8, 0.2), (0.6, 0.4))


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [
        (None, 0.7),
        # Independent: 0.8 * 0.6 against 0.2 * 0.4.
        (0.0, 0.48 / 0.56),
        # One and the same twice: the geometric mean, sqrt(6) to 1.
        (1.0, 6**0.5 / (6**0.5 + 1.0)),
        # Each to the power of 1 / 1.5.
        (0.5, 6 ** (2 / 3) / (6 ** (2 / 3) + 1.0)),
    ],
)
def test_windows_of_a_track_count_as_the_evidence_that_they_are(correlation, expected):
    found = combined_posterior(np.array(WINDOWS, np.float32), correlation)
    assert found.tolist() == pytest.approx([expected, 1.0 - expected], abs=1e-6)


def test_one_window_is_the_track_whatever_the_correlation():
    for correlation in (None, 0.0, 0.3, 1.0):
        found = combined_posterior([WINDOWS[0]], correlation)
        assert found.tolist() == pytest.approx(WINDOWS[0], abs=1e-12)


def test_a_track_without_windows_has_zeros():
    for correlation in (None, 0.5):
        assert combined_posterior(np.zeros((0, 2)), correlation).tolist() == [0.0, 0.0]


def test_one_overconfident_window_rules_nothing_out_for_a_track():
    windows = [(1.0, 0.0), *[(0.1, 0.9)] * 4]
    assert combined_posterior(windows, 0.0)[1] == pytest.approx(6.561 / 7.561, abs=1e-3)


def test_a_track_of_very_many_windows_has_a_posterior():
    found = combined_posterior(np.tile([[0.999, 0.001]], (20_000, 1)), 0.0)
    assert found.tolist() == pytest.approx([1.0, 0.0])
