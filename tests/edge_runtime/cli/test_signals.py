"""Ctrl-C, SIGTERM and a closed terminal end ``listen``, whatever it is waiting for."""

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

import pytest

from edge_runtime.cli import signals
from edge_runtime.cli.signals import hangup_reloads

MANY_SECONDS = 60.0
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no SIGHUP here")

EARLY = """
import os, signal, sys
class Interrupting:
    "Ctrl-C while the first module of that name is imported."
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from edge_runtime.cli import main
sys.exit(main({arguments!r}))
"""
WAITING = """
import sys
class Waiting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("waiting", flush=True)
            open({pipe!r})  # nobody writes into it
sys.meta_path.insert(0, Waiting())
from edge_runtime.cli import main
sys.exit(main({arguments!r}))
"""


@contextlib.contextmanager
def started(*command, **how):
    process = subprocess.Popen(
        [sys.executable, *command], **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    "module", ["edge_runtime.cli.dispatch", "argparse", "edge_runtime.cli.listen", "numpy"]
)
def test_ctrl_c_during_the_imports_gives_no_traceback(module):
    script = EARLY.format(module=module, arguments=["listen", "--input", "demo", "--fast"])
    with started("-c", script) as process:
        out, err = process.communicate(timeout=MANY_SECONDS)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
@pytest.mark.parametrize(
    "module", ["soxr", "ai_edge_litert.interpreter", "edge_runtime.sinks.hook"]
)
def test_it_ends_though_it_waits_for_what_never_comes(module, number, code, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    arguments = ["listen", "--input", "demo", "--on-change", "true", "--model", "tiny"]
    script = WAITING.format(module=module, pipe=str(tmp_path / "pipe"), arguments=arguments)
    with started("-c", script) as process:
        assert process.stdout.readline() == b"waiting\n"
        process.send_signal(number)
        assert process.wait(MANY_SECONDS) == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_though_nobody_reads_its_output(number, code):
    arguments = ["listen", "--input", "demo", "--fast", "--json", "--interval", "0.05"]
    with started("-m", "edge_runtime", *arguments) as process:
        size = fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
        deadline = time.monotonic() + MANY_SECONDS
        while waiting_bytes(process.stdout) < size - 1500:  # a line has less
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(MANY_SECONDS) == code


def waiting_bytes(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_though_every_sink_is_slow(number, code, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection, says nothing
        broker = f"mqtt://127.0.0.1:{mute.getsockname()[1]}"
        sinks = ["--mqtt", broker, "--on-change", "sleep 1000", "--http", "0"]
        files = ["--log", tmp_path / "log", "--history", tmp_path / "history"]
        arguments = ["listen", "--input", "demo", "--json", *sinks, *files]
        with started("-m", "edge_runtime", *arguments) as process:
            assert process.stdout.readline()
            process.send_signal(number)
            assert process.wait(MANY_SECONDS) == code
    assert (tmp_path / "log").read_text(), "what was heard is written all the same"


def test_all_that_hangs_together_takes_less_than_two_seconds():
    from edge_runtime.sinks.background import CLOSE_SECONDS

    assert CLOSE_SECONDS < signals.GRACE_SECONDS < 2.0


def test_a_source_that_is_silent_is_left_at_once():
    reader, writer = os.pipe()
    with started("-m", "edge_runtime", "listen", "--input", "-", stdin=reader) as process:
        assert process.stdout.readline().startswith(b"listening to stdin")
        process.send_signal(signal.SIGINT)
        assert process.wait(MANY_SECONDS) == 130
        assert process.stderr.read() == b""
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    ("environment", "reloads"),
    [
        ({}, False),
        ({"NOTIFY_SOCKET": "/run/systemd/notify"}, True),
        ({"INVOCATION_ID": "1"}, True),
        ({"INVOCATION_ID": "1", "SYSTEMD_EXEC_PID": str(os.getpid())}, True),
        # A desktop's terminal, which is a service, hands this to its shells.
        ({"INVOCATION_ID": "1", "SYSTEMD_EXEC_PID": "1"}, False),
    ],
)
def test_a_hangup_reloads_under_a_service_manager(environment, reloads, monkeypatch):
    monkeypatch.setattr(signals, "_TERMINAL", os.devnull)
    assert hangup_reloads(environment) is reloads
    monkeypatch.setattr(signals, "_TERMINAL", "/nowhere/tty")
    assert hangup_reloads(environment), "without a terminal nobody hangs up"


LISTENING = [sys.executable, "-m", "edge_runtime", "listen", "--input", "-", "--json"]
WITHOUT_MANAGER = {
    name: value
    for name, value in os.environ.items()
    if name not in ("NOTIFY_SOCKET", "INVOCATION_ID", "SYSTEMD_EXEC_PID")
}


def on_a_terminal(command, environment=WITHOUT_MANAGER):
    """A command on a terminal of its own: its process id, the terminal, and its sound."""
    reader, writer = os.pipe()
    child, terminal = pty.fork()
    if child == 0:
        os.dup2(reader, 0)
        os.execvpe(command[0], command, environment)
    os.close(reader)
    return child, terminal, writer


def exit_status(child):
    """How a child ended; None while it lives."""
    deadline = time.monotonic() + MANY_SECONDS
    while time.monotonic() < deadline:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    return None


SECONDS = bytes(2 * 44_100)


def feed_silence(terminal, writer, seconds):
    """Write silence to the listener, and wait for an event."""
    os.write(writer, SECONDS * seconds)
    assert select.select([terminal], [], [], MANY_SECONDS)[0]
    assert b'"schema"' in os.read(terminal, 65_536)


def test_closing_the_terminal_ends_it_and_the_last_label_is_written(tmp_path):
    log = tmp_path / "log.jsonl"
    child, terminal, writer = on_a_terminal([*LISTENING, "--log", str(log), "--interval", "60"])
    feed_silence(terminal, writer, 4)
    while waiting_bytes(writer):
        time.sleep(0.01)
    os.close(terminal)  # the window is closed, or the connection is lost
    assert exit_status(child) == 0
    os.close(writer)
    ends = [json.loads(line)["end"] for line in log.read_text().splitlines()]
    assert len(ends) == 2
    assert ends[1] > 3.9


def test_a_service_on_a_terminal_goes_on_when_it_is_hung_up():
    child, terminal, writer = on_a_terminal(LISTENING, WITHOUT_MANAGER | {"INVOCATION_ID": "1"})
    feed_silence(terminal, writer, 4)
    os.kill(child, signal.SIGHUP)
    feed_silence(terminal, writer, 2)
    os.close(writer)
    assert exit_status(child) == 0
    os.close(terminal)


def test_under_nohup_a_hangup_changes_nothing():
    ignoring = "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    ignoring += "os.execv(sys.executable, sys.argv[1:])"
    child, terminal, writer = on_a_terminal([sys.executable, "-c", ignoring, *LISTENING])
    feed_silence(terminal, writer, 4)
    os.kill(child, signal.SIGHUP)
    feed_silence(terminal, writer, 2)
    os.close(writer)
    assert exit_status(child) == 0
    os.close(terminal)
