"""``edge-genre classify``: good files, odd ones and bad ones."""

import dataclasses
import errno
import json
import os

import numpy as np
import pytest
import soundfile

from edge_runtime import Classifier
from edge_runtime.cli import main
from edge_runtime.model.file import read_model, write_model
from tests.command import edge_genre, refused, succeed

from ..manifests import manifest_for
from ..sounds import FLOAT, PCM, RATE, chunk, format_chunk, noise, riff, wav_bytes, write_wav

pytestmark = pytest.mark.usefixtures("classifier")


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", noise(5 * RATE))


def classify_json(path):
    done = succeed("classify", path, "--json", "--model", "seed-cnn")
    return json.loads(done.stdout), done.stderr


def test_a_line_names_the_file_the_genre_and_the_runners_up(clip, classifier):
    done = succeed("classify", clip, "--model", "seed-cnn")
    name, label, *_ = done.stdout.split()
    assert name == str(clip)
    assert label in classifier.labels
    assert done.stdout.count("%") == 3
    assert done.stdout.endswith("(0:05, 2 windows)\n")
    assert done.stderr == ""


def test_the_default_model_knows_what_is_no_music(tmp_path):
    hiss = write_wav(tmp_path / "hiss.wav", noise(5 * RATE))
    nothing = write_wav(tmp_path / "nothing.wav", np.zeros(5 * RATE, np.float32))
    done = succeed("classify", hiss, nothing, "demo", "--json")
    labels = [json.loads(line)["label"] for line in done.stdout.splitlines()]
    assert labels[:2] == ["not music", "silence"]
    assert labels[2] in Classifier().manifest.genres
    assert Classifier().manifest.name == "tiny"


def test_json_holds_the_result_of_the_file_and_of_each_window(clip, classifier):
    result, _ = classify_json(clip)
    assert set(result) == {
        "path", "label", "posterior", "seconds", "segments", "warnings", "tags", "styles", "style",
        "mood",
    }  # fmt: skip
    assert result["path"] == str(clip)
    assert result["label"] == max(result["posterior"], key=result["posterior"].get)
    assert tuple(result["posterior"]) == classifier.labels
    assert sum(result["posterior"].values()) == pytest.approx(1.0, abs=1e-3)
    assert (result["seconds"], result["warnings"]) == (5.0, [])
    assert [(s["start"], s["end"]) for s in result["segments"]] == [(0.0, 3.0), (2.0, 5.0)]
    for segment in result["segments"]:
        assert set(segment) == {"start", "end", "label", "posterior", "level_dbfs"}
        assert segment["level_dbfs"] == -20.0


def test_the_command_and_the_library_give_the_same_result(clip, classifier):
    assert classify_json(clip)[0] == classifier.classify(clip).to_dict()


@pytest.mark.parametrize(
    "how",
    [
        {"bits": 8},
        {"bits": 24},
        {"bits": 32},
        {"bits": 24, "extensible": True},
        {"tag": FLOAT, "bits": 32},
        {"tag": FLOAT, "bits": 64, "rate": 44100},
        {"rate": 8000},
        {"rate": 192_000},
    ],
    ids=str,
)
def test_wav_files_of_every_kind_are_classified(tmp_path, how):
    rate = how.get("rate", RATE)
    for channels in (1, 2, 6):
        path = write_wav(tmp_path / f"{channels}.wav", noise(4 * rate, channels=channels), **how)
        assert path.exists()
    done = succeed("classify", *sorted(tmp_path.glob("*.wav")), "--json")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [result["seconds"] for result in results] == [4.0] * 3
    lacking = [line for line in done.stderr.splitlines() if "nothing above 4 kHz" in line]
    assert len(lacking) == (3 if rate == 8000 else 0)
    assert len(done.stderr.splitlines()) == len(lacking)


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3", "au"])
def test_other_containers_are_classified(tmp_path, suffix):
    soundfile.write(tmp_path / f"clip.{suffix}", noise(4 * RATE), RATE)
    assert classify_json(tmp_path / f"clip.{suffix}")[0]["seconds"] == 4.0


def test_silence_is_called_silence(tmp_path):
    path = write_wav(tmp_path / "quiet.wav", np.zeros(4 * RATE))
    assert (
        "silence    no sound above the silence gate  (0:04, 1 window)"
        in succeed("classify", path).stdout
    )
    result, _ = classify_json(path)
    assert result["label"] == result["segments"][0]["label"] == "silence"
    assert set(result["posterior"].values()) == {0.0}


