"""Captures by ``arecord``, played by shell scripts that print what the real one does."""

import re
import threading

import numpy as np
import pytest

from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources import arecord
from edge_runtime.sources.arecord import open_arecord
from edge_runtime.sources.arecord_output import ArecordOutput
from edge_runtime.sources.devices import RefusedError

ABILITIES = b"""\
Recording raw data 'stdin' : Signed 16 bit Little Endian, Rate 48000 Hz, Mono
HW Params of device "hw:CARD=Device":
--------------------
ACCESS:  MMAP_INTERLEAVED RW_INTERLEAVED
FORMAT:  S16_LE
CHANNELS: 2
RATE: [8000 44100]
PERIOD_TIME: (31 371520)
--------------------
"""
LISTING = """\
null
    Discard all samples (playback) or generate zero samples (capture)
default
    Default Audio Device
hw:CARD=Device,DEV=0
    USB PnP Sound Device, USB Audio
    Direct hardware device without any conversions
plughw:CARD=Device,DEV=0
    USB PnP Sound Device, USB Audio
    Hardware device with all software conversions
plughw:CARD=Camera,DEV=0
    HD Webcam, USB Audio
    Hardware device with all software conversions
"""
GIVES = "while :; do head -c 9600 /dev/zero || exit; sleep 0.02; done"
SETTINGS = r"""
rate=$(echo "$*" | sed 's/.*-r \([0-9]*\).*/\1/')
channels=$(echo "$*" | sed 's/.*-c \([0-9]*\).*/\1/')
device=$(echo "$*" | sed 's/.*-D \([^ ]*\).*/\1/')
"""


@pytest.fixture
def play(tmp_path, monkeypatch):
    """Make a script be arecord."""
    (tmp_path / "listing").write_text(LISTING)
    (tmp_path / "abilities").write_bytes(ABILITIES)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(arecord, "_no_sound_card", lambda: False)

    def be(script):
        path = tmp_path / "arecord"
        listing = f'[ "$1" = -L ] && exec cat {tmp_path}/listing\n'
        script = script.replace("ABILITIES", f"cat {tmp_path}/abilities >&2")
        path.write_text(f"#!/bin/sh\n{listing}{SETTINGS}{script}\n")
        path.chmod(0o755)

    return be


@pytest.fixture
def opened():
    """Open, and close at the end."""
    captures = []

    def open_(device=None, rate=None, channels=None):
        captures.append(open_arecord(device, rate, channels, threading.Event()))
        return captures[-1]

    yield open_
    for capture in captures:
        capture.close()


def test_sound_is_taken_from_the_process_and_words_are_not(play, opened):
    play("echo 'overrun!!! (at least 1.2 ms long)' >&2; printf '\\001\\000\\002\\000\\003'; exit 1")
    capture = opened()
    chunks = []
    with pytest.raises(AudioDeviceError, match=r"arecord ended \(exit code 1\)"):
        chunks.extend(capture.chunks(threading.Event()))
    assert np.concatenate([chunk.samples for chunk in chunks]).tolist() == [[1], [2]]
    assert capture.overflows == 1


def test_the_oldest_is_dropped_and_counted_when_it_is_not_taken(play, opened, monkeypatch):
    monkeypatch.setattr(arecord, "RING_SECONDS", 0.01)
    play("head -c 96000 /dev/zero")
    capture = opened()
    capture._reader.join(60.0)
    first = next(capture.chunks(threading.Event()))
    assert first.dropped == 48_000 - 480


def test_another_rate_is_taken_where_none_was_asked_for(play, opened):
    play(f"ABILITIES\n{GIVES}")
    assert opened().rate == 44_100


def test_a_rate_that_the_device_lacks_is_refused_with_those_it_has(play, opened):
    play(f"ABILITIES\n{GIVES}")
    with pytest.raises(RefusedError, match=r"at 48000 Hz; it has 8000 to 44100 Hz"):
        opened(rate=48_000)
    assert opened(rate=16_000).rate == 16_000


SETUP = """\
Plug PCM: Rate conversion PCM (48000)
Its setup is:
  stream       : CAPTURE
  format       : S16_LE
  channels     : CHANNELS
  rate         : RATE
  exact rate   : RATE (RATE/1)
  silence_threshold: 0
Slave: Hardware PCM card 1 'Device' device 0 subdevice 0
Its setup is:
  stream       : CAPTURE
  channels     : 8
  rate         : 96000
  hw_ptr       : 0
"""
WARNS = """
[ $rate = 48000 ] || cat >&2 <<END
Warning: rate is not accurate (requested = ${rate}Hz, got = 48000Hz)
         please, try the plug plugin
END
"""


def gives(rate, channels="$channels"):
    """A script that opens the device so, whatever it was asked for."""
    setup = SETUP.replace("RATE", str(rate)).replace("CHANNELS", str(channels))
    return f"cat >&2 <<END\n{setup}END\n{GIVES}"


@pytest.mark.parametrize("device", ["default", "hw:CARD=Device"])
@pytest.mark.parametrize("abilities", ["", "echo 'RATE: [8000 48000]' >&2"])
def test_a_warning_that_the_rate_is_another_one_refuses_the_wish(play, opened, device, abilities):
    play(abilities + WARNS + GIVES)
    with pytest.raises(RefusedError, match=r"at 44100 Hz; it has 48000 Hz; leave --rate out") as no:
        opened(device, rate=44_100)
    assert ("plughw:CARD=Device" in str(no.value)) is (device != "default")
    assert opened(rate=48_000).rate == 48_000


