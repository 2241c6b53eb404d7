"""Models that begin with MusiCNN's weights."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from edge_runtime import Classifier
from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS, FrontEnd
from export.macs import multiply_accumulates
from tests import system_packages
from tests.command import SMALL, refused, succeed
from tests.synthetic import GENRES, clip, write_data_set
from train.transfer.balance import balance, balance_pooled
from train.transfer.corpus import UNLABELLED, FrontEnds, Source, make_corpus
from train.transfer.head import track_weights
from train.transfer.keras_model import Places, compact_musicnn
from train.transfer.musicnn import musicnn
from train.transfer.musicnn_wheel import read_weights
from train.transfer.pruning import Convolution, PrunedMusicnn, prune
from train.transfer.sources import sources

PARAMS = PRESETS["musicnn96"]
SHAPE = (PARAMS.n_frames, PARAMS.n_coefficients)
_NORM, _MOVING = ("gamma", "beta"), ("moving_mean", "moving_variance")


def louder_noise(samples: Any, rate: int, generator: np.random.Generator) -> Any:
    """A stand-in for a room: another process must be able to call it."""
    assert rate == PARAMS.sample_rate
    return (samples + 0.01 * generator.standard_normal(len(samples))).astype(np.float32)


@pytest.fixture(scope="module")
def pruned(wheel: Path) -> PrunedMusicnn:
    return prune(read_weights(wheel))


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    """Log-mel of made-up sounds and of noise, (n, frames, bands)."""
    front_end = FrontEnd(PARAMS)
    sounds = [
        clip(genre, seed, 5.0)[: PARAMS.window_samples] for genre in GENRES for seed in (0, 1)
    ]
    noise = np.random.default_rng(0).standard_normal((2, PARAMS.window_samples))
    sounds += list((0.1 * noise).astype(np.float32))
    return np.stack([front_end(sound) for sound in sounds])


def test_the_pruned_network_has_the_outputs_of_the_whole_one_away_from_the_edges(
    wheel: Path, pruned: PrunedMusicnn, windows: np.ndarray
) -> None:
    whole = musicnn(wheel)
    small = compact_musicnn(pruned, SHAPE, Places())
    # Three layers of seven frames each reach three frames further to either side.
    inner = whole.predict(windows, verbose=0)["midend"][:, 9:-9]
    loudest = inner.max(axis=1)
    # The maximum of a channel with a negative scale is its value at zero input, which music always
    # has somewhere: the small network relies on that.
    weights = read_weights(wheel)
    norms = [f"batch_normalization_{place}" for place in range(1, 6)]
    gamma, silent = (np.concatenate([weights[f"{n}/{part}"] for n in norms]) for part in _NORM)
    mean, variance = (np.concatenate([weights[f"{n}/{part}"] for n in norms]) for part in _MOVING)
    silent = silent - gamma * mean / np.sqrt(variance + 1e-3)
    down = np.flatnonzero(gamma < 0.0)
    loudest[:, down] = silent[down]
    x = np.concatenate([loudest, inner.mean(axis=1)], axis=1)
    for name in ("pooled_norm", "dense", "penultimate", "tags"):
        x = whole.get_layer(name)(x, training=False)
    normalised = windows * pruned.features.scale + pruned.features.shift
    found = small.predict(normalised[..., np.newaxis], verbose=0)["tags"]
    np.testing.assert_allclose(found, np.asarray(x), atol=1e-4)
    assert small.count_params() < 0.3 * whole.count_params()


@pytest.mark.slow
@pytest.mark.parametrize("places", [Places(), Places(frames=3), Places(frames=2, curves=(3, 2))])
def test_balancing_changes_no_output(
    pruned: PrunedMusicnn, windows: np.ndarray, places: Places
) -> None:
    normalised = (windows * pruned.features.scale + pruned.features.shift)[..., np.newaxis]
    network = compact_musicnn(pruned, SHAPE, places, normalised)
    before = network.predict(normalised, verbose=0)
    balance(network, normalised)
    after = network.predict(normalised, verbose=0)
    np.testing.assert_allclose(after["pooled"], before["pooled"], atol=2e-4)
    balance_pooled(network, normalised)
    last = network.predict(normalised, verbose=0)
    assert np.abs(last["pooled"]).max() < 1.001
    for found in (after, last):
        np.testing.assert_allclose(found["tags"], before["tags"], atol=2e-4)


@pytest.mark.slow
def test_mixtures_of_as_many_curves_as_there_are_have_the_outputs_of_the_filters(
    pruned: PrunedMusicnn, windows: np.ndarray
) -> None:
    mixed = []
    for layer, n in zip(pruned.first[:2], (3, 2), strict=True):
        length = len(layer.kernel)
        u, s, v = np.linalg.svd(layer.kernel.reshape(length, -1), full_matrices=False)
        kernel = ((u[:, :n] * s[:n]) @ v[:n]).reshape(layer.kernel.shape)
        mixed.append(Convolution(kernel.astype(np.float32), layer.bias))
    pruned = dataclasses.replace(pruned, first=(*mixed, *pruned.first[2:]))
    normalised = (windows * pruned.features.scale + pruned.features.shift)[..., np.newaxis]
    whole = compact_musicnn(pruned, SHAPE, Places(frames=2))
    mixed_network = compact_musicnn(pruned, SHAPE, Places(frames=2, curves=(3, 2)), normalised)
    wanted, found = (each.predict(normalised, verbose=0)["tags"] for each in (whole, mixed_network))
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert multiply_accumulates(mixed_network) < 0.5 * multiply_accumulates(whole)


def test_every_track_of_a_genre_weighs_the_same_and_so_does_every_genre() -> None:
    labels = np.array([0] * 12 + [1] * 3)
    tracks = np.array([0] * 10 + [1] * 2 + [2] * 3)
    weights = track_weights(labels, tracks)
    assert np.isclose(weights.mean(), 1.0)
    assert np.isclose(weights[:10].sum(), weights[10:12].sum())
    assert np.isclose(weights[:12].sum(), weights[12:].sum())


def test_corpus_is_drawn_by_its_seed_and_reports_what_it_cannot_read(tmp_path: Path) -> None:
    music = write_data_set(tmp_path / "music", 1)
    files = sorted(music.rglob("*.wav"))
    damaged = tmp_path / "damaged.wav"
    damaged.write_bytes(b"RIFF")
    drawn = [Source(files[0], 0, 3), Source(damaged, 1, 3), Source(files[1], UNLABELLED, 2)]
    first = make_corpus(drawn, FrontEnds(PARAMS), louder_noise, 7)
    again = make_corpus(drawn, FrontEnds(PARAMS), louder_noise, 7)
    other = make_corpus(drawn, FrontEnds(PARAMS), louder_noise, 8)
    assert first.clean.shape == first.degraded.shape == (5, *SHAPE)
    assert first.labels.tolist() == [0, 0, 0, UNLABELLED, UNLABELLED]
    assert first.sources.tolist() == [0, 0, 0, 2, 2]
    assert len(first.skipped) == 1
    assert "damaged.wav" in first.skipped[0]
    np.testing.assert_array_equal(first.degraded, again.degraded)
    assert not np.array_equal(first.clean, other.clean)
    assert not np.array_equal(first.clean, first.degraded)


def test_a_corpus_is_the_same_where_no_processes_can_share_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_semaphores(*_: object) -> None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    files = sorted(write_data_set(tmp_path / "music", 1).rglob("*.wav"))
    drawn = [Source(path, label, 2) for label, path in enumerate(files)]
    expected = make_corpus(drawn, FrontEnds(PARAMS), louder_noise, 7)
    monkeypatch.setattr("train.transfer.corpus.ProcessPoolExecutor", no_semaphores)
    alone = make_corpus(drawn, FrontEnds(PARAMS), louder_noise, 7)
    np.testing.assert_array_equal(alone.degraded, expected.degraded)
    assert caplog.messages[0].startswith("/dev/shm: cannot be used (No such file or directory)")


def test_a_folder_without_music_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="holds no audio of 20 s"):
        sources([], {}, (), [tmp_path])
    with pytest.raises(DataSetError, match="no such folder"):
        sources([], {}, (), [tmp_path / "nowhere"])


def test_a_missing_or_altered_teacher_is_refused_before_any_work(tmp_path: Path) -> None:
    music = write_data_set(tmp_path / "music", 2)
    line = refused("train", music, "--model", "base", cwd=tmp_path, code=2)
    assert "pip download --no-deps musicnn==0.1.0" in line
    line = refused(
        "train", music, "--model", "tiny", "--teacher", tmp_path / "w.whl", cwd=tmp_path, code=3
    )
    assert "there is no such file" in line
    (tmp_path / "w.whl").write_bytes(b"not it")
    line = refused(
        "train", music, "--model", "tiny", "--teacher", tmp_path / "w.whl", cwd=tmp_path, code=3
    )
    assert "is not the published" in line
    line = refused("train", music, "--teacher", tmp_path / "w.whl", cwd=tmp_path, code=2)
    assert "are for base, plus and tiny" in line
    for option in ("--epochs", "--augment-copies", "--overlap", "--dc-block"):
        line = refused("train", music, "--model", "tiny", option, "1", cwd=tmp_path, code=2)
        assert option in line
    assert not (tmp_path / "runs").exists()


@pytest.fixture(scope="module")
def trained(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with made-up ``music``, and ``base`` trained on it."""
    system_packages.require("espeak-ng")
    folder = tmp_path_factory.mktemp("pretrained")
    music = write_data_set(folder / "music", 5)
    succeed(
        "train", music, "--model", "base", "--teacher", wheel, "--out", folder / "base",
        "--cache", folder / "cache", cwd=folder, constants=SMALL,
    )  # fmt: skip
    return folder


