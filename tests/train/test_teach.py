"""``edge-genre teach``: own genres from a few clips."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime import Classifier
from edge_runtime.errors import DataSetError
from tests.command import SMALL, refused, succeed
from tests.synthetic import GENRES, RATE, clip, write_data_set
from train.data.tracks import find_tracks
from train.transfer.musicnn_wheel import read_weights
from train.transfer.own_genres import FEWEST, extract_features, folds
from train.transfer.pruning import prune
from train.transfer.weights_file import FILE, bundled_musicnn


@pytest.mark.slow
def test_teach_makes_a_model_and_reports_its_cross_validation(tmp_path: Path) -> None:
    music = write_data_set(tmp_path / "music", 6)
    model = tmp_path / "own.tflite"
    done = succeed(
        "teach", music, "--out", model, "--cache", tmp_path / "cache", "--run", tmp_path / "run",
        cwd=tmp_path, constants=SMALL,
    )  # fmt: skip
    assert f"edge-genre listen --model {model}" in done.stdout
    assert "Of 18 clips, each judged by a model that was not trained on it, " in done.stdout
    assert "95 % interval" in done.stdout
    assert f"edge-genre evaluate {model} FOLDER measures it" in done.stdout
    for step in ("corpus", "sounds that are not music", "network, windows", "cross-validation"):
        assert f"{step}: " in done.stderr
    assert "beeps has 6 clips; 10 or more make a better model" in done.stderr
    classifier = Classifier(model)
    assert classifier.labels == (*GENRES, "not music")
    assert classifier.manifest.rejected == ("not music",)
    assert classifier.manifest.parity["status"] == "passed"
    assert "cross-validated" in classifier.manifest.metrics["protocol"]
    for genre in GENRES:
        new = tmp_path / f"{genre}.wav"
        soundfile.write(new, clip(genre, 99), RATE)
        assert classifier.classify(new).label == genre


@pytest.fixture(scope="module")
def data_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("teach") / "music", FEWEST)


@pytest.fixture
def music(data_set: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(data_set, tmp_path / "music")


def teach_refused(music: Path) -> str:
    options = ("--cache", music.parent / "cache", "--out", music.parent / "own.tflite")
    line = refused("teach", music, *options, cwd=music.parent, code=3)
    assert not (music.parent / "own.tflite").exists()
    return line


def test_one_genre_is_refused(music: Path) -> None:
    for genre in GENRES[1:]:
        shutil.rmtree(music / genre)
    assert f"two genres or more are needed, and there is only '{GENRES[0]}'" in teach_refused(music)


def test_three_clips_are_refused(music: Path) -> None:
    for path in sorted((music / "hiss").iterdir())[3:]:
        path.unlink()
    assert "hiss: 3 clips; at least 5 are needed" in teach_refused(music)


def test_silent_and_damaged_clips_do_not_count(music: Path) -> None:
    paths = sorted((music / "hiss").iterdir())
    soundfile.write(paths[0].with_suffix(".wav"), np.zeros(5 * RATE), RATE)
    if paths[0].suffix != ".wav":
        paths[0].unlink()
    paths[1].write_bytes(b"not a sound")
    line = teach_refused(music)
    assert "hiss: 3 clips that can be used (2 cannot); at least 5 are needed" in line


def test_the_same_sound_in_two_genres_is_refused_and_both_are_named(music: Path) -> None:
    source = music / "drone" / "drone.00000.wav"
    shutil.copy(source, music / "hiss" / "twin.wav")
    line = teach_refused(music)
    assert "drone.00000.wav in 'drone' and twin.wav in 'hiss' are the same sound" in line


def test_a_genre_of_clips_shorter_than_a_window_is_refused(music: Path) -> None:
    for path in (music / "beeps").iterdir():
        path.unlink()
    for seed in range(FEWEST):
        soundfile.write(music / "beeps" / f"{seed}.wav", clip("beeps", seed, 1.5), RATE)
    assert "beeps: every clip is shorter than a window of 3.0 s" in teach_refused(music)


def test_a_short_clip_among_others_is_named(music: Path, tmp_path: Path) -> None:
    soundfile.write(music / "beeps" / "short.wav", clip("beeps", 77, 1.5), RATE)
    clips = extract_features(find_tracks(music), music, tmp_path / "cache", "base")
    assert any("1 clips are shorter than a window" in line for line in clips.warnings)


def test_folds_hold_every_clip_out_once_and_never_split_twins(music: Path, tmp_path: Path) -> None:
    shutil.copy(music / "drone" / "drone.00000.wav", music / "drone" / "twin.wav")
    clips = extract_features(find_tracks(music), music, tmp_path / "cache", "base")
    parts = folds(clips, 0)
    assert sorted(np.concatenate(parts)) == list(range(len(clips.extraction.tracks)))
    for part in parts:
        inside = set(clips.groups[part])
        outside = set(np.delete(clips.groups, part))
        assert not inside & outside
        labels = {clips.extraction.tracks[place].track.label for place in part}
        assert labels == set(GENRES)


def test_pieces_of_a_song_are_held_out_together_and_one_song_is_refused(tmp_path: Path) -> None:
    for genre in ("beeps", "hiss"):
        (tmp_path / "music" / genre).mkdir(parents=True)
        for seed in range(6):
            name = f"{genre}.{seed // 3:05}.{seed % 3}.wav"
            soundfile.write(tmp_path / "music" / genre / name, clip(genre, seed, 4.0), RATE)
    clips = extract_features(
        find_tracks(tmp_path / "music"), tmp_path / "music", tmp_path / "c", "base"
    )
    assert clips.groups.tolist() == [0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]
    assert any("pieces of 4 songs" in line for line in clips.warnings)
    for path in (tmp_path / "music" / "hiss").iterdir():
        path.rename(path.with_name(f"hiss.00000.{path.name[9]}{path.stem[-1]}.wav"))
    with pytest.raises(DataSetError, match="hiss: all its clips are copies or pieces of one song"):
        extract_features(
            find_tracks(tmp_path / "music"), tmp_path / "music", tmp_path / "c", "base"
        )


def test_what_cannot_be_written_is_refused_before_any_work(music: Path) -> None:
    line = refused("teach", music, "--out", "own.onnx", cwd=music.parent, code=2)
    assert "a model must end in .tflite" in line
    line = refused("teach", music, "--out", "nowhere/own.tflite", cwd=music.parent, code=3)
    assert "no such folder" in line
    refused("teach", music.parent / "none", "--out", "own.tflite", cwd=music.parent, code=3)


def test_an_altered_or_missing_network_is_refused(tmp_path: Path) -> None:
    for path in (FILE, FILE.with_suffix(".sha256")):
        shutil.copy(path, tmp_path)
    copy = tmp_path / FILE.name
    assert len(bundled_musicnn(copy).middle) == 3
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.raises(DataSetError, match="its checksum is another"):
        bundled_musicnn(copy)
    copy.unlink()
    with pytest.raises(DataSetError, match="cannot be read"):
        bundled_musicnn(copy)


def test_the_bundled_network_is_the_published_one(wheel: Path) -> None:
    bundled, published = bundled_musicnn(), prune(read_weights(wheel))
    for own, other in zip(
        (*bundled.first, *bundled.middle), (*published.first, *published.middle), strict=True
    ):
        np.testing.assert_allclose(own.kernel, other.kernel, rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal(own.bias, other.bias)
    np.testing.assert_allclose(bundled.dense[0], published.dense[0], rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(bundled.sign, published.sign)
