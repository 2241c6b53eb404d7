"""``edge-genre features``."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.command import edge_genre, refused, succeed
from tests.synthetic import write_data_set
from train.features.seed_json import read_seed_json


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_data_set(tmp_path_factory.mktemp("features") / "data", clips_per_genre=2)
    (root / "hiss" / "broken.wav").write_bytes(b"RIFF....")
    return root


def test_features_are_cached_and_found_again(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "store"
    first = succeed("features", data, "--out", out)
    assert "6 tracks, 12 windows of 130 x 13; 1 left out" in first.stdout
    assert "broken.wav" in first.stderr
    shards = {path: path.stat().st_mtime_ns for path in out.glob("shard-*")}
    again = succeed("features", data, "--out", out)
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in out.glob("shard-*")} == shards
    complaint = refused("features", data, "--out", out, "--overlap", "0.5", code=3)
    assert "step is 66150 there and 33075 now" in complaint
    rebuilt = succeed("features", data, "--out", out, "--overlap", "0.5", "--rebuild")
    assert "18 windows" in rebuilt.stdout
    assert "18 windows" in succeed("features", data, "--out", out, "--step", "1.5").stdout


def test_json_is_the_student_reports_file(data: Path, tmp_path: Path) -> None:
    common = ("features", data, "--format", "json", "--cache", tmp_path / "cache", "--out")
    succeed(*common, tmp_path / "folder")
    mapping, labels, features = read_seed_json(tmp_path / "folder" / "data.json")
    assert mapping == ("beeps", "drone", "hiss")
    assert np.bincount(labels).tolist() == [4, 4, 4]
    assert features.shape == (12, 130, 13)
    succeed(*common, tmp_path / "mine.json")
    assert (tmp_path / "mine.json").read_bytes() == (tmp_path / "folder" / "data.json").read_bytes()


def test_wrong_usage_is_refused_in_one_line(data: Path, tmp_path: Path) -> None:
    assert "--out" in refused("features", data, "--format", "json", code=2)
    assert "3 s, a whole window" in refused(
        "features", data, "--out", tmp_path, "--step", "4", code=2
    )
    assert "not allowed with" in refused(
        "features", data, "--step", "1", "--overlap", "0.5", code=2
    )
    assert "no such folder" in refused("features", tmp_path / "no", "--out", tmp_path, code=3)


def test_clips_that_are_all_bad_end_with_an_error(tmp_path: Path) -> None:
    for genre in ("hiss", "beeps"):
        (tmp_path / "data" / genre).mkdir(parents=True)
        (tmp_path / "data" / genre / "a.wav").write_bytes(b"RIFF....")
    done = edge_genre("features", tmp_path / "data", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "no clip can be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_kaggles_layout_of_gtzan_has_its_ten_genres(data: Path, tmp_path: Path) -> None:
    root = tmp_path / "kaggle" / "Data"
    for genre, other in (("beeps", "blues"), ("hiss", "rock")):
        (root / "genres_original" / other).mkdir(parents=True)
        shutil.copy(
            data / genre / f"{genre}.00000.wav",
            root / "genres_original" / other / f"{other}.00000.wav",
        )
    (root / "images_original").mkdir()
    options = ("--format", "json", "--cache", tmp_path / "cache", "--out", tmp_path / "data.json")
    succeed("features", root, *options)
    mapping, labels, _ = read_seed_json(tmp_path / "data.json")
    assert (mapping, labels.tolist()) == (("blues", "rock"), [0, 0, 1, 1])
    complaint = refused("features", root, *options, "--data-set", "folders", code=3)
    assert "only 'genres_original'" in complaint
    assert f"the folders in {root}/genres_original" in complaint


def shards(folder: Path) -> list[bytes]:
    """What a store holds; the names of its files are made up."""
    return sorted(file.read_bytes() for file in folder.iterdir())


@pytest.mark.slow
def test_features_of_a_ray_cluster_are_those_of_this_machine(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    for engine in ("local", "ray"):
        # Not in a fork of a process that has imported TensorFlow: Ray has threads of its own.
        subprocess.run(
            [sys.executable, "-m", "edge_runtime", "features", data, "--out", tmp_path / engine,
             "--engine", engine, "--workers", "2"],
            check=True,
        )  # fmt: skip
    assert shards(tmp_path / "local") == shards(tmp_path / "ray")
    assert len(shards(tmp_path / "local")) > 2


def test_an_address_without_the_ray_engine_is_refused(data: Path, tmp_path: Path) -> None:
    line = refused("features", data, "--out", tmp_path / "out", "--address", "a:1", code=2)
    assert "add --engine ray" in line
