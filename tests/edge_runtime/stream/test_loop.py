"""The loop between source and events."""

import threading

import numpy as np
import pytest

from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources import Chunk
from edge_runtime.stream.loop import LoadedModel, events_of


class Source:
    """Chunks, and an error at the end if one is given."""

    name = "a source"

    def __init__(self, *chunks, error=None):
        self._chunks, self._error = chunks, error

    def chunks(self, stop):
        yield from self._chunks
        if self._error:
            raise self._error


class Stream:
    """Takes down what it is asked, and returns that as its events."""

    def __init__(self):
        self.calls = []

    def _note(self, *call):
        self.calls.append(call)
        return [call]

    def push(self, samples, *, dropped):
        return self._note("push", len(samples), dropped)

    def resume(self, *, rate, channels, missing_s):
        return self._note("resume", rate, channels, missing_s)

    def pause(self):
        return self._note("pause")

    def change_model(self, classifier, settings):
        self._note("model", classifier, settings)

    def finish(self):
        return self._note("finish")


MONO, STEREO = np.zeros((10, 1), np.int16), np.zeros((20, 2), np.int16)


def test_each_chunk_is_pushed_and_a_gap_or_another_rate_comes_first():
    chunks = Chunk(MONO), Chunk(MONO, 3), Chunk(STEREO, rate=8000), Chunk(MONO, missing_s=2.0)
    events = list(events_of(Source(*chunks), Stream(), threading.Event()))
    assert events == [
        ("push", 10, 0), ("push", 10, 3), ("resume", 8000, 2, 0.0), ("push", 20, 0),
        ("resume", None, 1, 2.0), ("push", 10, 0), ("finish",),
    ]  # fmt: skip


def test_the_sound_before_an_outage_has_its_events_at_its_beginning():
    chunks = Chunk(MONO), Chunk(MONO[:0], away=True), Chunk(MONO[:0]), Chunk(MONO, missing_s=2.0)
    events = list(events_of(Source(*chunks), Stream(), threading.Event()))
    assert events == [
        ("push", 10, 0), ("push", 0, 0), ("pause",), ("push", 0, 0),
        ("resume", None, 1, 2.0), ("push", 10, 0), ("finish",),
    ]  # fmt: skip


def test_a_new_model_takes_over_before_the_chunk_with_which_it_came():
    models = iter([None, LoadedModel("classifier", "settings")])
    stream = Stream()
    list(
        events_of(Source(Chunk(MONO), Chunk(MONO)), stream, threading.Event(), lambda: next(models))
    )
    assert [call[0] for call in stream.calls] == ["push", "model", "push", "finish"]


def test_sound_before_an_error_has_its_events_before_the_error_is_raised():
    events = events_of(
        Source(Chunk(MONO), error=AudioDeviceError("lost")), Stream(), threading.Event()
    )
    assert [next(events)[0], next(events)[0]] == ["push", "finish"]
    with pytest.raises(AudioDeviceError, match="lost"):
        next(events)


def test_a_caller_that_goes_away_gets_no_more_events():
    stream = Stream()
    events = events_of(Source(Chunk(MONO), Chunk(MONO)), stream, threading.Event())
    next(events)
    events.close()
    assert [call[0] for call in stream.calls] == ["push"]
