"""Audio files of every container."""

import os
import sys

import numpy as np
import pytest
import soundfile

from edge_runtime.audio.file import DEMO_CLIP, open_audio, resolve
from edge_runtime.errors import AudioFormatError, MissingExtraError

from ..sounds import ALAW, FLOAT, PCM, RATE, chunk, format_chunk, noise, riff, wav_bytes, write_wav


def samples_of(path, seconds=1.0):
    return np.concatenate(list(open_audio(path).blocks(seconds)))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "au", "aiff", "mp3"])
def test_every_container_gives_libsndfiles_samples(tmp_path, suffix):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(50_000, channels=2), 44100)
    audio = open_audio(path)
    assert (audio.rate, audio.channels) == (44100, 2)
    assert audio.frames == 50_000
    assert audio.seconds == 50_000 / 44100
    assert audio.warning is None
    assert np.array_equal(samples_of(path), soundfile.read(path, dtype="float32")[0])


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.333, 5.0])
@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_blocks_of_any_length_hold_the_same_samples(tmp_path, suffix, seconds):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, noise(3_000), RATE)
    assert np.array_equal(samples_of(path, seconds), samples_of(path))


def test_blocks_can_be_read_again(tmp_path):
    audio = open_audio(write_wav(tmp_path / "clip.wav", noise(3_000)))
    first, second = list(audio.blocks()), list(audio.blocks())
    assert np.array_equal(np.concatenate(first), np.concatenate(second))


def test_wav_and_its_name_are_independent(tmp_path):
    path = tmp_path / "wav.mp3"
    path.write_bytes(wav_bytes(noise(100)))
    assert open_audio(path).frames == 100
    path = tmp_path / "flac.wav"
    soundfile.write(path, noise(100), RATE, format="FLAC")
    assert open_audio(str(path)).frames == 100


def test_a_wav_that_is_not_pcm_is_read_by_soundfile(tmp_path):
    path = tmp_path / "alaw.wav"
    soundfile.write(path, noise(1000), 8000, subtype="ALAW")
    assert np.array_equal(samples_of(path)[:, 0], soundfile.read(path, dtype="float32")[0])


