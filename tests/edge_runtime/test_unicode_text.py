"""Names of files and folders that are not UTF-8, wherever they are written."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from edge_runtime.cli import main
from edge_runtime.model.file import read_model, write_model
from edge_runtime.unicode_text import escaped, is_unicode
from tests.command import edge_genre, succeed
from tests.edge_runtime.sounds import RATE, noise, write_wav

NAME = os.fsdecode(b"m\xe9tal")
"""As it is on a disk that a system with Latin-1 wrote"""


def test_bytes_that_are_not_utf8_become_escapes_and_all_else_stays():
    assert escaped(f"é {NAME}\n") == "é m\\udce9tal\n"
    assert json.loads(f'"{escaped(NAME)}"') == NAME
    assert [is_unicode(text) for text in ("métal", "", NAME)] == [True, True, False]


@pytest.fixture
def folder(tmp_path):
    """Of such a name, with a clip in it."""
    path = tmp_path / NAME
    try:
        path.mkdir()
    except OSError:
        pytest.skip("this disk takes names in UTF-8 alone")
    write_wav(path / f"{NAME}.wav", noise(5 * RATE))
    return path


def test_every_sink_takes_a_source_and_a_place_of_such_a_name(folder, monkeypatch):
    monkeypatch.chdir(folder)
    hook = f"cat > '{NAME}.hook'"
    done = edge_genre(
        "listen", "--input", f"{NAME}.wav", "--fast", "--json", "--interval", "1",
        "--log", f"{NAME}.log", "--history", f"{NAME}.db", "--on-change", hook,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (folder / f"{NAME}.log").read_text(encoding="utf-8") == done.stdout
    assert json.loads((folder / f"{NAME}.hook").read_text(encoding="utf-8")) in events
    shown = json.loads(succeed("history", "--db", f"{NAME}.db", "--json").stdout)
    assert shown["minutes"] == round(5 / 60, 2)
    with sqlite3.connect(f"{NAME}.db") as connection:
        assert connection.execute("SELECT DISTINCT source FROM stretches").fetchall() == [
            (f"{escaped(NAME)}.wav",)
        ]


def test_so_is_a_model_and_its_labels(folder):
    shipped = read_model("seed-cnn")
    labels = tuple(f"{NAME} {label}" for label in shipped.manifest.labels)
    model = folder / f"{NAME}.tflite"
    write_model(model, shipped.network, replace(shipped.manifest, labels=labels, name=NAME))
    assert read_model(model).manifest.labels == labels
    done = edge_genre(
        "listen", "--input", folder / f"{NAME}.wav", "--fast", "--json", "--model", model,
        "--log", folder / "log", "--history", folder / "db", "--on-change", "cat >&2",
        "--mqtt", "mqtt://127.0.0.1:1/den",
    )  # fmt: skip
    assert done.returncode == 0
    assert "codec" not in done.stderr
    assert "lost" not in done.stderr
    event = json.loads(done.stdout.splitlines()[-1])
    assert set(event["posterior"]) == set(labels)
    assert json.loads((folder / "log").read_text(encoding="utf-8").splitlines()[-1]) == event
    assert succeed("history", "--db", folder / "db").stdout.count(escaped(NAME)) >= 2
    assert json.loads(succeed("info", model, "--json").stdout)["labels"] == list(labels)
    assert escaped(NAME) in succeed("info", model).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("classify", "{}/none.wav"), ("info", "{}/none"), ("info", "{}"),
        ("listen", "--input", "{}/none"), ("listen", "--input", "demo", "--model", "{}"),
        ("listen", "--config", "{}/none"), ("listen", "--input", "demo", "--log", "{}"),
        ("listen", "--input", "demo", "--history", "{}"), ("history", "--db", "{}"),
        ("history", "--db", "{}/none"), ("history", "--since", "{}"),
        ("listen", "--input", "demo", "--only", "{}"), ("listen", "--{}"), ("{}",),
        ("listen", "--input", "demo", "--mqtt", "mqtt://host/{}"),
        ("listen", "--input", "demo", "--mqtt", "mqtt://{}@host"),
        ("listen", "--input", "demo", "--mqtt", "mqtt://{}"),
        ("listen", "--input", "demo", "--mqtt", "mqtt://u@h", "--mqtt-password-file", "{}"),
        ("listen", "--input", "demo", "--mqtt", "mqtt://h", "--mqtt-discovery-prefix", "{}"),
        ("listen", "--input", "demo", "--http", "{}:0"),
        ("listen", "--input", "demo", "--http", "0", "--http-token-file", "{}"),
        ("listen", "--input", "demo", "--http", "0", "--http-token", "{}{}"),
        ("bench", "--compare", "{}", "{}"), ("bench", "--json", "{}"), ("bench", "--model", "{}"),
        ("install-service", "--as", "{}"), ("install-service", "--config", "{}"),
        ("install-service", "--input", "{}/metal.wav"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_refused_is_one_line_in_utf8(folder, capfdbinary, monkeypatch, arguments):
    monkeypatch.chdir(folder.parent)
    shutil.copyfile(folder / f"{NAME}.wav", folder / "metal.wav")
    code = main([argument.replace("{}", NAME) for argument in arguments])
    line = capfdbinary.readouterr().err.decode("utf-8")
    assert code in (2, 3)
    assert line.startswith("edge-genre: ")
    assert line.count("\n") == 1


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
@pytest.mark.parametrize(
    "typed",
    ["classify CLIP --json", "listen --input CLIP --fast --json", "info --json"],
)
def test_json_is_utf8_in_every_locale(tmp_path, encoding, typed):
    shipped = read_model("seed-cnn")
    labels = tuple(f"métal {label}" for label in shipped.manifest.labels)
    model = tmp_path / "model.tflite"
    write_model(model, shipped.network, replace(shipped.manifest, labels=labels))
    clip = write_wav(tmp_path / "é.wav", noise(4 * RATE))
    words = [word.replace("CLIP", str(clip)) for word in typed.split()]
    words += [str(model)] if words[0] == "info" else ["--model", str(model)]
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", *words],
        capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": encoding},
    )  # fmt: skip
    text = done.stdout.decode("utf-8")
    values = json.loads(text if words[0] == "info" else text.splitlines()[-1])
    assert list(values["labels" if words[0] == "info" else "posterior"]) == list(labels)


def test_a_password_of_the_environment_that_is_not_utf8_is_refused(monkeypatch, capfd):
    monkeypatch.setenv("EDGE_GENRE_MQTT_PASSWORD", NAME)
    assert main(["listen", "--input", "demo", "--fast", "--mqtt", "mqtt://u@127.0.0.1:1"]) == 2
    assert "EDGE_GENRE_MQTT_PASSWORD in the environment is not UTF-8" in capfd.readouterr().err
