"""PortAudio's captures, on a stand-in for the sounddevice package."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edge_runtime.errors import AudioDeviceError, MissingDependencyError
from edge_runtime.sources import devices, microphone, portaudio
from edge_runtime.sources.devices import RefusedError
from edge_runtime.sources.driver_calls import Driver
from edge_runtime.sources.microphone import Microphone

CLEAR, OVERFLOW = SimpleNamespace(input_overflow=False), SimpleNamespace(input_overflow=True)


class PortAudioError(Exception):
    pass


class FakeSounddevice:
    """Knows microphones that have some rates; remembers the streams that it opened."""

    PortAudioError = PortAudioError

    def __init__(self, *names, rates=(44_100, 48_000), channels=2):
        self.default = SimpleNamespace(device=[0, 0])
        self.names, self.rates, self.channels = list(names), rates, channels
        self.streams, self.restarts = [], 0
        self.error = None
        self.opens_at = None
        self.listed = self.names[:]

    def query_devices(self, device="all", kind=None):
        described = [
            {"name": name, "index": index, "max_input_channels": self.channels,
             "default_samplerate": float(self.rates[0])}
            for index, name in enumerate(self.listed)
        ]  # fmt: skip
        return described if device == "all" else described[self.default.device[0]]

    def check_input_settings(self, *, samplerate, **_):
        if samplerate not in self.rates:
            raise PortAudioError("Invalid sample rate", -9997)

    def InputStream(self, **how):
        self.check_input_settings(**how)
        if self.error:
            raise self.error
        stream = SimpleNamespace(
            **how, start=lambda: None, close=how["finished_callback"], open=True
        )
        stream.samplerate = self.opens_at or stream.samplerate
        self.streams.append(stream)
        return stream

    def _terminate(self):
        self.restarts += 1

    def _initialize(self):
        self.listed = self.names[:]


def capture(library, device=None, rate=None, channels=1):
    return portaudio.PortAudioCapture(library, device, rate, channels, Driver())


def give(stream, value, flags=CLEAR, at=0.0):
    """PortAudio hands over a block in the buffer that it uses again and again."""
    give.buffer[:] = value
    clock = SimpleNamespace(inputBufferAdcTime=at)
    stream.callback(give.buffer, len(give.buffer), clock, flags)


give.buffer = np.zeros((4410, 1), np.int16)


def test_sound_goes_into_the_ring_and_its_oldest_is_dropped_to_the_sample():
    library = FakeSounddevice("usb")
    opened = capture(library)
    assert (opened.name, opened.rate, opened.channels) == ("usb", 44_100, 1)
    for block in range(103):
        give(library.streams[0], block)
    chunks = opened.chunks(threading.Event())
    first = next(chunks)
    assert first.dropped == 3 * 4410
    assert set(first.samples[:, 0]) == {3}
    assert [next(chunks).dropped for _ in range(99)] == [0] * 99
    chunks.close()


def test_a_stream_that_ends_is_a_microphone_that_is_lost_after_its_last_sound():
    library = FakeSounddevice("usb")
    opened = capture(library)
    give(library.streams[0], 5)
    library.streams[0].finished_callback()
    chunks = []
    with pytest.raises(AudioDeviceError, match="microphone 'usb' stopped delivering sound"):
        chunks.extend(opened.chunks(threading.Event()))
    assert len(chunks) == 1


def test_a_stream_is_closed_once():
    """PortAudio's streams are freed memory after that."""
    library = FakeSounddevice("usb")
    opened, closed = capture(library), []
    library.streams[0].close = lambda: closed.append(True)
    opened.close()
    opened.close()
    with pytest.raises(AudioDeviceError):
        list(opened.chunks(threading.Event()))
    assert closed == [True]


def test_what_portaudio_lost_is_counted_but_not_before_the_first_sound():
    library = FakeSounddevice("usb")
    opened = capture(library)
    for flags in (OVERFLOW, CLEAR, OVERFLOW, OVERFLOW):
        give(library.streams[0], 1, flags)
    assert opened.overflows == 2


