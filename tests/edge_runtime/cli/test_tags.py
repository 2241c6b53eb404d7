"""Tags in what the commands print, ``--tags``, and models whose tags do not fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.model.file import model_bytes, write_model
from tests.command import complaint, refused, succeed

from ..sounds import noise, write_wav
from ..tagged_models import (
    NO_MUSIC,
    OTHER_MUSIC,
    RATE,
    SECOND,
    STYLE_LOGITS,
    TAG_LOGITS,
    tagged_model,
    write_tagged,
)

TAGS = ["male vocals", "electronic", "happy", "sad", "folk", "80s"]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "clip.wav", noise(3 * RATE), rate=RATE)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    logits = (*OTHER_MUSIC, *TAG_LOGITS, *STYLE_LOGITS)
    return write_tagged(tmp_path / "tagged.npz", logits, second_front_end=SECOND,
                        window_correlation=0.25)  # fmt: skip


def classified(*arguments: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in succeed("classify", *arguments).stdout.splitlines()]


def heard(*arguments: str | Path) -> list[dict[str, Any]]:
    done = succeed("listen", "--fast", "--json", *arguments)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_line_names_style_and_mood_after_the_runners_up(clip: Path, model: Path) -> None:
    (line,) = succeed("classify", clip, "--model", model).stdout.splitlines()
    assert line.split()[1] == "other"
    assert line.endswith("then rock 2%, jazz 0%; electronic > ambient, sad  (0:03, 3 windows)")


def test_a_line_has_as_many_tags_as_asked_for(clip: Path, model: Path) -> None:
    (line,) = succeed("classify", clip, "--model", model, "--tags", "2").stdout.splitlines()
    assert "; electronic > ambient, sad; male vocals 73%, electronic 50%  (" in line


def test_json_has_the_five_likeliest_tags_or_as_many_as_asked_for(clip: Path, model: Path) -> None:
    (result,) = classified(clip, "--model", model, "--json")
    assert list(result["tags"]) == TAGS[:5]
    assert list(result["styles"]) == ["electronic > ambient", "electronic", "electronic > techno"]
    assert (result["label"], result["style"], result["mood"]) == (
        "other", "electronic > ambient", "sad",
    )  # fmt: skip
    (result,) = classified(clip, "--model", model, "--json", "--tags", "6")
    assert list(result["tags"]) == TAGS


def test_events_have_the_five_likeliest_tags_or_as_many_as_asked_for(
    clip: Path, model: Path, tmp_path: Path
) -> None:
    for event in heard("--input", clip, "--model", model):
        assert (event["label"], list(event["tags"])) == ("other", TAGS[:5])
        assert (event["style"], event["mood"], len(event["styles"])) == (
            "electronic > ambient", "sad", 3,
        )  # fmt: skip
    log = tmp_path / "log.jsonl"
    events = heard("--input", clip, "--model", model, "--tags", "1", "--log", log)
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [list(event["tags"]) for event in (*events, *logged)] == [TAGS[:1]] * 2 * len(events)


def test_what_is_not_music_has_no_style_in_its_line(clip: Path, tmp_path: Path) -> None:
    model = write_tagged(tmp_path / "m.npz", (*NO_MUSIC, *TAG_LOGITS, *STYLE_LOGITS))
    (line,) = succeed("classify", clip, "--model", model).stdout.splitlines()
    assert line.endswith("then rock 11%, jazz 4%  (0:03, 3 windows)")
    assert "  not music  " in line


def test_a_configuration_file_may_say_how_many(clip: Path, model: Path, tmp_path: Path) -> None:
    config = tmp_path / "listen.toml"
    config.write_text("tags = 2\n", encoding="utf-8")
    events = heard("--input", clip, "--model", model, "--config", config)
    assert {len(event["tags"]) for event in events} == {2}


COMMANDS = (("classify",), ("listen", "--fast", "--input"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("0", "argument --tags: '0' is not a whole number from 1 on"),
        ("-1", "argument --tags: '-1' is not a whole number from 1 on"),
        ("all", "argument --tags: 'all' is not a whole number from 1 on"),
        ("99", "--tags is 99; it must be from 1 to 6, as many as the model tagged has"),
        ("7", "--tags is 7; it must be from 1 to 6, as many as the model tagged has"),
    ],
)
def test_a_number_of_tags_that_there_is_not_is_refused(
    clip: Path, model: Path, command: tuple[str, ...], tags: str, expected: str
) -> None:
    line = refused(*command, clip, "--model", model, f"--tags={tags}", code=2)
    assert expected in line


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_tags_of_a_model_that_has_none_are_refused_where_the_user_asks_for_them(
    clip: Path, capfd: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    line = complaint(capfd, *command, clip, "--model", "seed-cnn", "--tags", "3", code=2)
    assert "--tags is 3, but the model seed-cnn" in line
    assert "has no tags; leave the option out" in line


def test_the_card_lists_tags_styles_both_inputs_and_how_windows_make_a_track(model: Path) -> None:
    card = " ".join(succeed("info", model).stdout.split())
    assert "labels jazz, rock, other (no genre), not music (no genre)" in card
    assert "tags: genre electronic, folk tags: mood happy, sad tags: voice male vocals" in card
    assert "tags: era 80s" in card
    assert "styles electronic (techno, ambient), latin (salsa), rock (punk rock); named" in card
    assert "named from 30% on" in card
    assert "second input the 0.222 s in the middle of these: 20 frames of 4 log-mel" in card
    # 10 / (1 + 9 * 0.25)
    assert "10 windows of one track weigh as much as 3.08 independent ones" in card


def test_the_card_of_a_model_without_them_has_no_such_lines() -> None:
    card = succeed("info", "seed-cnn").stdout
    assert "tags" not in card
    assert "styles" not in card
    assert "second input" not in card
    assert "whole tracks            the mean of their windows" in card


def test_a_model_with_tags_for_a_newer_runtime_is_refused(clip: Path, tmp_path: Path) -> None:
    path = write_tagged(tmp_path / "new.npz", minimum_runtime="99.0.0")
    for command in (("info",), ("classify", clip, "--model")):
        line = refused(*command, path, code=3)
        assert line == (
            f"edge-genre: {path}: needs edge-genre 99.0.0 or newer, this is 0.2.0: "
            "pip install --upgrade edge-genre"
        )


def test_a_manifest_with_more_tags_than_the_network_has_outputs_for_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "wrong.npz"
    model = tagged_model()
    manifest = dataclasses.replace(model.manifest)
    object.__setattr__(manifest, "tags", manifest.tags[:-1])
    path.write_bytes(model_bytes(model.network, manifest))
    assert refused("info", path, code=3) == (
        f"edge-genre: {path}: manifest: the network has 15 outputs for 4 labels, 5 tags and "
        "5 styles"
    )


def test_a_network_with_other_outputs_than_its_manifest_says_is_refused(tmp_path: Path) -> None:
    model = tagged_model()
    output = dataclasses.replace(model.manifest.output, shape=(-1, 4))
    manifest = dataclasses.replace(model.manifest, tags=(), styles=(), output=output)
    write_model(tmp_path / "m.npz", model.network, manifest)
    line = refused("classify", "demo", "--model", tmp_path / "m.npz", code=3)
    assert "the network's output is of shape (15,), its manifest says (4,)" in line


def test_samples_of_silence_have_neither(model: Path, tmp_path: Path) -> None:
    quiet = write_wav(tmp_path / "quiet.wav", np.zeros(2 * RATE), rate=RATE)
    (result,) = classified(quiet, "--model", model, "--json")
    assert (result["label"], result["tags"], result["styles"]) == ("silence", {}, {})
    assert (result["style"], result["mood"]) == (None, None)