def test_a_warning_that_the_rate_is_another_one_is_followed_where_none_was_asked_for(
    play, opened, monkeypatch
):
    monkeypatch.setattr(arecord, "_RATE", 44_100)
    play(WARNS + GIVES)
    assert opened().rate == 48_000


def test_what_was_really_opened_is_believed_and_not_what_stands_behind_it(play, opened):
    # arecord warns of a difference of 5 % and more alone.
    play("ABILITIES\n" + gives(46_875))
    assert opened().rate == 46_875
    with pytest.raises(RefusedError, match=r"at 44100 Hz; it has 46875 Hz"):
        opened(rate=44_100)
    assert opened(rate=46_880).rate == 46_880, "a clock is never exact"


def test_another_number_of_channels_is_followed_or_refused(play, opened):
    play(gives("$rate", 2))
    capture = opened()
    assert (capture.rate, capture.channels) == (48_000, 2)
    with pytest.raises(RefusedError, match=r"with 1 channel\(s\); it has 2; leave --channels out"):
        opened(channels=1)


def test_a_device_that_is_another_one_each_time_is_refused(play, opened):
    play(gives("$((rate - 1000))"))
    with pytest.raises(RefusedError, match="at 47000 Hz; it has 46000 Hz"):
        opened()


def test_what_arecord_opened_is_no_complaint(play, opened):
    play(gives("$rate") + "; echo 'arecord: pcm_read: I/O error' >&2")
    capture = opened()
    capture.output.take(b"arecord: pcm_read: Input/output error\n")
    assert capture.output.complaint == "arecord: pcm_read: Input/output error"


STEREO = """ABILITIES
[ $channels = 2 ] || { echo 'arecord: set_params:1358: Channels count non available' >&2; exit 1; }
"""


def test_two_channels_are_taken_where_there_are_no_fewer(play, opened):
    play(STEREO + GIVES)
    assert opened().channels == 2
    with pytest.raises(RefusedError, match=r"with 6 channel\(s\); it has 2"):
        opened(channels=6)


def test_samples_of_another_size_are_refused_with_the_device_that_converts_them(play, opened):
    play("ABILITIES\necho 'arecord: set_params:1343: Sample format non available' >&2; exit 1")
    with pytest.raises(RefusedError, match="ask for plughw:CARD=Device instead"):
        opened("hw:CARD=Device")


@pytest.mark.parametrize(
    ("device", "meant"),
    [
        (None, "default"),
        ("hw:CARD=Device,DEV=0", "hw:CARD=Device,DEV=0"),
        ("plughw:CARD=Device", "plughw:CARD=Device"),
        ("pnp", "plughw:CARD=Device,DEV=0"),
        ("camera", "plughw:CARD=Camera,DEV=0"),
        ("webcam", "plughw:CARD=Camera,DEV=0"),
        ("unlisted", "unlisted"),
    ],
)
def test_a_part_of_an_id_or_of_its_description_chooses_the_device(play, opened, device, meant):
    play('echo "$device" >&2\n' + GIVES)
    capture = opened(device)
    assert capture.name == meant
    assert capture.output.complaint == meant


def test_a_name_that_fits_two_cards_is_refused(play, opened):
    play(GIVES)
    with pytest.raises(RefusedError, match=r"may be any of: .*Device.*Camera"):
        opened("usb audio")


def test_a_name_that_alsa_does_not_know_is_refused_with_similar_ones(play, opened):
    play('echo "ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM $device" >&2; exit 1')
    with pytest.raises(AudioDeviceError, match=r"Unknown PCM camara.*did you mean 'plughw:CARD=Ca"):
        opened("camara")


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("arecord: main:852: audio open error: Permission denied", "group audio"),
        ("arecord: main:852: audio open error: Device or resource busy", "resource busy"),
        ("ALSA lib confmisc.c:855:(parse_card) cannot find card '0'\n(snd_func_card_inum) x",
         "no microphone found"),
    ],
)  # fmt: skip
def test_why_it_cannot_be_opened_is_in_the_error(play, opened, printed, message):
    play("cat >&2 <<END\n" + printed + "\nEND\nexit 1")
    with pytest.raises(AudioDeviceError, match=message) as caught:
        opened()
    assert not isinstance(caught.value, RefusedError)
    assert "ALSA lib" not in str(caught.value)


def test_opening_ends_when_it_is_stopped(play):
    play("sleep 1000")
    stop = threading.Event()
    stop.set()
    assert open_arecord(None, None, None, stop) is None


def test_a_process_that_ignores_the_wish_to_end_is_killed(play, opened, monkeypatch):
    monkeypatch.setattr(arecord, "CLOSE_SECONDS", 0.1)
    play("trap '' TERM\n" + GIVES)
    capture = opened()
    capture.close()
    assert capture._process.poll() == -9


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_words_may_come_in_pieces(size):
    output = ArecordOutput()
    text = ABILITIES + b"overrun!!! (at least 3.4 ms long)\n" * 3 + b"arecord: pcm_read: trouble"
    for first in range(0, len(text), size):
        output.take(text[first : first + size])
    assert (output.overruns, output.complaint) == (3, "arecord: pcm_read: trouble")
    assert (output.rates, output.channels, output.formats) == ("8000 to 44100", "2", "S16_LE")
    assert [output.nearest_rate(rate) for rate in (4000, 16_000, 48_000)] == [8000, 16_000, 44_100]
    assert output.nearest_channels(1) == 2


def test_complaints_without_end_need_no_memory():
    output = ArecordOutput()
    for _ in range(1000):
        output.take(b"the same trouble again and again\n" * 10)
    output.take(b"x" * 1_000_000)
    assert len(output.complaint) < 12_000
    assert len(re.findall("again and again", output.complaint)) == 8