@pytest.mark.slow
def test_base_is_trained_on_genres_and_on_what_is_not_music(trained: Path) -> None:
    run, music = trained / "base", trained / "music"
    run_json = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert run_json["labels"] == [*GENRES, "not music"]
    assert run_json["rejected"] == ["not music"]
    model = trained / "base.tflite"
    succeed("export", run, "--format", "tflite", "--quantize", "none", "--out", model)
    classifier = Classifier(model)
    assert classifier.manifest.rejected == ("not music",)
    assert classifier.manifest.front_end.log_gain == PARAMS.log_gain
    # Noise is one of the made-up genres; a file of it from the training part gets its name.
    assert classifier.classify(music / "hiss" / "hiss.00000.wav").label == "hiss"


@pytest.mark.slow
def test_plus_is_trained_exported_and_says_tags_and_styles(trained: Path, wheel: Path) -> None:
    run, model = trained / "plus", trained / "plus.tflite"
    succeed(
        "train", trained / "music", "--model", "plus", "--teacher", wheel, "--out", run,
        "--cache", trained / "cache", cwd=trained, constants=SMALL,
    )  # fmt: skip
    # In eight bits, half a dozen windows of made-up sound are too few for the gate of tags.
    succeed("export", run, "--format", "tflite", "--quantize", "none", "--out", model)
    classifier = Classifier(model)
    manifest = classifier.manifest
    assert manifest.labels == (*GENRES, "not music")
    assert len(manifest.tags) == 50
    assert {style.family for style in manifest.styles} >= {"electronic", "latin", "rock"}
    assert manifest.second_front_end == PRESETS["yamnet64-level"]
    found = classifier.classify("demo")
    assert len(found.tags) == 50
    assert "tags" in manifest.parity
    assert manifest.parity["styles"]["n"] == len(manifest.styles)


