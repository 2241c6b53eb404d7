"""Containers are known by their first bytes, and raw samples are not taken for one."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.audio.file import DEMO_CLIP
from edge_runtime.audio.magic import HEAD_BYTES, container_of, is_readable, is_sound

from ..sounds import FLOAT, PCM, encode

RANDOM = np.random.default_rng(0)


def stored(container, samples, rate=44_100, **how):
    """The bytes of a file that soundfile writes."""
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate, 1, format=container, **how) as file:
        file.write(samples)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def demo():
    samples, rate = soundfile.read(DEMO_CLIP, dtype="float32")
    assert rate == 22_050
    return samples


@pytest.mark.parametrize(
    ("container", "name"),
    [
        ("WAV", "a WAV file"), ("WAVEX", "a WAV file"), ("RF64", "a WAV file (RF64)"),
        ("W64", "a W64 file"), ("AU", "an AU file"), ("AIFF", "an AIFF file"),
        ("CAF", "a CAF file"), ("OGG", "an Ogg file"), ("FLAC", "a FLAC file"),
        ("VOC", "a VOC file"),
    ],
)  # fmt: skip
def test_a_container_is_known_by_its_letters(container, name, demo):
    assert container_of(stored(container, demo[:1000])[:32]) == name


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "an MP4 file"),
        (b"\0\0\0\x18styp", "an MP4 stream"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "a WebM or Matroska file"),
        (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "a WMA file"),
        (b"MAC \x96\x0f", "a Monkey's Audio file"),
        (b"wvpk\0\1\0\0", "a WavPack file"),
        (b"#!AMR\n<", "an AMR file"),
        (b"ID3\3\0\0\0\0\0\0", "an MP3 file"),
        (b"FORM\0\0\1\0AIFCFVER", "an AIFF file"),
        (b"RIFX\0\0\1\0WAVE", "a WAV file"),
        (b"\0\0\0\x64moof\0\0\0\x10mfhd", "an MP4 stream"),
        (b"\0\0\0\x08free\0\0\0\x10mdat", "an MP4 file"),
        (b"\0\0\1\xbaD\0\4\0", "an MPEG program stream"),
    ],
)
def test_a_container_that_soundfile_does_not_write_is_known(head, name):
    assert container_of(head) == name
    assert is_sound(name)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xef\xbb\xbf#EXTM3U\n", "a playlist"),
        (b"[playlist]\nFile1=http://radio/", "a playlist"),
        (b"http://radio/live.mp3\n", "a playlist"),
        (b"\r\n<!DOCTYPE html><html>", "a web page"),
        (b"HTTP/1.1 200 OK\r\n", "the header of a web server"),
        (b"RTSP/1.0 200 OK\r\n", "the header of a web server"),
        (b'{"error": "not found"}', "a JSON document"),
        (b'<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">', "a playlist"),
        (b"MThd\0\0\0\6\0\1", "a MIDI file"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\3", "gzip data"),
    ],
)
def test_what_a_web_address_gives_in_place_of_sound_is_known(head, name):
    assert container_of(head) == name
    assert not is_sound(name)


@pytest.mark.parametrize("lost", [1, 100, 5000])
def test_ogg_is_known_wherever_one_joins(lost, demo):
    found = container_of(stored("OGG", demo)[lost:][:HEAD_BYTES])
    assert found == "a part of an Ogg stream"
    assert is_sound(found)
    assert not is_readable(found)


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("loudness", [0.0, 1.0])
def test_mp3_without_a_tag_is_known_wherever_one_joins(rate, mode, loudness, demo):
    settings = {"subtype": "MPEG_LAYER_III", "bitrate_mode": mode, "compression_level": 0.3}
    stream = stored("MP3", loudness * demo[: 8 * rate], rate, **settings)
    assert container_of(stream[:HEAD_BYTES]) is not None
    for begin in RANDOM.integers(1, max(2, len(stream) - HEAD_BYTES), 4):
        assert container_of(stream[begin:][:HEAD_BYTES]) == "an MP3 stream"


def mpeg_frames(header, length, n):
    return b"".join(bytes.fromhex(header) + RANDOM.bytes(length - 4) for _ in range(n))


def adts_frames(n):
    """AAC LC at 44100 Hz, stereo, in frames of 371 bytes."""
    length = 371
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | length >> 11, length >> 3 & 0xFF, 0x1F, 0xFC])
    header = header[:5] + bytes([(length & 7) << 5 | 0x1F]) + header[6:]
    return b"".join(header + RANDOM.bytes(length - 7) for _ in range(n))


def transport_stream(n):
    return b"".join(b"\x47\x41\0\x10" + RANDOM.bytes(184) for _ in range(n))


@pytest.mark.parametrize("begin", [0, 100])
@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (mpeg_frames("fffb9064", 417, 8), "an MP3 stream"),
        (mpeg_frames("fffda404", 576, 8), "an MP3 stream"),  # layer II
        (adts_frames(8), "an AAC stream"),
    ],
)
def test_frames_are_known_from_the_first_or_from_a_later_one(stream, name, begin):
    assert container_of(stream[begin:]) == name


def test_two_frames_are_enough_at_the_start_and_one_is_not():
    assert container_of(mpeg_frames("fffb9064", 417, 2)) == "an MP3 stream"
    assert container_of(mpeg_frames("fffb9064", 417, 1) + RANDOM.bytes(413)) is None
    other_rate = mpeg_frames("fffb9064", 417, 1) + mpeg_frames("fffb9464", 384, 1)
    assert container_of(other_rate) is None


def test_a_transport_stream_is_known_and_a_steady_level_like_it_is_not():
    assert container_of(transport_stream(8)) == "an MPEG transport stream"
    assert container_of(b"\x47\x41\0\x10" * 2000) is None
    assert container_of(b"\x47" * HEAD_BYTES) is None


FORMATS = [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)]


@settings(max_examples=40)
@given(
    kind=st.sampled_from(FORMATS),
    level_db=st.floats(-100.0, 20.0),
    begin=st.integers(0, 500_000),
    channels=st.integers(1, 2),
)
def test_music_as_raw_samples_is_never_taken_for_a_container(kind, level_db, begin, channels, demo):
    sound = demo[begin : begin + HEAD_BYTES] * 10 ** (level_db / 20)
    sound = np.clip(np.repeat(sound, channels), -1.0, 1.0 - 2.0**-23)
    assert container_of(encode(sound, *kind)[:HEAD_BYTES]) is None


@settings(max_examples=40)
@given(
    kind=st.sampled_from(FORMATS),
    amplitude=st.floats(1e-5, 0.999),
    period=st.integers(2, 1200),
    square=st.booleans(),
)
def test_a_tone_as_raw_samples_is_never_taken_for_a_container(kind, amplitude, period, square):
    sound = np.sin(2 * np.pi * np.arange(HEAD_BYTES) / period)
    sound = amplitude * (np.sign(sound) if square else sound)
    assert container_of(encode(sound, *kind)[:HEAD_BYTES]) is None


@settings(max_examples=100)
@given(pattern=st.binary(min_size=1, max_size=800))
def test_bytes_that_repeat_are_never_taken_for_a_stream(pattern):
    # Letters at the very start are a container's; whatever follows must not look like frames.
    data = (b"\x80" + pattern * (HEAD_BYTES // len(pattern) + 1))[:HEAD_BYTES]
    assert container_of(data) is None


def test_a_tone_whose_period_is_that_of_mp3_frames_is_no_stream():
    # 500 Hz at 48000 Hz in stereo repeats after 384 bytes: a frame of 128 kbit/s.
    period = b"\xff\xfb\x94\x64" + RANDOM.bytes(380)
    assert container_of(period * 20) is None
    # 500 Hz at 8000 Hz in 8 bits repeats after 16.
    assert container_of((b"\xff\xf5\xda\xb1" + RANDOM.bytes(12)) * 500) is None


def test_steady_levels_are_no_stream():
    for value in range(0, 65_536, 7):
        assert container_of(np.full(HEAD_BYTES // 2, value, "<u2").tobytes()) is None
