"""WAV files, built byte by byte, against libsndfile."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.audio.pcm import PcmFormat
from edge_runtime.audio.wav import UnsupportedWavError, is_wav, read_blocks, read_header
from edge_runtime.errors import AudioFormatError

from ..sounds import (
    ALAW,
    FLOAT,
    PCM,
    UNKNOWN_LENGTH,
    chunk,
    encode,
    format_chunk,
    noise,
    riff,
    wav_bytes,
)

ENCODINGS = [(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)]
NAME = Path("clip.wav")


def read(data: bytes, block_frames: int = 1000):
    file = io.BytesIO(data)
    header = read_header(file, NAME)
    blocks = list(read_blocks(file, header, block_frames))
    empty = np.zeros((0, header.channels), np.float32)
    return header, np.concatenate([empty, *blocks])


def read_by_libsndfile(data: bytes):
    return soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]


@pytest.mark.parametrize("extensible", [False, True], ids=["plain", "extensible"])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(("tag", "bits"), ENCODINGS)
def test_samples_equal_libsndfiles(tag, bits, channels, extensible):
    data = wav_bytes(
        noise(2500, channels=channels, scale=0.4), tag=tag, bits=bits, extensible=extensible
    )
    header, samples = read(data)
    assert (header.rate, header.channels, header.frames) == (22050, channels, 2500)
    assert not header.truncated
    assert samples.dtype == np.float32
    assert np.array_equal(samples, read_by_libsndfile(data))


@pytest.mark.parametrize(("tag", "bits"), ENCODINGS[:4])
def test_full_scale_equals_libsndfiles(tag, bits):
    data = wav_bytes(np.array([1.0, -1.0, 0.0, 0.5, -0.5]), tag=tag, bits=bits)
    samples = read(data)[1]
    assert samples[1, 0] == -1.0
    assert np.array_equal(samples, read_by_libsndfile(data))


@given(st.integers(1, 700))
def test_the_block_length_does_not_change_the_samples(block_frames):
    data = wav_bytes(noise(600, channels=2), bits=24)
    assert np.array_equal(read(data, block_frames)[1], read_by_libsndfile(data))


@pytest.mark.parametrize("payload", [b"", b"odd", b"even", b"x" * 1001])
def test_other_chunks_are_skipped_wherever_they_stand(payload):
    samples = noise(300)
    data = riff(
        chunk(b"LIST", payload),
        format_chunk(PCM, 16),
        chunk(b"bext", payload),
        chunk(b"data", encode(samples, PCM, 16)),
        chunk(b"LIST", payload),
    )
    assert np.array_equal(read(data)[1], read_by_libsndfile(wav_bytes(samples)))


def test_an_odd_number_of_data_bytes_ends_with_the_last_whole_frame():
    payload = encode(noise(300, channels=2), PCM, 24)
    data = riff(format_chunk(PCM, 24, channels=2), chunk(b"data", payload + b"\1\2\3"))
    header, samples = read(data)
    assert samples.shape == (300, 2)
    assert not header.truncated


@pytest.mark.parametrize("length", [0, UNKNOWN_LENGTH])
def test_samples_reach_to_the_end_where_the_recorder_left_the_length_out(length):
    data = bytearray(wav_bytes(noise(500), length=length))
    data[4:8] = length.to_bytes(4, "little")  # such a recorder has not filled in this one, either
    header, samples = read(bytes(data))
    assert header.promised_bytes is None
    assert not header.truncated
    assert np.array_equal(samples, read(wav_bytes(noise(500)))[1])


def test_a_file_of_no_samples_has_no_frames():
    header, samples = read(wav_bytes(noise(0)))
    assert header.frames == len(samples) == 0


def test_an_empty_data_chunk_does_not_swallow_the_chunks_after_it():
    tags = b"INFOISFT\4\0\0\0me\0\0"
    data = riff(format_chunk(PCM, 16), chunk(b"data", b""), chunk(b"LIST", tags))
    assert len(read_by_libsndfile(data)) == 0
    assert read(data)[0].frames == 0


@pytest.mark.parametrize("lost", [1, 2, 3, 400, 998])
def test_a_truncated_file_gives_the_frames_that_are_there(lost):
    data = wav_bytes(noise(500))
    header, samples = read(data[:-lost])
    assert header.truncated
    assert header.promised_bytes == 1000
    assert np.array_equal(samples, read(data)[1][: (1000 - lost) // 2])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (riff(), "no fmt chunk"),
        (riff(chunk(b"LIST", b"abc")), "no fmt chunk"),
        (riff(format_chunk(PCM, 16)), "no data chunk"),
        (riff(chunk(b"data", b"\0" * 8)), "no valid fmt chunk"),
        (riff(chunk(b"fmt ", b"\1\0" * 7), chunk(b"data", b"")), "no valid fmt chunk"),
        (riff(format_chunk(PCM, 16, channels=0), chunk(b"data", b"")), "0 channels"),
        (riff(format_chunk(PCM, 16, rate=0), chunk(b"data", b"")), "at 0 Hz"),
    ],
)
def test_a_broken_header_is_refused_with_the_files_name(data, complaint):
    with pytest.raises(AudioFormatError, match=rf"clip\.wav: .*{complaint}"):
        read(data)


@pytest.mark.parametrize("length", range(12, 44))
def test_a_file_cut_within_its_header_is_refused(length):
    with pytest.raises(AudioFormatError, match=r"clip\.wav"):
        read(wav_bytes(noise(10))[:length])


@pytest.mark.parametrize(("tag", "bits"), [(ALAW, 8), (PCM, 12), (PCM, 64), (FLOAT, 16), (2, 4)])
def test_other_encodings_are_left_to_soundfile(tag, bits):
    with pytest.raises(UnsupportedWavError, match="16-bit PCM"):
        read(riff(format_chunk(tag, bits), chunk(b"data", b"\0" * 80)))


def test_only_riff_wave_is_wav():
    assert is_wav(wav_bytes(noise(1))[:12])
    for head in (b"", b"RIFF", b"RIFF\0\0\0\0AVI ", b"RIFX\0\0\0\0WAVE", b"fLaC\0\0\0\0WAVE"):
        assert not is_wav(head)


def assert_read_or_refused(data: bytes) -> None:
    file = io.BytesIO(data)
    try:
        header = read_header(file, NAME)
    except AudioFormatError:
        return
    assert 0 <= header.data_start + header.data_bytes <= len(data)
    frames = sum(len(block) for block in read_blocks(file, header, 4096))
    assert frames == header.frames


@given(st.binary(max_size=200))
def test_any_bytes_after_the_head_are_read_or_refused(tail):
    assert_read_or_refused(b"RIFF\0\0\0\0WAVE" + tail)


names = st.sampled_from([b"fmt ", b"data", b"LIST", b"junk"])
lengths = st.one_of(st.none(), st.integers(0, 60), st.sampled_from([2**31, 2**32 - 1, 2**32 - 2]))


@given(st.lists(st.tuples(names, st.binary(max_size=40), lengths), max_size=6))
def test_any_chunks_are_read_or_refused(chunks):
    assert_read_or_refused(riff(*(chunk(name, data, length=n) for name, data, n in chunks)))


@given(
    encoding=st.sampled_from(ENCODINGS),
    extensible=st.booleans(),
    position=st.integers(0, 67),
    value=st.integers(0, 255),
)
def test_a_file_with_one_wrong_byte_is_read_or_refused(encoding, extensible, position, value):
    tag, bits = encoding
    data = bytearray(wav_bytes(noise(20, channels=2), tag=tag, bits=bits, extensible=extensible))
    data[position] = value
    assert_read_or_refused(bytes(data))


@given(st.binary(min_size=16, max_size=40))
def test_any_format_chunk_is_read_or_refused(payload):
    assert_read_or_refused(riff(chunk(b"fmt ", payload), chunk(b"data", b"\0" * 64)))


def test_the_header_gives_the_format_of_the_samples():
    header = read(wav_bytes(noise(7, channels=2), bits=24, rate=48000))[0]
    assert header.format is PcmFormat.S24_3LE
    assert (header.rate, header.frame_bytes, header.data_bytes) == (48000, 6, 42)
    assert header.data_start == 44
    assert struct.calcsize("<4sI4s4sIHHIIHH4sI") == 44


def test_the_length_that_sox_writes_to_a_pipe_is_unknown_and_one_below_is_meant():
    assert read(wav_bytes(noise(500), length=0x7FFFF000))[0].promised_bytes is None
    assert read(wav_bytes(noise(500), length=0x7FFFEFFF))[0].promised_bytes == 0x7FFFEFFF


# --- files that were not closed


@pytest.mark.parametrize("riff_length", [0, 8, 36, 4088, UNKNOWN_LENGTH])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_length_of_zero_with_sound_behind_it_means_to_the_end(riff_length, channels):
    data = bytearray(wav_bytes(noise(500, channels=channels), length=0))
    data[4:8] = riff_length.to_bytes(4, "little")
    header, samples = read(bytes(data))
    assert header.promised_bytes is None
    assert np.array_equal(samples, read(wav_bytes(noise(500, channels=channels)))[1])


def test_silence_behind_a_length_of_zero_is_sound_too():
    assert read(wav_bytes(np.zeros(500), length=0))[0].frames == 500


def test_a_recording_that_was_not_closed_may_have_a_filler_before_its_samples():
    samples = encode(noise(500), PCM, 16)
    data = riff(chunk(b"FLLR", b"\0" * 4044), format_chunk(PCM, 16), chunk(b"data", b"") + samples)
    assert np.array_equal(read(data)[1], read(wav_bytes(noise(500)))[1])


@pytest.mark.parametrize("first", [0, 3, 100])
def test_a_second_chunk_of_samples_is_read_behind_the_first(first):
    one, two = encode(noise(first), PCM, 16), encode(noise(400, seed=1), PCM, 16)
    data = riff(
        format_chunk(PCM, 16), chunk(b"data", one), chunk(b"LIST", b"odd"), chunk(b"data", two)
    )
    header, samples = read(data)
    expected = np.concatenate([noise(first), noise(400, seed=1)])
    assert np.array_equal(samples, read(wav_bytes(expected))[1])
    assert not header.truncated
    assert read(data[:-100])[0].truncated


@pytest.mark.parametrize("wraps", [1, 2])
@pytest.mark.parametrize("listed", [True, False], ids=["with a list", "without"])
def test_a_length_of_more_than_32_bits_is_found(tmp_path, wraps, listed):
    rest = 1000
    tail = chunk(b"LIST", b"tags") if listed else b""
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(wav_bytes(noise(500))[:44])  # of 1000 bytes
        file.seek(44 + wraps * 2**32 + rest)
        file.write(tail or b"")
        file.truncate()
        size = file.tell()
    with path.open("rb") as file:
        header = read_header(file, path)
    assert size > wraps * 2**32
    assert header.data_bytes == wraps * 2**32 + rest
    assert not header.truncated
    assert not header.unread_bytes


def test_bytes_in_no_chunk_are_counted_and_not_read():
    data = wav_bytes(noise(500)) + encode(noise(2000), PCM, 16)
    header, samples = read(data)
    assert len(samples) == 500
    assert header.unread_bytes == 4000
    assert read(wav_bytes(noise(500)) + chunk(b"LIST", b"x" * 4000))[0].unread_bytes == 0


@pytest.mark.parametrize("padded", [True, False])
def test_an_odd_length_may_lack_its_padding(padded):
    name, samples = chunk(b"INAM", b"x" * 5), chunk(b"data", b"\1" * 3 * 501)
    if not padded:
        name, samples = name[:-1], samples[:-1]
    tags = chunk(b"LIST", b"INFO") + chunk(b"id3 ", b"x" * 4000)
    header, found = read(riff(name, format_chunk(PCM, 24), samples, tags))
    assert (len(found), header.unread_bytes) == (501, 0)


@pytest.mark.parametrize("tag", [b"ID3\3\0\0", b"TAG", b"APETAGEX"])
def test_a_tag_in_no_chunk_is_no_sound(tag):
    header, samples = read(wav_bytes(noise(500)) + tag + b"\1" * 4000)
    assert (len(samples), header.unread_bytes) == (500, 0)


def test_a_file_that_was_joined_to_another_is_counted():
    second = wav_bytes(noise(2000))
    header, samples = read(wav_bytes(noise(500)) + second)
    assert (len(samples), header.unread_bytes) == (500, len(second))


def test_no_length_in_a_header_is_taken_for_memory():
    class Watched(io.BytesIO):
        largest = 0

        def read(self, size=-1, /):
            self.largest = max(self.largest, size)
            return super().read(size)

    file = Watched(riff(chunk(b"fmt ", b"\1\0" * 8, length=2**31), chunk(b"data", b"\0" * 8)))
    with pytest.raises(AudioFormatError):
        read_header(file, NAME)
    assert file.largest < 1000
