"""``edge-genre listen``: files, pipes, signals."""

import json
import os
import pty
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edge_runtime.sources import arecord, devices
from tests.command import complaint, succeed

from ..sounds import FLOAT, PCM, RATE, encode, noise, wav_bytes, write_wav
from ..sources.test_sources import wait_until_read

pytestmark = pytest.mark.usefixtures("classifier")

COMMAND = [sys.executable, "-m", "edge_runtime", "listen"]
PATIENCE_S = 60
SEED = ("--model", "seed-cnn")
"""Its window is 3 s at 22050 Hz, and it takes noise for music"""


def pcm(seconds, rate=RATE):
    return encode(noise(round(seconds * rate)), PCM, 16)


def listen_to(data: bytes, *options: str) -> subprocess.CompletedProcess:
    """Run ``listen --input -`` on a pipe that holds these bytes."""
    return subprocess.run(
        [*COMMAND, "--input", "-", *options],
        input=data, capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


@pytest.fixture
def clip(tmp_path):
    return write_wav(tmp_path / "clip.wav", noise(5 * RATE))


def events_of(stdout):
    return [json.loads(line) for line in stdout.splitlines()]


def test_a_file_gives_a_json_line_for_each_window(clip, classifier):
    done = succeed("listen", "--input", clip, "--fast", "--json", "--interval", "1", *SEED)
    events = events_of(done.stdout)
    assert done.stderr == ""
    assert [(event["start"], event["end"]) for event in events] == [
        (0.0, 3.0), (0.998, 3.998), (1.997, 4.997), (2.0, 5.0),
    ]  # fmt: skip
    assert list(events[0]) == [
        "schema", "time", "start", "end", "new_s", "label", "confidence", "posterior",
        "raw_posterior", "tags", "styles", "style", "mood", "level_dbfs", "front_end_ms",
        "inference_ms", "padded",
        "dropped_samples", "missing_s", "non_finite_samples", "clipped_samples", "utc",
    ]  # fmt: skip
    assert [event["new_s"] for event in events] == [3.0, 0.998, 0.998, 0.003]
    for event in events:
        assert event["schema"] == 1
        assert tuple(event["posterior"]) == classifier.labels
        assert event["label"] == max(event["posterior"], key=event["posterior"].get)


def test_a_file_gives_plain_lines_where_there_is_no_terminal(clip):
    done = succeed("listen", "--input", clip, "--speed", "100", "--interval", "0.75")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("listening to clip.wav (0:05) with ")
    assert [line.split()[0] for line in lines[1:-1]] == ["0:03", "0:03", "0:04", "0:05"]
    assert lines[-1].startswith("heard 0:05: ")


def test_a_file_is_drawn_where_there_is_a_terminal(clip):
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60", "LINES": "30"}
    with subprocess.Popen(
        [*COMMAND, "--input", clip, "--fast", *SEED],
        stdout=follower, stderr=subprocess.PIPE, env=environment,
    ) as process:  # fmt: skip
        os.close(follower)
        drawn = b""
        while True:
            try:
                drawn += os.read(leader, 65536)
            except OSError:  # the other end was closed
                break
        assert process.stderr.read() == b""
    os.close(leader)
    assert process.returncode == 0
    assert "edge-genre" in drawn.decode()
    assert "% sure" in drawn.decode()
    assert drawn.decode().rstrip().splitlines()[-1].count("heard 0:05: ") == 1


def test_a_truncated_file_is_classified_with_a_warning(tmp_path):
    path = tmp_path / "cut.wav"
    path.write_bytes(wav_bytes(noise(5 * RATE))[: 44 + 2 * 4 * RATE])
    done = succeed("listen", "--input", path, "--fast", "--json")
    assert events_of(done.stdout)[-1]["end"] == 4.0
    (line,) = done.stderr.splitlines()
    assert line.startswith("edge-genre: warning: ")


def test_samples_of_another_scale_are_refused_with_the_files_name(tmp_path, capfd):
    path = write_wav(tmp_path / "int16.wav", 9000 * noise(4 * RATE), tag=FLOAT, bits=32)
    line = complaint(capfd, "listen", "--input", path, "--fast", "--json", code=3)
    assert "int16.wav: samples reach" in line


@pytest.mark.parametrize("content", [b"", b"no sound here\n" * 20, wav_bytes(noise(0))])
def test_a_bad_file_is_refused_in_one_line(tmp_path, content, capfd):
    (tmp_path / "bad.wav").write_bytes(content)
    line = complaint(capfd, "listen", "--input", tmp_path / "bad.wav", "--fast", code=3)
    assert "bad.wav" in line


def test_raw_pcm_has_the_rate_that_was_given():
    done = listen_to(pcm(4, 48000), "--rate", "48000", "--json", "--interval", "1", *SEED)
    assert [event["end"] for event in events_of(done.stdout)] == [3.0, 3.998, 4.0]
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("form", "size"), [("U8", 1), ("S24_3LE", 3), ("FLOAT_LE", 4)])
def test_raw_pcm_of_any_format_is_read(form, size, channels):
    silence = (b"\x80" if form == "U8" else b"\0") * size * channels * RATE * 4
    options = ["--rate", str(RATE), "--format", form, "--channels", str(channels), "--json"]
    done = listen_to(silence, *options)
    events = events_of(done.stdout)
    assert events[-1]["end"] == 4.0
    assert {event["label"] for event in events} == {"silence"}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [(b"", "no sound arrived"), (wav_bytes(noise(5 * RATE)), "holds a WAV file, not raw samples")],
)
def test_a_pipe_without_raw_sound_is_refused_in_one_line(data, complaint):
    done = listen_to(data, "--rate", str(RATE), "--json")
    assert (done.returncode, done.stdout) == (3, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("edge-genre: stdin: ")
    assert complaint in line


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--input", "CLIP", "--rate", "48000"], "--rate"),
        (["--input", "CLIP", "--channels", "2"], "--channels"),
        (["--input", "CLIP", "--format", "S16_LE"], "--format"),
        (["--input", "CLIP", "--device", "mic"], "--device"),
        (["--input", "-", "--fast"], "--fast"),
        (["--input", "-", "--speed", "2"], "--speed"),
        (["--input", "-", "--device", "mic"], "--device"),
        (["--fast"], "--fast"),
        (["--speed", "2"], "--speed"),
        (["--format", "S16_LE"], "--format"),
        (["--input", "mic:usb", "--fast"], "--fast"),
        (["--input", "CLIP", "--fail-fast"], "--fail-fast"),
        (["--input", "-", "--capture", "arecord"], "--capture"),
    ],
)
def test_an_option_that_would_have_no_effect_is_wrong_usage(clip, options, named, capfd):
    options = [str(clip) if option == "CLIP" else option for option in options]
    line = complaint(capfd, "listen", *options, code=2)
    assert line.startswith(f"edge-genre: {named} has no meaning for ")


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--input", "mic:"], "--input mic: names no microphone"),
        (["--input", "mic:one", "--device", "two"], "--device two and --input mic:one"),
        (["--capture", "jack"], "--capture"),
    ],
)
def test_a_microphone_that_is_named_wrongly_is_wrong_usage(options, named, capfd):
    assert named in complaint(capfd, "listen", *options, code=2)


