"""From the posteriors of windows to one steady answer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.decoder import Announcement, Decoder, DecoderSettings, StickyDecoder

TWO, THREE = ("blues", "jazz"), ("blues", "jazz", "pop")
LOUD = -20.0


def decoder(labels=TWO, window_s=3.0, **settings):
    return StickyDecoder(labels, DecoderSettings(**settings), window_s)


def posterior(*values):
    return np.array(values, np.float32)


def test_before_anything_is_heard_the_first_window_decides():
    assert decoder().update(posterior(0.9, 0.1), 3.0).tolist() == pytest.approx([0.9, 0.1])


def test_agreeing_windows_add_up():
    sticky = decoder(dwell_s=86400.0)
    sticky.update(posterior(0.9, 0.1), 3.0)
    # odds of 9 twice are odds of 81
    assert sticky.update(posterior(0.9, 0.1), 3.0)[0] == pytest.approx(81 / 82, abs=1e-4)


def test_after_one_dwell_time_of_silence_the_belief_has_faded():
    sticky = decoder(dwell_s=120.0)
    sticky.update(posterior(0.9, 0.1), 3.0)
    # stays with probability 1/e: 0.36788 * 0.9 + 0.63212 * 0.1
    assert sticky.update(None, 120.0).tolist() == pytest.approx([0.394303, 0.605697], abs=1e-6)


def test_a_genre_changes_to_any_other_alike():
    sticky = decoder(THREE, dwell_s=10.0)
    sticky.update(posterior(1.0, 0.0, 0.0), 3.0)
    faded = sticky.update(None, 5.0)
    assert faded[0] > faded[1] == faded[2] > 0.0


def test_overlapping_windows_count_as_much_as_the_sound_that_is_new():
    once, often = decoder(dwell_s=86400.0), decoder(dwell_s=86400.0)
    whole = once.update(posterior(0.8, 0.2), 3.0)
    for _ in range(12):
        quarter = often.update(posterior(0.8, 0.2), 0.25)
    assert quarter.tolist() == pytest.approx(whole.tolist(), abs=1e-3)


def test_a_window_counts_once_however_long_ago_the_one_before_was():
    near, far = decoder(dwell_s=86400.0), decoder(dwell_s=86400.0)
    assert near.update(posterior(0.7, 0.3), 3.0).tolist() == pytest.approx(
        far.update(posterior(0.7, 0.3), 30.0).tolist()
    )


def test_one_certain_window_rules_nothing_out():
    sticky = decoder()
    assert sticky.update(posterior(1.0, 0.0), 3.0)[1] == pytest.approx(0.001 / 1.001)
    for _ in range(3):
        smoothed = sticky.update(posterior(0.0, 1.0), 3.0)
    assert smoothed[1] > 0.99


def whole(labels=TWO, rejected=(), **settings):
    return Decoder(labels, DecoderSettings(**settings), 3.0, rejected)


def test_one_contrary_window_does_not_change_the_answer():
    decoding = whole()
    for _ in range(5):
        decoding.decide(posterior(0.8, 0.2), LOUD, 1.0)
    assert decoding.decide(posterior(0.3, 0.7), LOUD, 1.0).label == "blues"


def test_a_lasting_change_does_change_the_answer():
    decoding = whole()
    for _ in range(100):
        decoding.decide(posterior(0.9, 0.1), LOUD, 1.0)
    answers = [decoding.decide(posterior(0.1, 0.9), LOUD, 1.0).label for _ in range(20)]
    assert answers[0] == "blues"
    assert answers[-1] == "jazz"
    assert answers == sorted(answers)


def test_after_a_reset_the_past_is_forgotten():
    sticky = decoder()
    first = sticky.update(posterior(0.6, 0.4), 3.0)
    second = sticky.update(posterior(0.6, 0.4), 3.0)
    assert second[0] > first[0]
    sticky.reset()
    assert sticky.update(posterior(0.6, 0.4), 3.0).tolist() == first.tolist()


def test_a_caller_may_change_what_it_was_given():
    sticky = decoder()
    sticky.update(posterior(0.9, 0.1), 3.0)[:] = 0.0
    assert sticky.update(None, 0.01)[0] == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize(
    ("level", "best", "answer"),
    [
        (-20.0, 0.9, "blues"),
        (-60.0, 0.9, "blues"),
        (-60.1, 0.9, "silence"),
        (-20.0, 0.6, "blues"),
        (-20.0, 0.59, "unknown"),
        (-90.0, 0.59, "silence"),
    ],
)
def test_the_answer_is_silence_below_the_gate_and_unknown_below_the_threshold(level, best, answer):
    decoding = whole(silence_dbfs=-60.0, rejection_threshold=0.6 - 1e-6)
    assert decoding.decide(posterior(best, 1.0 - best), level, 3.0).label == answer


def test_a_rejected_label_is_answered_unknown_where_it_is_the_likeliest():
    def answer(level, *values):
        return whole(THREE, ("pop",)).decide(posterior(*values), level, 3.0)

    assert answer(LOUD, 0.3, 0.3, 0.4).label == "unknown"
    assert answer(LOUD, 0.3, 0.3, 0.4).confidence == pytest.approx(0.4)
    assert answer(LOUD, 0.4, 0.3, 0.3).label == "blues"
    assert answer(-90.0, 0.3, 0.3, 0.4).label == "silence"


def test_silence_ends_above_the_level_at_which_it_begins():
    decoding = whole(silence_dbfs=-60.0, silence_hysteresis_db=3.0)
    levels = [-50.0, -59.0, -61.0, -59.0, -57.1, -57.0, -59.9, -60.1]
    answers = [decoding.decide(posterior(0.9, 0.1), level, 1.0).label for level in levels]
    assert answers == ["blues"] * 2 + ["silence"] * 3 + ["blues"] * 2 + ["silence"]


def said(settings, *stretches):
    """When the answer changed, seconds, and to what; a stretch is what is likeliest for a time."""
    announcement = Announcement(DecoderSettings(**settings))
    changes, now, last = [], 0, None
    for candidate, seconds in stretches:
        for _ in range(seconds):
            now += 1
            answer = announcement.update(candidate, 1.0)
            if answer != last:
                changes.append((now, answer))
                last = answer
    return changes


def test_without_a_time_to_confirm_the_likeliest_is_announced_at_once():
    assert said({}, ("jazz", 2), ("pop", 1), ("unknown", 1), ("silence", 1), ("pop", 1)) == [
        (1, "jazz"), (3, "pop"), (4, "unknown"), (5, "silence"), (6, "pop"),
    ]  # fmt: skip


def test_a_new_answer_must_be_the_likeliest_for_the_time_to_confirm():
    changes = said({"confirm_s": 5.0}, ("jazz", 10), ("pop", 4), ("jazz", 5), ("pop", 8))
    assert changes == [(1, "unknown"), (6, "jazz"), (25, "pop")]


def test_an_answer_stays_for_the_minimum():
    changes = said({"minimum_s": 10.0}, ("jazz", 3), ("pop", 4), ("blues", 9))
    assert changes == [(1, "jazz"), (11, "blues")]


def test_silence_comes_and_goes_at_once_whatever_is_to_be_confirmed():
    settings = {"confirm_s": 5.0, "minimum_s": 20.0}
    changes = said(settings, ("jazz", 10), ("silence", 3), ("jazz", 10))
    assert changes == [
        (1, "unknown"), (6, "jazz"), (11, "silence"), (14, "unknown"), (19, "jazz"),
    ]  # fmt: skip


stretches = st.lists(
    st.tuples(st.sampled_from(["jazz", "pop", "unknown", "silence"]), st.integers(1, 20)),
    min_size=1,
    max_size=12,
)


@given(stretches, st.integers(0, 12), st.integers(0, 30), st.sampled_from([2, 4, 5]))
def test_more_frequent_windows_confirm_no_faster(heard, confirm_s, minimum_s, times):
    """The same sound, seen every second or more often, is answered alike at every full second."""
    settings = DecoderSettings(confirm_s=float(confirm_s), minimum_s=float(minimum_s))
    seldom, often = Announcement(settings), Announcement(settings)
    before = "unknown"
    for candidate, seconds in heard:
        for _ in range(seconds):
            one = seldom.update(candidate, 1.0)
            for _ in range(times - 1):  # what was likeliest at the last full second still is
                often.update(before, 1.0 / times)
            assert often.update(candidate, 1.0 / times) == one
            before = candidate


windows = st.tuples(
    st.none() | st.lists(st.floats(0.0, 1.0, width=32), min_size=3, max_size=3),
    st.floats(0.0, 1e5),
)


@given(st.lists(windows, min_size=1, max_size=20), st.floats(0.01, 86400.0))
def test_the_smoothed_posterior_is_a_distribution_whatever_comes(heard, dwell_s):
    sticky = decoder(THREE, dwell_s=dwell_s)
    for values, elapsed in heard:
        smoothed = sticky.update(None if values is None else posterior(*values), elapsed)
        assert smoothed.sum() == pytest.approx(1.0)
        assert (smoothed >= 0.0).all()