def test_how_much_portaudio_lost_is_what_the_devices_clock_says():
    library = FakeSounddevice("usb")
    opened = capture(library)
    for flags, at in ((CLEAR, 5.0), (OVERFLOW, 5.35), (CLEAR, 5.9)):
        give(library.streams[0], 1, flags, at)
    library.streams[0].finished_callback()
    chunks = []
    with pytest.raises(AudioDeviceError):
        chunks.extend(opened.chunks(threading.Event()))
    assert [chunk.dropped for chunk in chunks] == [0, 11_025, 0]
    assert opened.overflows == 0


def test_a_rate_that_the_microphone_lacks_is_refused_with_those_it_has():
    with pytest.raises(RefusedError, match=r"at 22050 Hz .*it has 44100, 48000 Hz"):
        capture(FakeSounddevice("usb"), rate=22_050)


def test_more_channels_than_there_are_are_refused_with_their_number():
    library = FakeSounddevice("usb")
    library.error = PortAudioError("Invalid number of channels", -9998)
    with pytest.raises(RefusedError, match=r"with 6 channel\(s\) .*it has 2 channel\(s\)"):
        capture(library, channels=6)


def test_a_microphone_without_permission_is_refused_with_the_group():
    library = FakeSounddevice("usb")
    library.error = PortAudioError("Unanticipated host error", -9999, (0, -13, "Permission denied"))
    with pytest.raises(AudioDeviceError, match="group audio"):
        capture(library)


