"""A microphone that is missing, lost, silent or back, on a clock that the test moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import ClassifierStream
from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources import Chunk
from edge_runtime.sources.devices import RefusedError
from edge_runtime.sources.reconnect import ReconnectingMicrophone
from edge_runtime.stream.loop import events_of

from .clock import Clock

RATE = 22_050
SECOND = np.full((RATE, 1), 1000, np.int16)


class Stop:
    def __init__(self):
        self.set = False

    def is_set(self):
        return self.set


class FakeCapture:
    """Gives seconds of sound, and is lost then."""

    def __init__(self, clock, pieces, *, rate=RATE, channels=1, overflows=0):
        self.clock, self.pieces = clock, pieces
        self.name, self.rate, self.channels, self.seconds = "fake", rate, channels, None
        self.overflows, self.closed = overflows, 0
        self.began, self.ended = clock.now, 0.0

    def chunks(self, stop):
        for piece in self.pieces:
            if stop.is_set() or self.closed:
                break
            self.clock.now += len(piece) / self.rate
            self.ended = self.clock.now
            yield Chunk(piece)
        if not stop.is_set():
            raise AudioDeviceError("microphone 'fake' stopped delivering sound")

    def close(self):
        self.closed += 1


class Bench:
    """A microphone that follows a script: a capture, or an error to raise."""

    def __init__(self, *script, **how):
        self.clock, self.stop, self.opened = Clock(), Stop(), []
        self.script, self.tries = list(script), []
        self.microphone = ReconnectingMicrophone(
            self.open, name="mic:usb",
            clock=self.clock, sleep=self.clock.sleep, **how,
        )  # fmt: skip

    def open(self, stop):
        self.tries.append(self.clock.now)
        step = self.script.pop(0)
        if not self.script:
            self.stop.set = True
        if isinstance(step, Exception):
            raise step
        if step is None:
            return None
        capture = FakeCapture(self.clock, step[0], **(step[1] if len(step) > 1 else {}))
        self.opened.append(capture)
        return capture

    def begin(self):
        self.microphone.begin(self.stop)
        return self

    def chunks(self):
        """Those that hold sound."""
        return [c for c in self.microphone.chunks(self.stop) if len(c.samples)]


GONE = AudioDeviceError("there is no microphone 'usb'")


def seconds(n, sound=SECOND):
    return [sound] * n


def test_a_microphone_that_is_there_just_delivers(caplog):
    bench = Bench((seconds(3), {"rate": RATE}), None, rate=RATE).begin()
    there = bench.microphone
    assert (there.name, there.rate, there.channels) == ("fake", RATE, 1)
    bench.script = [None]
    chunks = bench.chunks()
    assert [(c.rate, c.missing_s, c.dropped) for c in chunks] == [(None, 0.0, 0)] * 3
    assert caplog.messages == [
        "mic:usb: microphone 'fake' stopped delivering sound; waiting for it"
    ]


def test_one_that_is_missing_at_the_start_is_reported_once_and_found(caplog):
    bench = Bench(GONE, GONE, GONE, (seconds(9), {"rate": 16_000, "channels": 2}), None).begin()
    assert bench.microphone.rate == 48_000
    chunks = bench.chunks()
    assert caplog.messages[:2] == [
        "mic:usb: there is no microphone 'usb'; waiting for it",
        "mic:usb: found after 7 s",
    ]
    assert chunks[0].rate == 16_000
    assert chunks[0].missing_s == pytest.approx(7.0)
    assert {(c.rate, c.missing_s) for c in chunks[1:]} == {(None, 0.0)}


def test_one_that_is_lost_is_reported_once_and_back_on_the_exact_clock(caplog):
    bench = Bench((seconds(4),), GONE, RefusedError("two"), (seconds(8),), None, rate=RATE).begin()
    chunks = bench.chunks()
    assert caplog.messages[:2] == [
        "mic:usb: microphone 'fake' stopped delivering sound; waiting for it",
        "mic:usb: back after 7 s",
    ]
    assert [round(c.missing_s, 6) for c in chunks] == [0.0] * 4 + [7.0] + [0.0] * 7
    assert {c.rate for c in chunks} == {None}
    assert all(capture.closed for capture in bench.opened)


def test_what_was_heard_before_it_was_lost_is_told_before_it_is_waited_for(classifier):
    bench = Bench((seconds(4),), *[GONE] * 4, (seconds(4),), None, rate=RATE).begin()
    stream = ClassifierStream(classifier, rate=RATE)
    events = events_of(bench.microphone, stream, bench.stop)
    told = [(event.end, bench.clock.now) for event in events]
    lost_at = bench.opened[0].ended
    assert [(round(end, 6), now) for end, now in told if end <= 4.0][-1] == (4.0, lost_at)
    assert bench.opened[1].began - lost_at == pytest.approx(31.0)  # 1, 2, 4, 8, 16 s


def test_each_loss_is_marked_once():
    bench = Bench((seconds(1),), GONE, GONE, (seconds(1),), GONE, None, rate=RATE).begin()
    chunks = list(bench.microphone.chunks(bench.stop))
    assert [len(c.samples) for c in chunks if len(c.samples) or c.away] == [RATE, 0, RATE, 0]


def test_a_program_that_embeds_it_may_route_what_is_logged(caplog):
    bench = Bench(GONE, None).begin()
    bench.microphone.close()
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("edge_runtime.sources.reconnect", "WARNING")
    assert record.getMessage() == "mic:usb: there is no microphone 'usb'; waiting for it"


def test_a_process_that_cannot_be_started_is_waited_for(caplog):
    bench = Bench(OSError(24, "Too many open files"), (seconds(9),), None, rate=RATE).begin()
    assert len(bench.chunks()) == 9
    assert caplog.messages[0].startswith(
        "mic:usb: the microphone cannot be opened (Too many open files"
    )


def test_tries_are_further_and_further_apart_up_to_half_a_minute(caplog):
    bench = Bench(*[GONE] * 9).begin()
    assert bench.chunks() == []
    waits = np.diff(bench.tries)
    assert waits == pytest.approx([1, 2, 4, 8, 16, 30, 30, 30])
    assert len(caplog.messages) == 1


def test_waiting_looks_at_the_stop_flag_and_lets_others_work():
    bench = Bench(GONE, GONE, GONE).begin()
    for chunk in bench.microphone.chunks(bench.stop):
        assert chunk.samples.shape == (0, 1)
    assert max(bench.clock.slept) <= 0.2
    bench = Bench(GONE, GONE, GONE).begin()
    for _ in bench.microphone.chunks(bench.stop):
        bench.stop.set = True
    assert len(bench.clock.slept) == 1


def test_one_that_comes_and_goes_is_reported_once_and_tried_less_and_less_often(caplog):
    bench = Bench(*[(seconds(2),)] * 7, None, rate=RATE).begin()
    chunks = bench.chunks()
    assert len(chunks) == 14
    assert len(caplog.messages) == 1
    assert [round(c.missing_s) for c in chunks if c.missing_s] == [1, 2, 4, 8, 16, 30]


def test_other_reasons_are_reported_until_it_has_delivered(caplog):
    bench = Bench(AudioDeviceError("no card"), GONE, AudioDeviceError("no card"), (seconds(9),),
                  GONE, AudioDeviceError("another"), None).begin()  # fmt: skip
    bench.chunks()
    assert [line.split("; ")[0] for line in caplog.messages] == [
        "mic:usb: no card",
        "mic:usb: there is no microphone 'usb'",
        "mic:usb: found after 7 s",
        "mic:usb: microphone 'fake' stopped delivering sound",
    ]


def test_a_wish_that_no_waiting_fulfils_is_an_error_at_the_start():
    with pytest.raises(RefusedError):
        Bench(RefusedError("no such rate"), None).begin()


def test_fail_fast_raises_what_is_wrong_at_the_start_and_later(caplog):
    with pytest.raises(AudioDeviceError, match="no microphone 'usb'"):
        Bench(GONE, None, fail_fast=True).begin()
    bench = Bench((seconds(2),), None, fail_fast=True, rate=RATE).begin()
    chunks = []
    with pytest.raises(AudioDeviceError, match="stopped delivering"):
        chunks.extend(bench.microphone.chunks(bench.stop))
    assert caplog.messages == []
    assert bench.opened[0].closed


def test_another_rate_or_number_of_channels_is_taken_as_it_comes():
    pair = np.zeros((44_100, 2), np.int16) + 5
    bench = Bench((seconds(2),), ([pair], {"rate": 44_100, "channels": 2}), None, rate=RATE).begin()
    chunks = bench.chunks()
    assert [c.rate for c in chunks] == [None, None, 44_100]
    assert chunks[-1].missing_s == pytest.approx(1.0)


ZEROS = np.zeros((RATE, 1), np.int16)


def test_digital_silence_is_reported_once_and_opened_anew_less_and_less_often(caplog):
    script = [(seconds(400, ZEROS),)] * 4 + [(seconds(3, ZEROS) + seconds(2),), None]
    bench = Bench(*script, rate=RATE).begin()
    chunks = bench.chunks()
    assert [line.split(";")[0].split(" of the")[0] for line in caplog.messages[:2]] == [
        "mic:usb: digital silence: every sample",
        "mic:usb: sound again after 153 s of digital silence",
    ]
    assert [len(c.samples) // RATE for c in chunks] == [1] * 155
    assert np.diff(bench.tries)[:4] == pytest.approx([10, 20, 40, 80])


def test_a_quiet_moment_is_no_digital_silence(caplog):
    one = ZEROS.copy()
    one[77] = -1
    bench = Bench(([*seconds(9, ZEROS), one, *seconds(9, ZEROS)],), None, rate=RATE).begin()
    assert len(bench.chunks()) == 19
    assert not any("silence" in line for line in caplog.messages)


def test_fail_fast_reports_digital_silence_and_listens_on(caplog):
    bench = Bench((seconds(50, ZEROS),), None, rate=RATE, fail_fast=True).begin()
    with pytest.raises(AudioDeviceError):
        list(bench.microphone.chunks(bench.stop))
    assert len(bench.opened) == 1
    assert len(caplog.messages) == 1


def test_what_the_driver_lost_is_reported_once_and_counted(caplog):
    bench = Bench((seconds(3), {"overflows": 2}), (seconds(3), {"overflows": 3}), None, rate=RATE)
    bench.begin().chunks()
    lines = [line for line in caplog.messages if "lost sound" in line]
    assert len(lines) == 2
    assert "does not say how much" in lines[0]
    assert lines[1] == "mic:usb: the driver lost sound 5 times in all"


def test_a_microphone_that_was_opened_is_closed_though_its_sound_was_never_taken():
    bench = Bench((seconds(1),), None, rate=RATE).begin()
    bench.microphone.close()
    assert bench.opened[0].closed == 1


@given(
    outages=st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 4), st.sampled_from([16_000, 22_050, 48_000])),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_the_streams_clock_is_exact_whatever_comes_and_goes(classifier, outages):
    script = []
    for sound_s, failures, rate in outages:
        sound = np.full((rate, 1), 100, np.int16)
        script += [(seconds(sound_s, sound), {"rate": rate})] + [GONE] * failures
    bench = Bench(*script, GONE, None).begin()
    stream = ClassifierStream(classifier, rate=bench.microphone.rate, channels=1)
    events = list(events_of(bench.microphone, stream, bench.stop))
    sound_s = sum(sound_s for sound_s, _, _ in outages)
    lasted_s = bench.opened[-1].ended - bench.opened[0].began
    assert stream.seconds == pytest.approx(lasted_s, abs=1e-6)
    assert events[-1].end == pytest.approx(lasted_s, abs=1e-6)
    assert events[-1].missing_s == pytest.approx(lasted_s - sound_s, abs=1e-6)


@pytest.mark.parametrize(("overflows", "lines"), [(1, 1), (2, 2)])
def test_what_the_driver_lost_is_summed_up_from_the_second_time_on(caplog, overflows, lines):
    bench = Bench((seconds(3), {"overflows": overflows}), None, rate=RATE)
    bench.begin().chunks()
    found = [line for line in caplog.messages if "lost sound" in line]
    assert len(found) == lines
    if lines == 2:
        assert found[1] == "mic:usb: the driver lost sound 2 times in all"


def test_another_number_of_channels_at_the_same_rate_is_a_change():
    pair = np.ones((RATE, 2), np.int16)
    bench = Bench((seconds(1),), ([pair], {"channels": 2}), None, rate=RATE).begin()
    assert [c.rate for c in bench.chunks()] == [None, RATE]
    assert bench.microphone.channels == 2