def warned(path, *expected):
    """Classify a file that is odd; checks the warnings and returns the result."""
    result, stderr = classify_json(path)
    lines = stderr.splitlines()
    assert len(lines) == len(result["warnings"]) == len(expected)
    for line, warning, part in zip(lines, result["warnings"], expected, strict=True):
        assert line == f"edge-genre: warning: {warning}"
        assert warning.startswith(f"{path}: ")
        assert part in warning
    return result


def test_a_truncated_wav_is_classified_with_a_warning(tmp_path):
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_bytes(noise(10 * RATE))[: 44 + 2 * 4 * RATE])
    assert warned(path, "header promises 10.0 s, 4.0 s are there")["seconds"] == 4.0


def test_a_file_that_cannot_be_read_to_its_end_does_not_keep_the_others(
    tmp_path, capfd, monkeypatch
):
    def lost(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("edge_runtime.audio.wav.read_blocks", lost)
    path = write_wav(tmp_path / "lost.wav", noise(4 * RATE))
    soundfile.write(tmp_path / "clip.flac", noise(4 * RATE), RATE)
    assert main(["classify", str(path), str(tmp_path / "clip.flac")]) == 3
    out, err = capfd.readouterr()
    assert "clip.flac" in out
    assert err == f"edge-genre: {path}: Input/output error\n"


def test_sound_shorter_than_a_window_is_classified_with_a_warning(tmp_path):
    result = warned(write_wav(tmp_path / "short.wav", noise(RATE)), "1.00 s is shorter than")
    assert [(s["start"], s["end"]) for s in result["segments"]] == [(0.0, 1.0)]


@pytest.mark.parametrize("rate", [RATE, 48000])
def test_a_single_sample_is_classified_with_a_warning(tmp_path, rate):
    path = write_wav(tmp_path / "one.wav", np.array([0.5]), rate=rate)
    warned(path, "is shorter than")


def test_samples_that_are_not_finite_are_classified_with_a_warning(tmp_path):
    samples = noise(4 * RATE)
    samples[:3] = [np.nan, np.inf, -np.inf]
    path = write_wav(tmp_path / "nan.wav", samples, tag=FLOAT, bits=32)
    assert warned(path, "3 samples are NaN")["label"] != "silence"


def test_all_that_is_odd_is_warned_of(tmp_path):
    data = wav_bytes(np.full(2 * RATE, np.nan), tag=FLOAT, bits=32)
    (tmp_path / "odd.wav").write_bytes(data[:-4])
    result = warned(tmp_path / "odd.wav", "truncated", "is shorter than", "44099 samples are NaN")
    assert result["label"] == "silence"


BAD = {
    "empty.wav": (b"", "the file is empty"),
    "text.wav": (b"no sound here\n" * 20, "is not audio"),
    "text.txt": (b"no sound here\n" * 20, "is not audio"),
    "none.wav": (wav_bytes(noise(0)), "holds no sound"),
    "head.wav": (wav_bytes(noise(9))[:30], "ends before its samples"),
    "riff.wav": (b"RIFF\0\0\0\0WAVE", "ends before its format"),
    "slow.wav": (wav_bytes(noise(9000), rate=4000), "sample rate of 4000 Hz"),
    "many.wav": (riff(format_chunk(PCM, 16, channels=99), chunk(b"data", b"\0" * 990)), "99 ch"),
    "headerless.raw": (b"\1\2" * 50_000, "headerless.raw"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_reported_in_one_line_with_its_name(tmp_path, name):
    content, complaint = BAD[name]
    (tmp_path / name).write_bytes(content)
    line = refused("classify", tmp_path / name, code=3)
    assert complaint in line
    assert str(tmp_path / name) in line


def test_a_path_that_is_no_file_is_reported_in_one_line(tmp_path):
    assert "nowhere.wav: no such file" in refused("classify", tmp_path / "nowhere.wav", code=3)
    assert "no audio files in this folder" in refused("classify", tmp_path, code=3)
    name = os.fsdecode(b"nowhere\xff.wav")
    assert "no such file" in refused("classify", tmp_path / name, code=3)


def test_one_bad_file_does_not_stop_the_others(tmp_path, clip):
    (tmp_path / "bad.wav").write_bytes(b"")
    files = [clip, tmp_path / "bad.wav", tmp_path / "nowhere.wav", clip]
    done = edge_genre("classify", *files, "--json")
    assert done.returncode == 3
    assert [json.loads(line)["path"] for line in done.stdout.splitlines()] == [str(clip)] * 2
    assert len(done.stderr.splitlines()) == 2


def broken_model(path, form):
    """A model file that has one fault."""
    network = read_model("seed-cnn").network
    manifest = read_model("seed-cnn").manifest
    if form == "newer schema":
        manifest = dataclasses.replace(manifest, schema_version="2.0")
    elif form == "newer runtime":
        manifest = dataclasses.replace(manifest, minimum_runtime="99.0")
    elif form == "cut network":
        network = network[: len(network) // 2]
        weights = manifest_for(network).weights
        manifest = dataclasses.replace(manifest, weights=weights)
    elif form == "other tensor type":
        tensor = dataclasses.replace(manifest.input, dtype="uint8", scale=0.1, zero_point=3)
        manifest = dataclasses.replace(manifest, input=tensor)
    elif form == "impossible front end":
        front_end = dataclasses.replace(manifest.front_end, n_mels=500, fmin=10.0, n_fft=1024)
        manifest = dataclasses.replace(manifest, front_end=front_end)
    if form == "not a model":
        path.write_bytes(b"no model at all")
    elif form == "no manifest":
        path.write_bytes(network)
    else:
        write_model(path, network, manifest)
    return path


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ("not a model", "is not a model"),
        ("no manifest", "holds no edge-genre manifest"),
        ("newer schema", "schema version '2.0'"),
        ("newer runtime", "needs edge-genre 99.0"),
        ("other tensor type", "its manifest says uint8"),
        ("cut network", "no runtime can load it"),
        ("impossible front end", "mel band"),
    ],
)
def test_a_model_that_cannot_be_used_is_reported_in_one_line(tmp_path, clip, form, complaint):
    model = broken_model(tmp_path / "model.tflite", form)
    line = refused("classify", clip, "--model", model, code=3)
    assert complaint in line
    assert str(model) in line


def test_a_missing_model_is_reported_in_one_line(tmp_path, clip):
    line = refused("classify", clip, "--model", tmp_path / "none.tflite", code=3)
    assert "none.tflite: no such model file" in line


@pytest.fixture
def library(tmp_path):
    """A folder of music as a user has it."""
    for name in ("b/two.wav", "a/one.WAV", "a/inner/three.wav", ".hidden/x.wav", "@eaDir/y.wav"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_wav(path, noise(5 * RATE))
    (tmp_path / "music" / "cover.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "music" / "a" / "round").symlink_to(tmp_path / "music")
    return tmp_path / "music"


def test_a_folder_is_classified_with_all_that_is_below_it_in_order(library, clip):
    done = edge_genre("classify", library, clip, "--json")
    paths = [json.loads(line)["path"] for line in done.stdout.splitlines()]
    inner = ["a/inner/three.wav", "a/one.WAV", "b/two.wav"]
    assert paths == [*(str(library / name) for name in inner), str(clip)]
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "2 audio files are hidden, or lie in hidden or system folders" in line


def test_a_bad_file_in_a_folder_is_reported_and_the_others_go_on(library):
    (library / "a" / "bad.mp3").write_bytes(b"no sound")
    done = edge_genre("classify", library)
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 3
    assert f"{library / 'a' / 'bad.mp3'}: is not audio" in done.stderr


def test_a_folder_without_music_is_reported_and_the_others_go_on(tmp_path, clip):
    (tmp_path / "empty").mkdir()
    done = edge_genre("classify", tmp_path / "empty", clip)
    assert done.returncode == 3
    assert "empty: there are no audio files in this folder (.wav, " in done.stderr
    assert done.stdout.startswith(str(clip))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_named(library):
    (library / "b").chmod(0)
    done = edge_genre("classify", library)
    (library / "b").chmod(0o700)
    assert "1 folders in it cannot be read" in done.stderr


def test_a_name_cannot_command_the_terminal(tmp_path):
    folder = tmp_path / "colour\x1b[31m"
    folder.mkdir()
    write_wav(folder / "clear\x9b2J.wav", noise(3 * RATE))
    (folder / "bad\x1b]0;title\x07.wav").write_bytes(b"RIFF")
    for options in ((), ("--json",)):
        done = edge_genre("classify", folder, *options)
        assert not set("\x1b\x9b\x07") & set(done.stdout + done.stderr)
    assert r"colour\x1b[31m/clear\x9b2J.wav" in edge_genre("classify", folder).stdout
    assert r"bad\x1b]0;title\x07.wav: " in done.stderr
    assert json.loads(done.stdout)["path"] == str(folder / "clear\x9b2J.wav")
