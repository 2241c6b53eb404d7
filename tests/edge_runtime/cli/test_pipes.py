"""Named pipes where a file should be: told of, never waited for; as --input they are read."""

import os
import subprocess
import sys
import threading

import pytest

from edge_runtime.audio.file import DEMO_CLIP, open_audio

from ...command import complaint, refused

MANY_SECONDS = 60

# Nobody writes into the pipe: whoever opens it waits for ever.
pytestmark = pytest.mark.timeout(4 * MANY_SECONDS)

LISTEN = ["listen", "--input", "demo", "--fast"]
MQTTS = [*LISTEN, "--mqtt", "mqtts://user@localhost"]


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["info"], 3),
        (["classify"], 3),
        (["classify", "demo", "--model"], 3),
        (["bench", "--model"], 3),
        (["bench", "--compare", "PIPE"], 3),
        (["history", "--db"], 3),
        (["listen", "--config"], 2),
        ([*LISTEN, "--model"], 3),
        ([*LISTEN, "--history"], 3),
        ([*LISTEN, "--http", "0", "--http-token-file"], 2),
        ([*LISTEN, "--mqtt", "mqtt://user@localhost", "--mqtt-password-file"], 2),
        ([*MQTTS, "--mqtt-ca"], 2),
        ([*MQTTS, "--mqtt-cert"], 2),
        ([*MQTTS, "--mqtt-cert", str(DEMO_CLIP), "--mqtt-key"], 2),
        (["install-service", "--model"], 2),
        (["install-service", "--config"], 2),
        (["install-service", "--write"], 3),
        (["listen", "--device", "x", "--input"], 2),
    ],
)
def test_a_pipe_in_place_of_a_file_is_told_of(pipe, arguments, code, capfd):
    named = [str(pipe) if argument == "PIPE" else argument for argument in arguments]
    line = complaint(capfd, *named, pipe, code=code)
    assert str(pipe) in line
    assert "is a pipe" in line or "--device has no meaning" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["data", "check"],
        ["evaluate", "tiny"],
        ["features"],
        ["compare"],
        ["teach"],
        ["export"],
        ["evaluate", "tiny", str(DEMO_CLIP.parent), "--against"],
        ["evaluate", "tiny", str(DEMO_CLIP.parent), "--split-file"],
        ["data", "check", str(DEMO_CLIP.parent), "--csv"],
    ],
)
def test_a_pipe_in_place_of_a_data_set_or_a_run_is_refused(pipe, arguments):
    assert str(pipe) in refused(*arguments, pipe, code=3, cwd=pipe.parent)


def test_a_pipe_in_a_data_set_is_told_of_and_the_other_clips_are_read(tmp_path):
    folder = tmp_path / "music" / "jazz"
    folder.mkdir(parents=True)
    (folder / "demo.wav").symlink_to(DEMO_CLIP)
    os.mkfifo(folder / "pipe.wav")
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "data", "check", tmp_path / "music"],
        capture_output=True,
        text=True,
        timeout=MANY_SECONDS,
        check=False,
    )
    assert "jazz/pipe: is a pipe" in done.stdout
    assert "1 of 2 clips are usable" in done.stdout


def test_a_named_pipe_is_read_as_stdin_is(pipe):
    (samples,) = open_audio(DEMO_CLIP).blocks(60.0)
    sound = (32767 * samples[: 4 * 22_050]).astype("<i2").tobytes()
    writer = threading.Thread(target=lambda: pipe.write_bytes(sound))
    writer.start()
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "listen", "--input", pipe, "--rate", "22050"],
        capture_output=True,
        text=True,
        timeout=MANY_SECONDS,
        check=False,
    )
    writer.join(MANY_SECONDS)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "pipe: is a pipe; it is read as raw PCM, S16_LE, 22050 Hz, 1 channel(s)" in line
    assert "listening to pipe with tiny" in done.stdout
    assert "heard 0:04" in done.stdout


def test_what_a_shell_opened_is_read(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "listen", "--config", "/dev/stdin"],
        input=b'input = "demo"\nfast = true\n',
        capture_output=True,
        timeout=MANY_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
