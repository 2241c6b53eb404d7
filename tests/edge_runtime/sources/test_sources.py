"""Where sound comes from: pipes and files."""

import fcntl
import os
import struct
import termios
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.audio.file import open_audio
from edge_runtime.audio.pcm import PcmFormat
from edge_runtime.errors import AudioFormatError
from edge_runtime.sources.file import FileSource
from edge_runtime.sources.raw import RawSource

from ..sounds import PCM, RATE, encode, noise, wav_bytes, write_wav
from .clock import Clock

MANY_SECONDS = 30.0


def raw(descriptor, *, rate=RATE, channels=1, form="S16_LE"):
    return RawSource(
        descriptor, rate=rate, channels=channels, sample_format=PcmFormat(form), name="stdin"
    )


def wait_until_read(descriptor):
    """Wait until all bytes of a pipe were read."""
    deadline = time.monotonic() + MANY_SECONDS
    while struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]:
        assert time.monotonic() < deadline
        time.sleep(0.0001)


def chunks_of(pieces, **how):
    """Chunks of a raw source whose pipe gets the pieces one by one, and then ends."""
    reader, writer = os.pipe()

    def feed():
        try:
            for piece in pieces:
                os.write(writer, piece)
                wait_until_read(writer)
        finally:
            os.close(writer)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        return list(raw(reader, **how).chunks(threading.Event()))
    finally:
        os.read(reader, 1 << 20)
        feeder.join(MANY_SECONDS)
        os.close(reader)


def samples_of(chunks):
    return np.concatenate([chunk.samples for chunk in chunks])


STORED = encode(noise(300, channels=2), PCM, 16)


