"""A model that is replaced while `listen` runs."""

import argparse
import dataclasses
import os
import shutil
import signal
import subprocess

import numpy as np
import pytest

from edge_runtime.cli import model_reload
from edge_runtime.cli.listen import add_arguments
from edge_runtime.cli.model_reload import ModelReload
from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import ModelFileError
from edge_runtime.model.file import BUNDLED, read_model, write_model

from ..sounds import RATE
from ..tagged_models import LABELS, TAGS, write_tagged
from .test_listen import COMMAND, PATIENCE_S, events_of, pcm, wait_until_read

needs_sighup = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")


@pytest.fixture
def model(tmp_path):
    return shutil.copyfile(BUNDLED["seed-cnn"], tmp_path / "model.tflite")


def put(path, content):
    """Replace a file at once, as a careful copy does."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def events_with_sighup(model, content):
    """9 s of sound through `listen`; after 4 s of it the model's file gets other content."""
    with subprocess.Popen(
        [*COMMAND, "--input", "-", "--rate", str(RATE), "--json", "--model", model],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,  # without a terminal: there SIGHUP means another thing
    ) as process:  # fmt: skip
        sound = pcm(9.0)
        process.stdin.write(sound[: 2 * 4 * RATE])
        process.stdin.flush()
        first = process.stdout.readline().decode()
        wait_until_read(process.stdin.fileno())
        if content is not None:
            put(model, content)
        process.send_signal(signal.SIGHUP)
        process.stdin.write(sound[2 * 4 * RATE :])
        process.stdin.close()
        rest, stderr = process.stdout.read().decode(), process.stderr.read().decode()
        process.wait(PATIENCE_S)
    assert process.returncode == 0
    return events_of(first + rest), stderr


@needs_sighup
def test_after_sighup_the_new_model_takes_over_and_no_window_is_missing(model):
    events, stderr = events_with_sighup(model, BUNDLED["tiny"].read_bytes())
    assert stderr == ""
    assert "not music" not in events[0]["posterior"]
    assert "not music" in events[-1]["posterior"]
    ends = [event["end"] for event in events]
    assert np.diff(ends[:-1]) == pytest.approx(ends[1] - ends[0], abs=0.015)
    assert ends[-1] == 9.0


@needs_sighup
def test_a_damaged_model_is_reported_and_the_one_before_goes_on(model):
    events, stderr = events_with_sighup(model, BUNDLED["tiny"].read_bytes()[:-500])
    (line,) = stderr.splitlines()
    assert line.startswith(f"edge-genre: warning: {model}: ")
    assert line.endswith("; the model before goes on")
    assert {len(event["posterior"]) for event in events} == {10}
    assert events[-1]["end"] == 9.0


def arguments(model):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = ["--interval", "1", *(["--model", str(model)] if model else [])]
    return parser.parse_args(options)


@pytest.fixture
def pass_time(monkeypatch):
    """Lets seconds pass for a `ModelReload` without waiting."""
    now = [100.0]
    monkeypatch.setattr(model_reload.time, "monotonic", lambda: now[0])

    def passed(seconds):
        now[0] += seconds

    return passed


def test_a_changed_file_is_loaded_once_it_stays_the_same(model, pass_time):
    reload = ModelReload(arguments(model))
    assert reload.first.classifier.manifest.name == "seed-cnn-gtzan"
    pass_time(60.0)
    assert reload.load(requested=False) is None
    put(model, BUNDLED["tiny"].read_bytes())
    pass_time(2.1)
    assert reload.load(requested=False) is None, "it may still be written"
    with model.open("ab"):
        os.utime(model, ns=(1, 1))
    pass_time(2.1)
    assert reload.load(requested=False) is None, "it was written meanwhile"
    pass_time(2.1)
    loaded = reload.load(requested=False)
    assert loaded.classifier.manifest.name == "tiny"
    assert loaded.settings.interval_s == 1.0
    pass_time(60.0)
    assert reload.load(requested=False) is None