def test_a_sound_card_without_permission_is_not_called_missing(monkeypatch, tmp_path):
    (tmp_path / "pcmC1D0c").touch()
    monkeypatch.setattr(devices, "_NODES", tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(AudioDeviceError, match="group audio"):
        capture(FakeSounddevice())
    monkeypatch.setattr("os.access", lambda *_: True)
    with pytest.raises(AudioDeviceError, match="no microphone found"):
        capture(FakeSounddevice())


def test_names_are_looked_up_among_the_microphones():
    library = FakeSounddevice("Built-in (hw:0,0)", "USB PnP (hw:1,0)", "USB Cam (hw:2,0)")
    assert capture(library, "pnp").name == "USB PnP (hw:1,0)"
    with pytest.raises(RefusedError, match=r"may be any of: USB PnP \(hw:1,0\), USB Cam"):
        capture(library, "usb")
    with pytest.raises(AudioDeviceError, match=r"did you mean 'Built-in"):
        capture(library, "biult-in")
    with pytest.raises(RefusedError, match="numbers change"):
        capture(library, "1")


class Stop:
    def is_set(self):
        return False


def test_a_microphone_that_is_plugged_in_later_is_found(monkeypatch):
    """PortAudio lists what there was when it started; it is started again for every try."""
    library = FakeSounddevice()
    monkeypatch.setattr(portaudio, "import_sounddevice", lambda: library)
    wanted = Microphone("usb", None, None, microphone.PORTAUDIO)
    with pytest.raises(AudioDeviceError, match="no microphone found"):
        wanted.open(Stop())
    library.names.append("USB PnP")
    assert wanted.open(Stop()).name == "USB PnP"
    assert library.restarts == 1


FAKE_ARECORD = """\
#!/bin/sh
echo 'RATE: [8000 192000]' >&2
while :; do head -c 9600 /dev/zero || exit; sleep 0.02; done
"""


@pytest.fixture
def arecord(tmp_path, monkeypatch):
    path = tmp_path / "arecord"
    path.write_text(FAKE_ARECORD)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return path


def test_an_alsa_id_goes_to_arecord_unless_portaudio_lists_it(monkeypatch, arecord: Path):
    library = FakeSounddevice("Built-in", "hw:CARD=Listed")
    monkeypatch.setattr(portaudio, "import_sounddevice", lambda: library)
    for device, kind in (
        ("hw:CARD=Listed", "PortAudioCapture"),
        ("plughw:CARD=Device", "ArecordCapture"),
        (None, "PortAudioCapture"),
    ):
        opened = Microphone(device, None, None).open(Stop())
        assert type(opened).__name__ == kind
        opened.close()
    with pytest.raises(AudioDeviceError, match="no microphone 'plughw:CARD=Device'"):
        Microphone("plughw:CARD=Device", None, None, microphone.PORTAUDIO).open(Stop())
    arecord.unlink()
    monkeypatch.setenv("PATH", str(arecord.parent))
    with pytest.raises(AudioDeviceError, match="no microphone 'plughw:CARD=Device'"):
        Microphone("plughw:CARD=Device", None, None).open(Stop())


@pytest.mark.parametrize(
    ("library", "remedies"),
    [
        (microphone.AUTO, ("libportaudio2", "alsa-utils")),
        (microphone.PORTAUDIO, ("libportaudio2",)),
        (microphone.ARECORD, ("alsa-utils",)),
    ],
)
def test_no_library_to_capture_with_is_no_matter_of_waiting(
    monkeypatch, tmp_path, library, remedies
):
    monkeypatch.setattr(portaudio, "import_sounddevice", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="no way to reach a microphone") as caught:
        Microphone(None, None, None, library).open(Stop())
    assert all(remedy in str(caught.value) for remedy in remedies)


@pytest.mark.parametrize(("default", "rate"), [(384_000, 192_000), (4000, 8000), (96_000, 96_000)])
def test_a_default_rate_that_cannot_be_resampled_is_the_nearest_that_can(default, rate):
    opened = capture(FakeSounddevice("usb", rates=(default, rate)))
    assert opened.rate == rate


def test_what_was_lost_is_counted_in_samples_of_each_channel():
    library = FakeSounddevice("usb")
    opened = capture(library, channels=2)
    block = np.ones((4410, 2), np.int16)
    for flags, at in ((CLEAR, 5.0), (OVERFLOW, 5.35)):
        clock = SimpleNamespace(inputBufferAdcTime=at)
        library.streams[0].callback(block, len(block), clock, flags)
    chunks = opened.chunks(threading.Event())
    assert [next(chunks).dropped, next(chunks).dropped] == [0, 11_025]
    chunks.close()


@pytest.mark.parametrize(("gap_s", "lost", "overflows"), [(9.9, 436_590, 0), (10.1, 0, 1)])
def test_a_jump_of_the_devices_clock_beyond_ten_seconds_is_no_loss_that_can_be_counted(
    gap_s, lost, overflows
):
    library = FakeSounddevice("usb")
    opened = capture(library)
    for flags, at in ((CLEAR, 5.0), (OVERFLOW, 5.1 + gap_s)):
        give(library.streams[0], 1, flags, at)
    chunks = opened.chunks(threading.Event())
    assert [next(chunks).dropped, next(chunks).dropped] == [0, lost]
    assert opened.overflows == overflows
    chunks.close()


def test_a_card_that_may_be_read_and_not_written_is_forbidden(tmp_path, monkeypatch):
    """ALSA opens it for both."""
    monkeypatch.setattr(devices, "_NODES", tmp_path)
    assert not devices.is_forbidden(), "there is no card"
    (tmp_path / "pcmC0D0c").touch()
    assert not devices.is_forbidden()
    monkeypatch.setattr(devices.os, "access", lambda _, mode: not mode & os.W_OK)
    assert devices.is_forbidden()


def test_a_rate_that_the_driver_did_not_open_is_refused_where_it_was_asked_for():
    library = FakeSounddevice("usb")
    library.opens_at = 48_000.0
    with pytest.raises(RefusedError, match=r"at 44100 Hz; it was opened at 48000 Hz"):
        capture(library, rate=44_100)
    library.opens_at = 44_099.6
    assert capture(library, rate=44_100).rate == 44_100


def test_the_rate_that_the_driver_opened_is_taken_where_none_was_asked_for():
    library = FakeSounddevice("usb")
    library.opens_at = 48_000.0
    opened = capture(library)
    assert opened.rate == 48_000
    assert library.streams[-1].samplerate == 48_000
    give(library.streams[-1], 7)
    library.streams[-1].finished_callback()
    chunk = next(opened.chunks(threading.Event()))
    assert set(chunk.samples[:, 0]) == {7}


def test_a_driver_that_never_opens_what_it_says_is_refused():
    library = FakeSounddevice("usb", rates=(44_100, 48_000, 32_000))
    answers = iter([48_000.0, 32_000.0])
    make = library.InputStream

    def other(**how):
        stream = make(**how)
        stream.samplerate = next(answers)
        return stream

    library.InputStream = other
    with pytest.raises(RefusedError, match=r"at 48000 Hz; it was opened at 32000 Hz"):
        capture(library)
