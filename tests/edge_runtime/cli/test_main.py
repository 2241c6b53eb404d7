"""The command as a whole: overview, usage errors, model cards, lost streams."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from edge_runtime import __version__, cli
from edge_runtime.cli import dispatch
from edge_runtime.cli.workstation import WORKSTATION_COMMANDS
from edge_runtime.frontend import PRESETS
from edge_runtime.model.file import write_model
from edge_runtime.model.manifest import Manifest, TensorInfo
from tests.command import edge_genre, refused, succeed

from ..manifests import FAKE_TFLITE, manifest_for
from ..sounds import noise, write_wav

DEVICE_COMMANDS = (
    "listen", "classify", "label", "report", "segment", "history", "devices", "doctor", "bench",
    "install-service", "info",
)  # fmt: skip
COMMAND = [sys.executable, "-m", "edge_runtime"]
FULL = Path("/dev/full")


def test_version_is_the_packages():
    assert succeed("--version").stdout == f"edge-genre {__version__}\n"
    assert succeed("-V").stdout == f"edge-genre {__version__}\n"


@pytest.mark.parametrize("how", [["--help"], ["-h"], ["help"]])
def test_help_lists_every_command(how):
    done = succeed(*how)
    for name in ("listen", "classify", "devices", "doctor", "info", "train", "evaluate", "export"):
        assert f"\n  {name} " in done.stdout
    assert done.stderr == ""


@pytest.fixture
def device(monkeypatch):
    """A device has no distribution but its own."""
    monkeypatch.setattr(dispatch, "_plugins", dict)


@pytest.mark.parametrize(("name", "extra"), [("train", "train"), ("export", "export")])
def test_a_command_of_the_workstation_names_the_extra_that_brings_it(device, capsys, name, extra):
    assert cli.main([name, "--help"]) == 4
    assert capsys.readouterr() == (
        "", f'edge-genre: edge-genre {name} needs the extra "{extra}": '
        f'pip install "edge-genre[{extra}]"; in a clone: pip install ".[{extra}]" ./workstation\n',
    )  # fmt: skip


def test_help_on_a_device_lists_the_commands_of_the_workstation_and_their_extras(device, capsys):
    assert cli.main(["--help"]) == 0
    lines = capsys.readouterr().out.partition("on the workstation:\n")[2].splitlines()
    for name, (extra, text) in WORKSTATION_COMMANDS.items():
        assert f'  {name:<16} {text}  [pip install "edge-genre[{extra}]"]' in lines
    assert cli.main(["evalute"]) == 2
    assert "did you mean 'evaluate'?" in capsys.readouterr().err


def test_the_device_knows_just_the_commands_that_the_workstation_has():
    points = entry_points(group="edge_genre.commands")
    found = {point.name: point.load() for point in points if point.name not in DEVICE_COMMANDS}
    extras = {name: module.__name__.partition(".")[0] for name, module in found.items()}
    helps = {name: module.HELP for name, module in found.items()}
    assert {name: (extras[name], helps[name]) for name in found} == WORKSTATION_COMMANDS


def test_no_command_prints_the_help_and_is_wrong_usage():
    done = edge_genre()
    assert done.returncode == 2
    assert done.stdout == succeed("--help").stdout


@pytest.mark.parametrize("name", DEVICE_COMMANDS)
def test_every_command_of_the_device_explains_itself(name):
    done = succeed(name, "--help")
    assert done.stdout.startswith(f"usage: edge-genre {name} ")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("clasify", "did you mean 'classify'?"),
        ("evalute", "did you mean 'evaluate'?"),
        ("xyzzy", "see: edge-genre --help"),
        ("--quiet", "see: edge-genre --help"),
    ],
)
def test_an_unknown_command_gets_a_hint(typed, hint):
    assert refused(typed, code=2) == f"edge-genre: there is no command '{typed}'; {hint}"


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (["classify"], "FILE"),
        (["classify", "a.wav", "--loud"], "--loud"),
        (["classify", "--threads", "0", "a.wav"], "'0' is not a whole number from 1 to 64"),
        (["classify", "--threads", "two", "a.wav"], "'two' is not a whole number"),
        (["info", "a.tflite", "b.tflite"], "b.tflite"),
        (["devices", "all"], "all"),
        (["listen", "song.wav"], "song.wav"),
        (["listen", "--rate", "7999"], "'7999' is not a whole number from 8000 to 192000"),
        (["listen", "--channels", "65"], "'65' is not a whole number from 1 to 64"),
        (["listen", "--speed", "0"], "'0' is not a number from 0.1 to 1000"),
        (["listen", "--speed", "nan"], "'nan' is not a number"),
        (["listen", "--interval", "often"], "'often' is not a number from 0.02 to 3600"),
        (["listen", "--format", "S20_3LE"], "'S20_3LE'"),
        (["listen", "--fast", "--speed", "2"], "not allowed with"),
    ],
)
def test_wrong_usage_is_reported_in_one_line(typed, complaint):
    assert complaint in refused(*typed, code=2)


def test_a_format_that_does_not_exist_is_refused_with_those_that_do():
    assert "S16_LE" in refused("listen", "--format", "S20_3LE", code=2)


def test_info_prints_the_models_card(classifier):
    manifest = classifier.manifest
    card = succeed("info", "seed-cnn").stdout
    assert card.startswith(f"{manifest.name} {manifest.version}\n===")
    assert ", ".join(manifest.labels) in card
    assert manifest.licence in card


def test_info_says_how_a_log_mel_is_compressed(tmp_path):
    params = PRESETS["musicnn96"]
    tensor = TensorInfo(name="features", shape=(1, 187, 96), dtype="float32")
    manifest = manifest_for(FAKE_TFLITE, front_end=params, input=tensor)
    write_model(tmp_path / "m.tflite", FAKE_TFLITE, manifest)
    card = " ".join(succeed("info", tmp_path / "m.tflite").stdout.split())
    assert (
        "input 3.008 s at 16000 Hz: 187 frames of 96 log-mel coefficients, "
        "log10(1 + 10000 * power)" in card
    )


def test_info_prints_the_manifest_as_json(classifier):
    text = succeed("info", "seed-cnn", "--json").stdout
    assert Manifest.from_json(text, source="info") == classifier.manifest
    assert json.loads(text)["schema_version"].startswith("1.")


def test_info_refuses_what_is_no_model(tmp_path):
    assert "no such model file" in refused("info", tmp_path / "none.tflite", code=3)
    (tmp_path / "notes.txt").write_text("hello")
    assert "is not a model" in refused("info", tmp_path / "notes.txt", code=3)


@pytest.mark.parametrize(
    "typed", ["classify CLIP --json", "listen --input CLIP --fast --json", "info"]
)
def test_a_reader_that_leaves_early_is_no_fault(classifier, tmp_path, typed):
    clip = write_wav(tmp_path / "clip.wav", noise(100 * 22050))
    command = f"{sys.executable} -m edge_runtime {typed.replace('CLIP', str(clip))} | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert len(done.stdout) == 1
    assert done.stderr == ""


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "typed", ["info", "--version", "listen --input demo --fast --json", "classify demo"]
)
def test_a_full_disk_is_reported_in_one_line_that_names_it(classifier, typed, unbuffered):
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, *typed.split()],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.returncode == 1
    where = "the output (/dev/full)" if Path("/proc/self/fd").exists() else "the output"
    assert done.stderr == (
        f"edge-genre: {where}: No space left on device; make space, or write elsewhere\n"
    )


@pytest.mark.parametrize(
    ("typed", "closed"),
    [("classify CLIP", ">&-"), ("listen --input CLIP --fast", ">&-"), ("listen --input -", "<&-")],
)
def test_a_closed_stream_is_no_crash(classifier, tmp_path, typed, closed):
    clip = write_wav(tmp_path / "clip.wav", noise(4 * 22050))
    command = f"{sys.executable} -m edge_runtime {typed.replace('CLIP', str(clip))} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def test_a_terminal_that_cannot_show_bars_still_shows_the_genre(classifier, tmp_path):
    clip = write_wav(tmp_path / "clip.wav", noise(4 * 22050))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*COMMAND, "classify", clip], env=environment, capture_output=True, text=True, check=True
    )
    assert "(0:04, 1 window)" in done.stdout
    assert done.stdout.isascii()
    assert done.stderr == ""