def test_a_file_that_is_away_or_damaged_is_not_tried_without_end(model, pass_time, caplog):
    reload = ModelReload(arguments(model))
    content = model.read_bytes()
    model.unlink()
    for _ in range(5):
        pass_time(2.1)
        assert reload.load(requested=False) is None
    assert caplog.messages == []
    model.write_bytes(content[:1000])
    for _ in range(5):
        pass_time(2.1)
        assert reload.load(requested=False) is None
    assert ["the model before goes on" in line for line in caplog.messages] == [True]
    model.write_bytes(content)
    pass_time(2.1)
    reload.load(requested=False)
    pass_time(2.1)
    assert reload.load(requested=False) is not None


@pytest.mark.parametrize("name", [None, "base"])
def test_a_model_that_ships_is_loaded_again_when_asked(name, pass_time):
    reload = ModelReload(arguments(name))
    pass_time(60.0)
    assert reload.load(requested=False) is None
    assert reload.load(requested=True).classifier.manifest.name == (name or "tiny")


def test_a_model_that_cannot_be_loaded_at_the_start_is_an_error(tmp_path):
    with pytest.raises(ModelFileError, match="no such model file"):
        ModelReload(arguments(tmp_path / "none.tflite"))


def parsed(*options):
    """The arguments of `listen`."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(options)


def test_the_options_that_override_the_model_hold_for_it_and_for_the_next(monkeypatch):
    threads = []
    load = model_reload.Classifier

    def noting(*arguments, **how):
        threads.append(how["threads"])
        return load(*arguments, **how)

    monkeypatch.setattr(model_reload, "Classifier", noting)
    reload = ModelReload(
        parsed(
            "--model", "seed-cnn", "--threads", "2", "--only", "jazz,rock", "--interval", "2.5",
            "--dwell", "60", "--confirm", "3", "--minimum", "10", "--threshold", "0.4",
            "--silence-dbfs", "-50", "--silence-hysteresis", "6",
        )
    )  # fmt: skip
    for loaded in (reload.first, reload.load(requested=True)):
        assert set(loaded.classifier.labels) - set(loaded.classifier.rejected) == {"jazz", "rock"}
        assert loaded.settings == DecoderSettings(
            interval_s=2.5, dwell_s=60.0, confirm_s=3.0, minimum_s=10.0, rejection_threshold=0.4,
            silence_dbfs=-50.0, silence_hysteresis_db=6.0, silence_margin_db=None,
        )  # fmt: skip
    assert threads == [2, 2]


@pytest.mark.parametrize("option", ["--only", "--ignore"])
def test_a_genre_with_commas_in_its_name_can_be_chosen(tmp_path, option):
    shipped = read_model("seed-cnn")
    labels = ("Folk, World, & Country", *shipped.manifest.labels[1:])
    path = tmp_path / "discogs.tflite"
    write_model(path, shipped.network, dataclasses.replace(shipped.manifest, labels=labels))
    first = ModelReload(parsed("--model", str(path), option, f"{labels[0]},jazz")).first
    chosen = {labels[0], "jazz"}
    rejected = set(labels) - chosen if option == "--only" else chosen
    assert set(first.classifier.rejected) == rejected


def test_without_options_the_settings_are_the_models_own():
    first = ModelReload(parsed("--model", "tiny", "--ignore", "jazz")).first
    assert first.settings == first.classifier.manifest.decoder
    assert first.classifier.rejected == ("jazz", "other", "not music")


def test_a_model_with_fewer_tags_than_are_asked_for_does_not_take_over(tmp_path, caplog):
    path = write_tagged(tmp_path / "m.npz")
    reload = ModelReload(parsed("--model", str(path), "--tags", str(len(TAGS))))
    logits = (0.0,) * (len(LABELS) + 1)
    write_tagged(path, logits, tags=TAGS[:1], styles=())
    assert reload.load(requested=True) is None
    (line,) = caplog.messages
    assert "--tags is 6; it must be from 1 to 1" in line
    assert line.endswith("; the model before goes on")