@settings(max_examples=25)
@given(cuts=st.lists(st.integers(0, len(STORED)), max_size=12))
def test_frames_may_be_cut_anywhere_on_their_way_through_the_pipe(cuts):
    ends = [*sorted(cuts), len(STORED)]
    pieces = [STORED[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]
    chunks = samples_of(chunks_of(pieces, channels=2))
    assert np.array_equal(chunks, np.frombuffer(STORED, "<i2").reshape(-1, 2) / np.float32(32768))


@pytest.mark.parametrize(
    ("form", "stored", "expected"),
    [
        ("U8", "00 80", [[-1.0, 0.0]]),
        ("S16_LE", "0080 0040", [[-1.0, 0.5]]),
        ("S24_3LE", "000080 000040", [[-1.0, 0.5]]),
        ("S32_LE", "00000080 00000040", [[-1.0, 0.5]]),
        ("FLOAT_LE", "000080bf 0000003f", [[-1.0, 0.5]]),
        ("FLOAT64_LE", "000000000000f0bf 000000000000e03f", [[-1.0, 0.5]]),
    ],
)
def test_every_format_is_read_with_full_scale_at_one(form, stored, expected):
    (chunk,) = chunks_of([bytes.fromhex(stored)], channels=2, form=form)
    assert chunk.samples.tolist() == expected
    assert chunk.dropped == 0


def test_half_a_frame_at_the_end_is_left_out():
    assert samples_of(chunks_of([STORED + b"\1\2\3"], channels=2)).shape == (300, 2)


def test_an_empty_pipe_gives_nothing():
    assert chunks_of([]) == []
    assert chunks_of([b"\1"]) == []


def test_chunks_are_a_tenth_of_a_second_at_most():
    chunks = chunks_of([bytes(40_000)], rate=8000)
    assert max(len(chunk.samples) for chunk in chunks) <= 800
    assert sum(len(chunk.samples) for chunk in chunks) == 20_000


@pytest.mark.parametrize("head", [wav_bytes(noise(50)), b"OggS\0", b"fLaC\0", b"ID3\4\0\0"])
def test_an_audio_file_on_the_pipe_is_refused(head):
    with pytest.raises(AudioFormatError, match=r"stdin: holds an? .* file, not raw samples"):
        chunks_of([head])


@pytest.mark.parametrize("form", ["U8", "S16_LE", "FLOAT_LE"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_an_audio_file_is_refused_however_few_bytes_arrive_at_first(size, form):
    data = wav_bytes(noise(50))
    with pytest.raises(AudioFormatError, match="stdin: holds a WAV file, not raw samples"):
        chunks_of([data[:size], data[size:]], form=form)


@pytest.mark.parametrize("size", [1, 400, 5000])
def test_a_radio_that_was_joined_in_the_middle_of_a_frame_is_refused(size):
    body = np.random.default_rng(0).bytes(413)
    data = body[:100] + b"".join(b"\xff\xfb\x90\x64" + body[n:] + body[:n] for n in range(30))
    with pytest.raises(AudioFormatError, match="stdin: holds an MP3 stream, not raw samples"):
        chunks_of([data[:size], data[size:]])


def test_the_refusal_has_the_line_that_makes_samples_of_it():
    with pytest.raises(
        AudioFormatError, match=r"ffmpeg -i - -f s32le -ac 2 -ar 48000 - \| edge-genre listen"
    ):
        chunks_of([b"ID3\4\0\0\0\0"], rate=48_000, channels=2, form="S32_LE")
    for head, named in ((b"fLaC\0\0\0\0", True), (b"\0\0\0\x20ftypM4A ", False)):
        with pytest.raises(AudioFormatError) as refusal:
            chunks_of([head])
        assert ("name the file with --input FILE" in str(refusal.value)) is named
    with pytest.raises(AudioFormatError, match=r"a playlist, not sound; .* ffmpeg -i ADDRESS -f"):
        chunks_of([b"#EXTM3U\nhttp://radio/live\n"])


def test_what_was_held_back_is_heard_when_the_source_is_stopped():
    reader, writer = os.pipe()
    os.write(writer, STORED)
    stops = iter([False, True])
    source = raw(reader).chunks(SimpleNamespace(is_set=lambda: next(stops)))
    assert len(samples_of(source)) == 600
    os.close(reader)
    os.close(writer)


def test_samples_that_look_like_a_header_are_taken_in_the_middle():
    chunks = chunks_of([b"\x80", b"RIFF0000WAVE", b"fLaC"], form="U8")
    assert len(samples_of(chunks)) == 17


def test_a_source_that_was_stopped_reads_nothing():
    reader, writer = os.pipe()
    os.write(writer, STORED)
    stop = threading.Event()
    stop.set()
    assert list(raw(reader).chunks(stop)) == []
    assert os.read(reader, 1 << 20) == STORED
    os.close(reader)
    os.close(writer)


def test_a_source_stops_while_it_waits_for_a_pipe_that_stays_open():
    reader, writer = os.pipe()
    os.write(writer, STORED)
    stop, chunks = threading.Event(), []
    listener = threading.Thread(target=lambda: chunks.extend(raw(reader).chunks(stop)))
    listener.start()
    wait_until_read(writer)
    stop.set()
    listener.join(MANY_SECONDS)
    assert not listener.is_alive()
    assert len(samples_of(chunks)) == 600
    os.close(reader)
    os.close(writer)


@pytest.fixture
def clip(tmp_path):
    return open_audio(write_wav(tmp_path / "clip.wav", noise(8000, channels=2), rate=16000))


@pytest.fixture
def clock(monkeypatch):
    """Seconds pass for a file when it sleeps, and only then."""
    clock = Clock()
    stand_in = SimpleNamespace(monotonic=clock, sleep=clock.sleep)
    monkeypatch.setattr("edge_runtime.sources.file.time", stand_in)
    return clock


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("speed", [None, 0.1, 1.0, 100.0])
def test_a_file_gives_all_of_its_samples_at_any_speed(clip, speed):
    source = FileSource(clip, speed=speed)
    assert (source.name, source.rate, source.channels) == ("clip.wav", 16000, 2)
    assert source.seconds == 0.5
    chunks = list(source.chunks(threading.Event()))
    assert [len(chunk.samples) for chunk in chunks] == [1600] * 5
    assert np.array_equal(samples_of(chunks), np.concatenate(list(clip.blocks())))


def test_a_file_is_never_ahead_of_the_clock(clip, clock):
    begin, played = clock.now, 0.0
    for chunk in FileSource(clip, speed=2.0).chunks(threading.Event()):
        played += len(chunk.samples) / 16000
        assert clock.now - begin == pytest.approx(played / 2.0)
    assert max(clock.slept) <= 0.2, "it looks at the stop flag while it waits"


def test_a_file_plays_until_it_is_stopped(clip):
    stop, chunks = threading.Event(), []
    for chunk in FileSource(clip, speed=None).chunks(stop):
        chunks.append(chunk)
        if len(chunks) == 2:
            stop.set()
    assert len(chunks) == 2


def test_a_slow_file_stops_without_waiting_for_its_next_chunk(clip):
    stop, chunks = threading.Event(), []
    source = FileSource(clip, speed=0.0001)  # 1000 s a chunk
    listener = threading.Thread(target=lambda: chunks.extend(source.chunks(stop)))
    listener.start()
    stop.set()
    listener.join(MANY_SECONDS)
    assert not listener.is_alive()
    assert chunks == []


def test_a_file_that_breaks_off_is_told_with_how_much_was_heard(tmp_path, caplog):
    path = tmp_path / "damaged.ogg"
    soundfile.write(path, noise(4 * RATE), RATE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200] = b"\xff" * 200
    path.write_bytes(content)
    audio = open_audio(path)
    frames = sum(
        len(chunk.samples) for chunk in FileSource(audio, speed=None).chunks(threading.Event())
    )
    assert 0 < frames < 3.9 * RATE
    assert caplog.messages == [
        f"{path}: truncated: 4.0 s are promised, {frames / RATE:.1f} s can be decoded and are "
        "used; copy it again"
    ]