@pytest.mark.slow
def test_refit_fits_to_the_validation_clips_and_leaves_the_honest_figures(
    trained: Path,
) -> None:
    before, after = trained / "base", trained / "all"
    command = ("refit", before, trained / "music", "--cache", trained / "cache")
    succeed(*command, "--out", after, constants=SMALL)
    old, new = (json.loads((run / "run.json").read_text()) for run in (before, after))
    assert new["training"]["fitted_to"] == ["train", "valid"]
    assert new["training"]["commit_before"] == old["training"]["commit"]
    assert new["training"]["files_of_last_layer"] == sum(old["training"]["n_tracks"].values())
    assert new["metrics"]["validation"] == old["metrics"]["validation"]
    assert "before its last layer" in new["metrics"]["protocol"]
    old_windows, new_windows = (np.load(run / "windows.npz") for run in (before, after))
    assert np.array_equal(old_windows["valid_features"], new_windows["valid_features"])
    # Calibrated by the outputs of the network that had not been fitted to these clips.
    assert np.array_equal(
        new_windows["unheard_posteriors"], np.load(before / "predictions.npz")["posteriors"]
    )
    assert np.array_equal(
        new_windows["unheard_tracks"], np.load(before / "predictions.npz")["segment_tracks"]
    )
    networks = [keras.saving.load_model(run / "model.keras") for run in (before, after)]
    for layer in networks[0].layers:
        same = all(map(np.array_equal, layer.get_weights(), _layer(networks[1], layer.name)))
        assert same == (layer.name != "logits"), layer.name


def _layer(network: Any, name: str) -> list[np.ndarray]:
    weights: list[np.ndarray] = network.get_layer(name).get_weights()
    return weights


@pytest.mark.slow
def test_refit_refuses_other_clips_and_other_runs(trained: Path, tmp_path: Path) -> None:
    run, music = trained / "base", trained / "music"
    command = ("refit", run, music, "--cache", trained / "cache", "--out")
    assert "is the run itself" in refused(*command, run, code=3)
    line = refused(*command, tmp_path / "new", "--split", "1/3", code=3)
    assert "another split" in line
    line = refused("refit", tmp_path, music, "--out", tmp_path / "new", code=3)
    assert "is not a finished training run" in line
    copy = tmp_path / "again"
    shutil.copytree(run, copy)
    for change, words in (({"name": "seed-cnn"}, "only base and tiny"), ({}, "again already")):
        run_json = json.loads((run / "run.json").read_text(encoding="utf-8")) | change
        run_json["training"]["fitted_to"] = ["train", "valid"]
        (copy / "run.json").write_text(json.dumps(run_json), encoding="utf-8")
        assert words in refused("refit", copy, music, "--out", tmp_path / "new", code=3)
    assert not (tmp_path / "new").exists()
