"""``edge-genre listen`` with sinks."""

import json
import os
import subprocess
import sys

import pytest

from tests.command import complaint, edge_genre, succeed
from tests.edge_runtime.sounds import RATE, noise, write_wav
from tests.edge_runtime.tagged_models import (
    OTHER_MUSIC,
    STYLE_LOGITS,
    TAG_LOGITS,
    write_tagged,
)

pytestmark = pytest.mark.usefixtures("classifier")


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", noise(5 * RATE))


def test_several_sinks_get_the_same_and_stdout_stays_the_displays(clip, tmp_path):
    log, db, hook = tmp_path / "log.jsonl", tmp_path / "genre.db", tmp_path / "hook.json"
    done = succeed(
        "listen", "--input", clip, "--fast", "--json", "--interval", "1",
        "--log", log, "--history", db, "--on-change", f"cat > {hook}; echo loud",
    )  # fmt: skip
    assert log.read_text() == done.stdout
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr.splitlines() == ["loud"] * done.stderr.count("\n")
    assert json.loads(hook.read_text())["label"] == events[-1]["label"]
    history = json.loads(succeed("history", "--db", db, "--json").stdout)
    assert history["minutes"] == round(5 / 60, 2)
    assert {genre["label"] for genre in history["genres"]} == {event["label"] for event in events}
    assert sorted(path.name for path in tmp_path.iterdir())[:2] == ["clip.wav", "genre.db"]


def test_style_and_mood_reach_every_sink(clip, tmp_path):
    model = write_tagged(tmp_path / "tagged.npz", (*OTHER_MUSIC, *TAG_LOGITS, *STYLE_LOGITS))
    log, db, hook = tmp_path / "log.jsonl", tmp_path / "genre.db", tmp_path / "hook"
    done = succeed(
        "listen", "--input", clip, "--fast", "--model", model, "--log", log, "--history", db,
        "--on-change", f'echo "$EDGE_GENRE_LABEL, $EDGE_GENRE_STYLE, $EDGE_GENRE_MOOD" > {hook}',
    )  # fmt: skip
    assert done.stdout.splitlines()[1].endswith("; electronic > ambient, sad")
    assert hook.read_text() == "other, electronic > ambient, sad\n"
    (line,) = {
        (event["label"], event["style"], event["mood"])
        for event in map(json.loads, log.read_text().splitlines())
    }
    assert line == ("other", "electronic > ambient", "sad")
    shown = json.loads(succeed("history", "--db", db, "--by", "style", "--json").stdout)
    assert shown["styles"] == [{"label": "electronic > ambient", "minutes": 0.08, "share": 1.0}]


def test_a_log_is_rotated_as_it_was_asked(clip, tmp_path):
    log = tmp_path / "log.jsonl"
    succeed(
        "listen", "--input", clip, "--fast", "--json", "--interval", "0.1",
        "--log", log, "--log-max-mb", "0.01", "--log-keep", "1",
    )  # fmt: skip
    assert sorted(p.name for p in tmp_path.glob("log*")) == ["log.jsonl", "log.jsonl.1"]
    assert all(p.stat().st_size <= 10_000 for p in tmp_path.glob("log*"))


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--mqtt", "localhost"], 2, "mqtt://"),
        (["--mqtt", "mqtt://host", "--mqtt-ca", "ca.pem"], 2, "use mqtts://"),
        (["--mqtt", "mqtts://host", "--mqtt-ca", "none.pem"], 2, "none.pem"),
        (["--mqtt", "mqtts://host", "--mqtt-key", "none.pem"], 2, "--mqtt-cert"),
        (["--mqtt", "mqtt://u@host", "--mqtt-password-file", "none"], 2, "none: No such file"),
        (["--mqtt", "mqtt://host", "--mqtt-password-file", "none"], 2, "No such file"),
        (["--mqtt", "mqtt://host", "--mqtt-discovery-prefix", "a/#"], 2, "is no topic"),
        (["--mqtt-interval", "5"], 2, "--mqtt-interval has no meaning without --mqtt"),
        (["--no-mqtt-discovery"], 2, "no meaning without --mqtt"),
        (["--log-keep", "0"], 2, "--log-keep has no meaning without --log"),
        (["--hook-timeout", "5"], 2, "no meaning without --on-change"),
        (["--on-change", " "], 2, "--on-change is empty"),
        (["--log", "missing/log"], 3, "--log missing/log"),
        (["--log", "new", "--history", "./new"], 2, "both new; name two files"),
        (["--log", "clip.wav"], 3, "--log clip.wav: holds something else than JSON lines"),
        (["--history", "missing/genre.db"], 3, "there is no folder missing"),
        (["--history", "clip.wav"], 3, "clip.wav: is not a SQLite database"),
    ],
)
def test_what_can_never_work_is_refused_before_the_first_event(
    clip, monkeypatch, capfd, *, options, code, message
):
    monkeypatch.chdir(clip.parent)
    command = ["listen", "--input", clip.name, "--fast", *options]
    assert message in complaint(capfd, *command, code=code)


def test_a_password_on_the_command_line_is_warned_of_and_not_shown(clip, tmp_path):
    done = edge_genre(
        "listen", "--input", clip, "--fast", "--mqtt", "mqtt://u:secret@127.0.0.1:1/x"
    )
    assert done.returncode == 0
    assert "--mqtt-password-file" in done.stderr.splitlines()[0]
    assert "secret" not in done.stderr


def test_a_missing_library_is_named_with_its_extra(clip, tmp_path):
    (tmp_path / "paho.py").write_text("raise ImportError")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "listen", "--input", clip, "--fast",
         "--mqtt", "mqtt://host"],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert (
        done.stderr == 'edge-genre: --mqtt needs the extra "mqtt": pip install "edge-genre[mqtt]"\n'
    )


def test_a_sink_without_its_option_is_not_imported(clip):
    code = (
        "import sys\nfrom edge_runtime.cli import main\n"
        f"assert main(['listen', '--input', {str(clip)!r}, '--fast']) == 0\n"
        "print(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"paho", "ssl", "sqlite3", "http", "h11", "edge_runtime.sinks.background"}
