"""``edge-genre evaluate`` of a model with tags, styles and a label for other music."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from export.artefact import Description, Source, make, write
from export.formats.conversion import FLOAT32, Variant
from export.run import read_run
from tests.command import succeed
from tests.export.branches import LABELS, write_run
from tests.synthetic import RATE, clip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    run = read_run(write_run(folder / "run", window_correlation=0.2))
    path = folder / "branches.npz"
    made = make(
        Source(run, Description("branches", "1.0", "CC0-1.0", "")), Variant("numpy", FLOAT32)
    )
    write(made, path)
    return path


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("music")
    for genre, sound in (("jazz", "drone"), ("metal", "hiss")):
        (root / genre).mkdir()
        for index in range(4):
            soundfile.write(root / genre / f"{index}.wav", clip(sound, index, 2.0), RATE)
    return root


def test_tags_and_styles_are_checked_by_genres_and_all_answers_are_counted(
    model: Path, music: Path, tmp_path: Path
) -> None:
    report = tmp_path / "out.json"
    done = succeed("evaluate", model, music, "--json", report)
    values = json.loads(report.read_text())
    assert {tag: (own["genre"], own["n_tracks"]) for tag, own in values["tags"].items()} == {
        "jazz": ("jazz", 4),
        "Metal": ("metal", 4),
    }
    assert values["styles"] == {}  # bebop and techno are no genre of the model's
    assert all(0.0 <= own["auc"] <= 1.0 for own in values["tags"].values())
    assert "AUC  of the tracks of" in done.stdout
    answers = values["answers"]
    assert sum(answers["track"].values()) == values["n_tracks"] == 8
    assert sum(answers["segment"].values()) == values["n_segments"]
    assert set(answers["segment"]) <= {*LABELS, "silence"}
    assert values["model"]["window_correlation"] == 0.2
    counted = dict.fromkeys(answers["track"], 0)
    for track in values["tracks"]:
        counted[track["answer"]] += 1
    assert counted == answers["track"]


def test_music_from_outside_its_genres(model: Path, music: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.json"
    succeed("evaluate", model, music, "--outside", "--json", report)
    values = json.loads(report.read_text())
    for own in (values["total"], *values["folders"].values()):
        shares = [own[name] for name in ("other", "not_music", "unknown", "silence", "genre")]
        assert sum(shares) == pytest.approx(1.0)
        assert own["confident_genre"] <= own["genre"]
    assert values["folders"]["jazz"]["n_tracks"] == 4
