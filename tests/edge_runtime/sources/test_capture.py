"""Taking what a microphone's ring gets."""

import threading

import numpy as np
import pytest

from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources import Chunk
from edge_runtime.sources.capture import take
from edge_runtime.sources.devices import lost
from edge_runtime.sources.digital_silence import DigitalSilence

CHUNK = Chunk(np.ones((10, 1), np.int16))


class ScriptedRing:
    """Gives these, one after the other: a chunk, or None where none came in time."""

    def __init__(self, *script, closed=False):
        self.script, self.closed, self.waits = list(script), closed, []

    def get(self, timeout_s):
        self.waits.append(timeout_s)
        return self.script.pop(0)


def taken(ring):
    """How many chunks came before it was lost, and after how many polls."""
    chunks = []
    with pytest.raises(AudioDeviceError, match="microphone 'usb' stopped delivering sound"):
        chunks.extend(take(ring, threading.Event(), lambda: lost("usb")))
    return len(chunks), len(ring.waits)


def test_five_seconds_without_sound_are_a_loss():
    ring = ScriptedRing(CHUNK, *[None] * 30)
    assert taken(ring) == (1, 26)
    assert set(ring.waits) == {0.2}


def test_each_sound_begins_the_five_seconds_anew():
    assert taken(ScriptedRing(*[*[None] * 24, CHUNK] * 3, *[None] * 30)) == (3, 100)


def test_a_ring_that_is_closed_is_emptied_first_and_a_loss_then():
    assert taken(ScriptedRing(CHUNK, CHUNK, None, closed=True)) == (2, 3)


def test_digital_silence_is_met_by_opening_anew_less_and_less_often_up_to_every_ten_minutes():
    silence, opened, messages = DigitalSilence(), [], []
    for second in range(1, 2500):
        if message := silence.take(np.zeros((1, 1), np.int16), 1):
            messages.append((second, message))
        if silence.reopen_due:
            silence.reopen_due = False
            opened.append(second)
    assert opened == [10, 30, 70, 150, 310, 630, 1230, 1830, 2430]
    assert messages == [
        (10, "digital silence: every sample of the last 10 s is exactly zero; is the microphone "
             "muted? Listening on"),
    ]  # fmt: skip
    assert silence.take(np.ones((1, 1), np.int16), 1) == (
        "sound again after 2499 s of digital silence"
    )
    assert silence.take(np.ones((1, 1), np.int16), 1) is None


def test_silence_after_sound_is_counted_from_its_beginning():
    silence = DigitalSilence()
    for samples in (np.zeros((9, 1)), np.ones((1, 1)), np.zeros((9, 1))):
        assert silence.take(samples, 1) is None
    assert not silence.reopen_due
    assert silence.take(np.zeros((1, 1)), 1) is not None