def test_a_pcm_wav_needs_no_soundfile(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    path = write_wav(tmp_path / "clip.wav", noise(100), tag=FLOAT, bits=64)
    assert samples_of(path).shape == (100, 1)


def test_other_containers_name_the_missing_extra(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "clip.flac", noise(100), RATE)
    alaw = riff(format_chunk(ALAW, 8), chunk(b"data", b"\0" * 80))
    (tmp_path / "alaw.wav").write_bytes(alaw)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    for name in ("clip.flac", "alaw.wav"):
        with pytest.raises(MissingExtraError, match=rf"{name}: .*edge-genre\[audio\]"):
            open_audio(tmp_path / name)


@pytest.mark.parametrize("installed", [True, False], ids=["soundfile", "no soundfile"])
@pytest.mark.parametrize("name", ["notes.wav", "notes.txt"])
def test_text_is_refused(tmp_path, monkeypatch, name, installed):
    if not installed:
        monkeypatch.setitem(sys.modules, "soundfile", None)
    (tmp_path / name).write_text("no sound here\n" * 20)
    with pytest.raises(AudioFormatError, match=rf"{name}: is not audio .* convert it to WAV"):
        open_audio(tmp_path / name)


def test_a_truncated_wav_is_read_and_the_loss_reported(tmp_path):
    data = wav_bytes(noise(2 * RATE))
    path = tmp_path / "cut.wav"
    path.write_bytes(data[: 44 + RATE])
    audio = open_audio(path)
    assert audio.seconds == 0.5
    assert "header promises 2.0 s, 0.5 s are there" in audio.warning


def test_a_wav_with_much_more_behind_its_samples_is_read_with_a_warning(tmp_path):
    path = tmp_path / "killed.wav"
    path.write_bytes(wav_bytes(noise(2 * RATE)) + bytes(2 * 3 * RATE))
    audio = open_audio(path)
    assert audio.seconds == 2.0
    assert audio.warning.startswith(
        f"{path}: its header says 2.0 s, which are used, and as much as 3.0 s more lie behind"
    )
    path.write_bytes(wav_bytes(noise(2 * RATE)) + bytes(RATE))
    assert open_audio(path).warning is None


def test_a_recording_of_another_container_that_was_not_closed_is_told_from_an_empty_one(tmp_path):
    path = tmp_path / "killed.aiff"
    soundfile.write(path, noise(0), RATE)
    path.write_bytes(path.read_bytes() + bytes(20_000))
    with pytest.raises(AudioFormatError, match=r"killed\.aiff: .* and it has 20,0\d\d bytes"):
        open_audio(path)


def test_what_holds_no_sound_is_refused(tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.raises(AudioFormatError, match=r"empty\.wav: the file is empty"):
        open_audio(tmp_path / "empty.wav")
    for name, length in (("none.wav", None), ("unknown.wav", 0xFFFFFFFF), ("lost.wav", 1000)):
        path = write_wav(tmp_path / name, noise(0), tag=PCM, length=length)
        with pytest.raises(AudioFormatError, match=rf"{name}: holds no sound"):
            open_audio(path)


def test_a_path_that_is_no_file_is_refused(tmp_path):
    with pytest.raises(AudioFormatError, match=r"nowhere\.wav: no such file"):
        open_audio(tmp_path / "nowhere.wav")
    with pytest.raises(AudioFormatError, match="is a folder"):
        open_audio(tmp_path)
    with pytest.raises(AudioFormatError, match="cannot be opened"):
        open_audio(write_wav(tmp_path / "clip.wav", noise(9)) / "below")


def test_a_pipe_is_refused_with_a_reason(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)  # so that neither end waits for the other
    os.write(writer, wav_bytes(noise(100)))
    try:
        with pytest.raises(AudioFormatError, match="is a pipe") as caught:
            open_audio(path)
    finally:
        os.close(writer)
    assert "None" not in str(caught.value)


def test_a_file_that_soundfile_takes_for_headerless_is_refused(tmp_path):
    path = tmp_path / "recording.raw"
    path.write_bytes(b"\1\2" * 500)
    with pytest.raises(AudioFormatError, match=r"recording\.raw"):
        open_audio(path)


@pytest.mark.parametrize("suffix", ["wav", "flac"])
def test_a_file_name_need_not_be_unicode(tmp_path, suffix):
    path = tmp_path / os.fsdecode(b"caf\xe9." + suffix.encode())
    plain = tmp_path / f"plain.{suffix}"
    soundfile.write(plain, noise(100), RATE)
    plain.rename(path)
    assert samples_of(path).shape == (100, 1)


@pytest.mark.parametrize("kept", [10, 60, 500, 3000])
@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_a_damaged_file_is_refused_or_gives_what_is_there(tmp_path, suffix, kept):
    whole = tmp_path / f"whole.{suffix}"
    soundfile.write(whole, noise(20_000), RATE)
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(AudioFormatError, match=rf"cut\.{suffix}: is (damaged|not audio)"):
        samples_of(path)


def test_demo_is_the_clip_that_ships_unless_a_file_has_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("demo") == DEMO_CLIP
    (tmp_path / "demo").write_bytes(wav_bytes(noise(10)))
    assert open_audio("demo").frames == 10


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_files_of_the_outermost_rates_are_read(tmp_path, rate):
    assert open_audio(write_wav(tmp_path / "clip.wav", noise(10), rate=rate)).rate == rate


@pytest.mark.parametrize("rate", [7999, 192_001])
def test_files_of_rates_beyond_are_refused(tmp_path, rate):
    path = write_wav(tmp_path / "clip.wav", noise(10), rate=rate)
    with pytest.raises(AudioFormatError, match=f"rate of {rate} Hz; .* 8000 to 192000 Hz"):
        open_audio(path)


@pytest.mark.parametrize(("channels", "taken"), [(64, True), (65, False)])
def test_files_of_up_to_sixty_four_channels_are_read(tmp_path, channels, taken):
    path = write_wav(tmp_path / "clip.wav", noise(10, channels=channels))
    if taken:
        assert open_audio(path).channels == 64
        return
    with pytest.raises(AudioFormatError, match="has 65 channels; there may be 64 at most"):
        open_audio(path)


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"\0\0\0\x20ftypM4A ", "an MP4 file"), (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a WMA file")],
)
def test_a_container_that_is_not_read_here_is_named_with_what_converts_it(tmp_path, head, kind):
    path = tmp_path / "song.m4a"
    path.write_bytes(head.ljust(5000, b"\1"))
    with pytest.raises(AudioFormatError, match=rf"song.m4a: is {kind}, .* ffmpeg -i FILE"):
        open_audio(path)


def test_raw_aac_which_begins_with_no_letters_is_named_as_well(tmp_path):
    length = 400
    header = bytes([0xFF, 0xF1, 0x50, 0x80, length >> 3, (length & 7) << 5 | 0x1F, 0xFC])
    bodies = np.random.default_rng(0).integers(0, 255, (12, length - 7), np.uint8)
    path = tmp_path / "song.aac"
    path.write_bytes(b"".join(header + body.tobytes() for body in bodies))
    with pytest.raises(AudioFormatError, match=r"song.aac: is an AAC stream, .* ffmpeg -i FILE"):
        open_audio(path)
