"""Files that hold more, or less, than their header says are heard to their real end."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime.audio import ogg
from edge_runtime.audio.file import DEMO_CLIP, open_audio
from edge_runtime.audio.layout import layout_of
from edge_runtime.audio.samples import shortfall
from edge_runtime.errors import AudioFormatError

from ..sounds import RATE, noise
from .containers import (
    decoded,
    encoded,
    ogg_checksum,
    pages,
    with_granules,
    with_total,
    with_xing,
    without_xing,
    xing_at,
)

MUSIC, _ = soundfile.read(DEMO_CLIP, dtype="float32")
MUSIC = MUSIC[: 12 * RATE]
STEREO = np.stack([MUSIC, MUSIC[::-1]], axis=1)


def read(path: Path, content: bytes, seconds: float = 1.0):
    """The file, opened, and all its samples."""
    path.write_bytes(content)
    audio = open_audio(path)
    return audio, np.concatenate(list(audio.blocks(seconds)))


def assert_alike(one, other):
    """The same sound: joined MP3 files differ by what the encoder puts around them."""
    assert len(one) == pytest.approx(len(other), abs=0.15 * RATE)
    power = np.array([[np.mean(x[s : s + RATE] ** 2) for s in range(0, 10 * RATE, RATE)]
                      for x in (one, other)])  # fmt: skip
    assert np.allclose(10 * np.log10(power[0] / power[1]), 0.0, atol=1.0)


# --- as they are


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac", "mp3", "mp3-vbr"])
@pytest.mark.parametrize("seconds", [0.1, 1.0, 60.0])
def test_a_true_header_gives_libsndfiles_samples_in_blocks_of_any_length(tmp_path, kind, seconds):
    rate = 24_000 if kind == "opus" else RATE
    content = encoded(STEREO, kind, rate)
    audio, samples = read(tmp_path / "clip", content, seconds)
    assert np.allclose(samples, decoded(content), atol=1e-6)
    assert (audio.frames, audio.channels, audio.warning) == (len(samples), 2, None)


# --- Ogg


@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_every_stream_of_a_chained_ogg_is_heard(tmp_path, kind):
    rate = 24_000 if kind == "opus" else RATE
    parts = [encoded(part, kind, rate) for part in (MUSIC[:RATE], MUSIC[RATE:], MUSIC[:3000])]
    audio, samples = read(tmp_path / "radio.ogg", b"".join(parts))
    assert np.array_equal(samples, np.concatenate([decoded(part) for part in parts]))
    assert (audio.frames, audio.warning) == (len(samples), None)


def test_junk_between_chained_streams_is_skipped(tmp_path):
    parts = [encoded(part, "vorbis") for part in (MUSIC[:RATE], MUSIC[RATE:])]
    _, samples = read(tmp_path / "a.ogg", parts[0] + b"\0" * 70_000 + parts[1])
    assert np.array_equal(samples, np.concatenate([decoded(part) for part in parts]))


def test_streams_of_another_rate_and_number_of_channels_take_those_of_the_longest(tmp_path):
    jingle = encoded(MUSIC[:16_000], "vorbis", 16_000)
    audio, samples = read(tmp_path / "a.ogg", jingle + encoded(STEREO, "vorbis"))
    assert (audio.rate, audio.channels) == (RATE, 2)
    assert len(samples) == audio.frames == RATE + len(MUSIC)
    assert np.array_equal(samples[RATE:], decoded(encoded(STEREO, "vorbis")))
    assert np.array_equal(samples[:RATE, 0], samples[:RATE, 1])
    # The jingle is the music played slower: its level is the same.
    assert np.std(samples[:RATE]) == pytest.approx(np.std(MUSIC[:16_000]), rel=0.1)


@pytest.mark.parametrize("granule", [0, 100, 30_000])
@pytest.mark.parametrize("kind", ["vorbis", "opus"])
def test_a_last_ogg_page_with_a_small_granule_position_is_heard(tmp_path, kind, granule):
    rate = 24_000 if kind == "opus" else RATE
    content = encoded(MUSIC, kind, rate)
    odd = with_granules(content, lambda _: granule, last_only=True)
    audio, samples = read(tmp_path / "a.ogg", odd)
    whole = decoded(content)
    assert audio.frames == len(samples)
    assert len(whole) <= len(samples) < len(whole) + rate
    assert np.array_equal(samples[: len(whole)], whole)


def test_an_ogg_whose_granule_positions_are_all_small_is_heard_to_its_end(tmp_path):
    content = encoded(MUSIC, "vorbis")
    odd = with_granules(content, lambda granule: granule // 4, last_only=False)
    _, samples = read(tmp_path / "a.ogg", odd)
    assert len(samples) == pytest.approx(len(MUSIC), abs=4096)


def test_an_ogg_page_has_the_checksum_of_the_specification():
    content = encoded(MUSIC[:5000], "vorbis")
    for start, end in pages(content):
        page = bytearray(content[start:end])
        assert int.from_bytes(page[22:26], "little") == ogg_checksum(
            page[:22] + bytes(4) + page[26:]
        )
        assert ogg._checksum(page) == ogg_checksum(page)


def test_an_ogg_that_was_cut_off_says_so(tmp_path):
    content = encoded(MUSIC, "vorbis")
    audio, samples = read(tmp_path / "a.ogg", content[: len(content) // 2])
    assert 4 * RATE < len(samples) < 8 * RATE
    assert audio.warning == (
        f"{tmp_path}/a.ogg: truncated: its last Ogg page is missing; "
        f"{len(samples) / RATE:.1f} s are there and are used; copy it again"
    )


# --- MP3


@pytest.mark.parametrize("channels", [1, 2])
def test_a_variable_bit_rate_without_a_xing_frame_is_heard_to_its_end(tmp_path, channels):
    # Half of it is softer: an estimate from the first frames would be far off.
    sound = MUSIC * np.where(np.arange(len(MUSIC)) < 6 * RATE, 1.0, 0.01)
    if channels == 2:
        sound = np.stack([sound, sound[::-1]], axis=1)
    content = encoded(sound, "mp3-vbr")
    audio, samples = read(tmp_path / "a.mp3", without_xing(content))
    assert len(samples) == pytest.approx(len(MUSIC), abs=0.2 * RATE)
    assert (audio.frames, audio.channels, audio.warning) == (len(samples), channels, None)


@pytest.mark.parametrize("lost", [1, 300, 3000])
def test_an_mp3_that_begins_within_a_frame_is_heard_to_its_end(tmp_path, lost):
    content = without_xing(encoded(MUSIC, "mp3-vbr"))
    audio, samples = read(tmp_path / "radio", content[lost:])
    assert abs(len(MUSIC) - len(samples)) <= 0.5 * RATE
    assert (audio.frames, audio.warning) == (len(samples), None)


def test_an_mp3_behind_much_that_is_no_sound_is_heard_to_its_end(tmp_path):
    content = without_xing(encoded(MUSIC, "mp3-vbr"))
    audio, samples = read(tmp_path / "a.mp3", bytes(20_000) + content)
    assert_alike(samples[:, 0], MUSIC)
    assert (audio.frames, audio.warning) == (len(samples), None)


@pytest.mark.parametrize("kind", ["mp3", "mp3-vbr"])
def test_a_xing_frame_that_counts_too_few_frames_is_not_believed(tmp_path, kind):
    content = encoded(MUSIC, kind)
    audio, samples = read(tmp_path / "a.mp3", with_xing(content, lambda count: count // 3))
    assert np.allclose(samples, decoded(content), atol=1e-6)
    assert (audio.frames, audio.warning) == (len(samples), None)


@pytest.mark.parametrize("xing", [True, False])
def test_joined_mp3_files_are_all_heard(tmp_path, xing):
    parts = [encoded(part, "mp3-vbr") for part in (MUSIC[: 3 * RATE], MUSIC[3 * RATE :])]
    if not xing:
        parts = [without_xing(part) for part in parts]
    audio, samples = read(tmp_path / "a.mp3", b"".join(parts))
    assert_alike(samples[:, 0], MUSIC)
    assert (audio.frames, audio.warning) == (len(samples), None)


def test_tags_and_pictures_between_joined_mp3_files_are_skipped(tmp_path):
    picture = b"ID3\4\0\0" + bytes([0, 0, 0x7F, 0x7F]) + b"\xff\xfb" * 8191 + b"\0"
    old_tag = b"TAG".ljust(128, b" ")
    parts = [encoded(part, "mp3") for part in (MUSIC[: 3 * RATE], MUSIC[3 * RATE :])]
    content = picture + parts[0] + old_tag + picture + parts[1] + old_tag
    audio, samples = read(tmp_path / "a.mp3", content)
    assert_alike(samples[:, 0], MUSIC)
    assert audio.warning is None


def test_joined_mp3_files_of_other_rates_and_channels_are_all_heard(tmp_path):
    jingle = encoded(MUSIC[:16_000], "mp3", 16_000)
    audio, samples = read(tmp_path / "a.mp3", jingle + encoded(STEREO, "mp3"))
    assert (audio.rate, audio.channels) == (RATE, 2)
    assert len(samples) == pytest.approx(RATE + len(MUSIC), abs=0.2 * RATE)


def test_an_mp3_that_was_cut_off_says_so(tmp_path):
    content = encoded(MUSIC, "mp3")
    audio, samples = read(tmp_path / "a.mp3", content[: len(content) // 2])
    assert len(samples) == pytest.approx(6 * RATE, abs=0.3 * RATE)
    assert "a.mp3: truncated: its header promises 12.1 s; 6.0 s are there" in audio.warning
    assert audio.warning.endswith("copy it again")


def test_an_mp3_that_is_damaged_in_the_middle_says_how_much_is_heard(tmp_path):
    content = bytearray(encoded(MUSIC, "mp3"))
    middle = len(content) // 2
    content[middle : middle + 5000] = bytes(5000)
    audio, samples = read(tmp_path / "a.mp3", bytes(content))
    assert 10 * RATE < len(samples) < 11.9 * RATE
    assert audio.warning == (
        f"{tmp_path}/a.mp3: truncated: its header promises 12.1 s; {len(samples) / RATE:.1f} s are "
        "there and are used; copy it again"
    )


def test_an_mp3_of_constant_bit_rate_and_a_large_picture_promises_no_more_than_it_holds(tmp_path):
    picture = b"ID3\4\0\0" + bytes([0, 0x1F, 0, 0]) + bytes(0x1F << 14)
    audio, samples = read(tmp_path / "a.mp3", picture + without_xing(encoded(MUSIC, "mp3")))
    assert audio.frames == pytest.approx(len(samples), abs=2 * 576)


def test_what_only_resembles_an_mp3_is_left_to_the_library(tmp_path):
    for content in (b"\xff\xfb", b"\xff\xfb\x90\0" * 3, b"\xff\xf1" + bytes(5000), b"ID3\4\0\0"):
        path = tmp_path / "a.mp3"
        path.write_bytes(content)
        assert layout_of(path).links == ()
        with pytest.raises(AudioFormatError, match=r"a\.mp3: "):
            list(open_audio(path).blocks())


# --- FLAC


@pytest.mark.parametrize("total", [0, 1, 5 * RATE])
@pytest.mark.parametrize("n", [900, 20_947, 12 * RATE])
def test_a_flac_of_unknown_or_small_total_is_decoded_to_its_end(tmp_path, n, total):
    content = encoded(MUSIC[:n], "flac")
    audio, samples = read(tmp_path / "a.flac", with_total(content, min(total, n - 1)))
    assert np.array_equal(samples, decoded(content))
    assert (audio.frames, audio.warning) == (n, None)


def test_joined_flac_files_are_all_heard(tmp_path):
    parts = [encoded(part, "flac") for part in (STEREO[: 5 * RATE], STEREO[5 * RATE :])]
    audio, samples = read(tmp_path / "a.flac", b"".join(parts))
    assert np.array_equal(samples, np.concatenate([decoded(part) for part in parts]))
    assert audio.frames == len(samples)


def test_a_flac_that_was_cut_off_is_heard_as_far_as_it_goes_and_says_so(tmp_path):
    content = encoded(MUSIC, "flac")
    audio, samples = read(tmp_path / "a.flac", content[: len(content) // 2])
    assert len(samples) == pytest.approx(audio.frames, abs=0.3 * RATE)
    assert len(samples) == pytest.approx(6 * RATE, abs=RATE)
    assert "a.flac: truncated: its header promises 12.0 s; " in audio.warning


# --- AU and AIFF

AU = b".snd" + (24).to_bytes(4, "big") + (100).to_bytes(4, "big")
AIFF = b"FORM" + (100).to_bytes(4, "big") + b"AIFF"


@pytest.mark.parametrize(
    ("head", "size", "missing"),
    [
        (AU, 124, ""), (AU, 123, ""), (AU, 122, "it has 122 of 124 bytes"),
        (AIFF, 108, ""), (AIFF, 107, ""), (AIFF, 106, "it has 106 of 108 bytes"),
        (AU[:8] + b"\xff" * 4, 50, ""), (AU[:11], 11, ""), (b"other", 20, ""),
    ],
)  # fmt: skip
def test_a_file_ends_early_where_two_bytes_or_more_of_its_promise_are_missing(
    tmp_path, head, size, missing
):
    path = tmp_path / "clip"
    path.write_bytes(head.ljust(size, b"\0")[:size])
    assert layout_of(path).fault == missing


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [("WAV", "ALAW"), ("WAV", "IMA_ADPCM"), ("RF64", "PCM_16"), ("W64", "PCM_16")],
)
def test_other_wav_files_that_were_cut_off_say_so(tmp_path, kind, subtype):
    path = tmp_path / "clip"
    soundfile.write(path, MUSIC, RATE, format=kind, subtype=subtype)
    content = path.read_bytes()
    assert read(tmp_path / "whole", content)[0].warning is None
    audio, samples = read(tmp_path / "cut", content[: len(content) // 2])
    assert len(samples) == pytest.approx(len(MUSIC) / 2, rel=0.05)
    assert "truncated: it has" in audio.warning


def test_a_file_that_is_cut_off_too_early_to_be_opened_is_not_called_no_audio(tmp_path):
    path = tmp_path / "a.caf"
    soundfile.write(path, MUSIC, RATE, format="CAF")
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(
        AudioFormatError, match=r"a\.caf: is damaged, cut off .* as a CAF file does"
    ):
        open_audio(path)


def test_a_riff_length_that_was_not_filled_in_promises_nothing(tmp_path):
    path = tmp_path / "clip"
    for length in (0, 0xFFFFFFFF):
        path.write_bytes((b"RIFF" + length.to_bytes(4, "little") + b"WAVE").ljust(9000, b"\0"))
        assert layout_of(path).fault == ""


# --- what cannot be gone on with


def test_a_link_that_cannot_be_decoded_does_not_take_the_others_along(tmp_path):
    parts = [bytearray(encoded(MUSIC[: 4 * RATE], "flac")) for _ in range(2)]
    parts[0][len(parts[0]) // 2 :] = bytes(len(parts[0]) - len(parts[0]) // 2)
    _, samples = read(tmp_path / "a.flac", bytes(parts[0] + parts[1]))
    assert np.array_equal(samples[-4 * RATE :], decoded(bytes(parts[1])))
    assert len(samples) < 8 * RATE


@pytest.mark.parametrize("places", [(0.5,), (0.2, 0.21, 0.8)])
@pytest.mark.parametrize("joined", [False, True])
def test_a_flac_goes_on_behind_what_is_damaged_and_the_clock_stays_right(tmp_path, places, joined):
    content = bytearray(encoded(STEREO, "flac"))
    for place in places:
        at = round(place * len(content))
        content[at : at + 200] = b"\xff" * 200
    second = encoded(STEREO[: 2 * RATE], "flac") if joined else b""
    audio, samples = read(tmp_path / "a.flac", bytes(content) + second)
    whole = decoded(encoded(STEREO, "flac"))
    if joined:
        whole = np.concatenate([whole, whole[: 2 * RATE]])
    assert (audio.frames, audio.warning) == (len(samples), None)
    assert len(samples) == len(whole)
    bad = np.isnan(samples[:, 0])
    assert 0 < bad.sum() <= 3 * 4096 * len(places)
    assert np.array_equal(samples[~bad], whole[~bad])


def test_what_cannot_be_decoded_is_told_once_the_file_is_at_its_end(tmp_path):
    content = bytearray(encoded(MUSIC, "vorbis"))
    middle = len(content) // 2
    content[middle : middle + 200] = b"\xff" * 200
    audio, samples = read(tmp_path / "a.ogg", bytes(content))
    assert shortfall(audio, len(samples)) == (
        f"{tmp_path}/a.ogg: truncated: 12.0 s are promised, {len(samples) / RATE:.1f} s can be "
        "decoded and are used; copy it again"
    )
    assert shortfall(audio, audio.frames - 2000) is None


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "long.mp3"
    path.write_bytes(encoded(MUSIC[: 2 * RATE], "mp3") * 60)
    tracemalloc.start()
    frames = sum(len(block) for block in open_audio(path).blocks())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames == pytest.approx(120 * RATE, rel=0.1)
    assert peak < 2e6, "120 s are 11 MB"


def test_a_file_that_vanishes_is_named(tmp_path):
    path = tmp_path / "a.ogg"
    path.write_bytes(encoded(noise(RATE), "vorbis"))
    audio = open_audio(path)
    path.unlink()
    with pytest.raises(OSError, match=r"a\.ogg"):
        list(audio.blocks())


def test_the_count_of_a_xing_frame_is_where_the_tests_look_for_it():
    content = encoded(MUSIC, "mp3")
    at = xing_at(content)
    assert int.from_bytes(content[at : at + 4], "big") == pytest.approx(12 * RATE / 576, abs=4)


# --- excerpts


def wav_file(path: Path, sound, subtype: str) -> Path:
    soundfile.write(path, sound, RATE, subtype=subtype)
    return path


def excerpt(audio, start_s: float, seconds: float | None, block_seconds: float = 0.7):
    blocks = list(audio.blocks(block_seconds, start_s=start_s, seconds=seconds))
    return np.concatenate(blocks) if blocks else np.zeros((0, audio.channels), np.float32)


EXCERPTS = [
    (0.0, 1.0),
    (0.3, 2.0),
    (4.1234, 3.0),
    (9.0, None),
    (11.5, 30.0),
    (12.0, 1.0),
    (99.0, None),
]


def assert_excerpts_are_of_the_whole(audio, tolerance: float = 0.0):
    whole = np.concatenate(list(audio.blocks()))
    for start_s, seconds in EXCERPTS:
        first = round(start_s * audio.rate)
        stop = None if seconds is None else first + round(seconds * audio.rate)
        found, wanted = excerpt(audio, start_s, seconds), whole[first:stop]
        # Damage takes the piece with it that is being decoded, and pieces lie elsewhere.
        assert abs(len(found) - len(wanted)) <= (4096 if audio.warning else 0), (start_s, seconds)
        found, wanted = found[: len(wanted)], wanted[: len(found)]
        lost = np.isnan(found) | np.isnan(wanted)
        assert np.sum(np.isnan(found) != np.isnan(wanted)) <= 4096 * audio.channels, start_s
        assert np.abs(found - wanted)[~lost].max(initial=0.0) <= tolerance, start_s


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ALAW"])
def test_an_excerpt_of_a_wav_is_that_of_the_whole_bit_for_bit(tmp_path, subtype):
    assert_excerpts_are_of_the_whole(open_audio(wav_file(tmp_path / "a.wav", STEREO, subtype)))


@pytest.mark.parametrize("kind", ["vorbis", "opus", "flac", "mp3", "mp3-vbr"])
def test_an_excerpt_of_a_container_is_that_of_the_whole(tmp_path, kind):
    path = tmp_path / "clip"
    path.write_bytes(encoded(STEREO, kind, 24_000 if kind == "opus" else RATE))
    # The decoders of MP3 and Opus round otherwise where they begin elsewhere.
    exact = kind in ("vorbis", "flac")
    assert_excerpts_are_of_the_whole(open_audio(path), 0.0 if exact else 5e-7)


@pytest.mark.parametrize(
    "content",
    [
        encoded(MUSIC, "vorbis") + encoded(MUSIC[::-1].copy(), "vorbis"),
        encoded(MUSIC[:RATE], "mp3") + encoded(MUSIC[RATE:], "mp3"),
        with_granules(encoded(MUSIC, "vorbis"), lambda _: 100, last_only=True),
        with_total(encoded(MUSIC, "flac"), 0),
        with_total(encoded(MUSIC, "flac"), 2 * RATE),
        with_xing(encoded(MUSIC, "mp3-vbr"), lambda _: 20),
        without_xing(encoded(MUSIC, "mp3-vbr")),
        encoded(MUSIC, "flac")[:-20_000],
        encoded(MUSIC, "mp3")[:-20_000],
    ],
    ids=[
        "chained", "joined", "granule", "flac-0", "flac-short", "xing", "no-xing", "cut-flac",
        "cut-mp3",
    ],
)  # fmt: skip
def test_an_excerpt_of_a_file_with_an_untrue_header_is_that_of_the_whole(tmp_path, content):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert_excerpts_are_of_the_whole(open_audio(path), 5e-7)


def test_an_excerpt_of_a_damaged_flac_is_that_of_the_whole(tmp_path):
    content = bytearray(encoded(STEREO, "flac"))
    middle = len(content) // 2
    content[middle : middle + 20_000] = bytes(20_000)
    path = tmp_path / "a.flac"
    path.write_bytes(content)
    assert_excerpts_are_of_the_whole(open_audio(path))


def test_what_lies_before_an_excerpt_is_not_decoded(tmp_path, monkeypatch):
    path = tmp_path / "a.mp3"
    path.write_bytes(encoded(np.tile(MUSIC, 10), "mp3"))
    read = []
    original = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile,
        "read",
        lambda sound, frames, **options: read.append(frames) or original(sound, frames, **options),
    )
    assert len(excerpt(open_audio(path), 100.0, 2.0)) == 2 * RATE
    assert sum(read) < 3 * RATE