def test_a_file_may_be_named_like_a_microphone(clip):
    named = clip.rename(clip.parent / "mic:usb")
    done = succeed("listen", "--input", f"file:{named}", "--fast", "--json")
    assert events_of(done.stdout)[-1]["end"] == 5.0


def test_a_pipe_that_is_faster_than_the_clock_is_read_to_the_last_sample():
    done = listen_to(pcm(120), "--rate", str(RATE), "--json", "--interval", "5")
    last = events_of(done.stdout)[-1]
    assert (last["end"], last["dropped_samples"]) == (120.0, 0)


def interrupted(number: int, *options: str) -> tuple[int, str, str]:
    """Send a signal after 4.5 s of sound were read from a pipe that stays open."""
    with subprocess.Popen(
        [*COMMAND, "--input", "-", "--rate", str(RATE), "--interval", "1", *SEED, *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdin.write(pcm(4.5))
        process.stdin.flush()
        wait_until_read(process.stdin.fileno())
        process.send_signal(number)
        process.wait(PATIENCE_S)
        return process.returncode, process.stdout.read().decode(), process.stderr.read().decode()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_the_json_lines_after_the_last_event(number, code):
    returncode, stdout, stderr = interrupted(number, "--json")
    assert (returncode, stderr) == (code, "")
    assert stdout.endswith("}\n")
    assert [event["end"] for event in events_of(stdout)] == [3.0, 3.998, 4.5]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_ends_the_plain_lines_with_the_summary(number, code):
    returncode, stdout, stderr = interrupted(number)
    assert (returncode, stderr) == (code, "")
    assert len(stdout.splitlines()) == 5
    assert stdout.splitlines()[-1].startswith("heard 0:04: ")


def test_a_signal_ends_a_file_that_plays_by_the_clock(tmp_path):
    path = write_wav(tmp_path / "long.wav", noise(120 * RATE))
    with subprocess.Popen(
        [*COMMAND, "--input", path, "--speed", "10", "--json"], stdout=subprocess.PIPE, text=True
    ) as process:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        process.wait(PATIENCE_S)
    assert process.returncode == 130
    assert all(event["end"] < 120.0 for event in events_of(first + rest))


NO_CARD = """\
#!/bin/sh
if [ "$1" = -L ]; then
    echo null; echo '    Discard all samples'; echo default
else
    echo "ALSA lib confmisc.c:855:(parse_card) cannot find card '0'" >&2
    echo 'ALSA lib conf.c:5180:(_snd_config_evaluate) function snd_func_card_inum' >&2
    exit 1
fi
"""
"""An arecord of a machine without a sound card"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that has neither PortAudio nor arecord, nor a sound card."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setattr(devices, "_NODES", tmp_path)
    monkeypatch.setattr(arecord, "_CARDS", tmp_path / "cards")
    return tmp_path


@pytest.fixture(params=["PortAudio", "arecord"])
def machine_without_microphone(request, machine, monkeypatch):
    """One of the two libraries is there, and no microphone."""
    if request.param == "PortAudio":
        found = SimpleNamespace(
            query_devices=list, PortAudioError=OSError, default=SimpleNamespace(device=[-1, -1])
        )
        monkeypatch.setitem(sys.modules, "sounddevice", found)
    else:
        (machine / "arecord").write_text(NO_CARD)
        (machine / "arecord").chmod(0o755)


WITHOUT_MICROPHONE = [["listen", "--fail-fast"], ["listen", "--json", "--fail-fast"], ["devices"]]


@pytest.mark.usefixtures("machine_without_microphone")
@pytest.mark.parametrize("typed", WITHOUT_MICROPHONE)
def test_a_machine_without_a_microphone_names_the_remedy(typed, capfd):
    line = complaint(capfd, *typed, code=4)
    assert line.startswith("edge-genre: no microphone found; ")
    assert "--input FILE" in line


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("typed", WITHOUT_MICROPHONE)
def test_a_machine_without_portaudio_and_arecord_names_both(typed, capfd):
    line = complaint(capfd, *typed, code=4)
    assert line.startswith("edge-genre: no way to reach a microphone: install PortAudio")
    assert "apt install libportaudio2" in line
    assert "apt install alsa-utils" in line


@pytest.mark.parametrize("options", [["--json"], []])
def test_a_reader_that_goes_away_ends_the_command_with_1_and_no_words(clip, options):
    with subprocess.Popen(
        [*COMMAND, "--input", clip, "--fast", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_an_offset_of_the_source_is_warned_of_once(tmp_path):
    clip = write_wav(tmp_path / "off.wav", noise(8 * RATE) + 0.05)
    done = succeed("listen", "--input", clip, "--fast", "--json")
    (line,) = done.stderr.splitlines()
    assert line.startswith("edge-genre: warning: off.wav: the sound has a constant offset of 5% of")
