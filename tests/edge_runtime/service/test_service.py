"""``edge-genre install-service``, and what a listener tells systemd."""

import os
import pwd
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.cli import install_service, main
from edge_runtime.service.account import Account, choose_account
from edge_runtime.service.notify import ServiceManager
from edge_runtime.service.unit import Service, quote, unit
from tests.command import refused, succeed

from ..cli.test_listen import COMMAND, PATIENCE_S, pcm
from ..sinks.events import event
from ..sounds import RATE


class Manager:
    """The end of systemd."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(PATIENCE_S)

    def told(self) -> dict[str, str]:
        """The next datagram."""
        lines = self._socket.recv(4096).decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    path = str(tmp_path / "notify")
    end = Manager(path if request.param == "file" else f"@edge-genre-{os.getpid()}")
    yield end
    end.close()


def test_a_change_of_the_answer_is_told_and_the_same_answer_is_not(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.ready("mic")
    for label in ("jazz", "jazz", "silence"):
        service.show(event(label))
    service.close()
    assert manager.told() == {"READY": "1", "STATUS": "listening to mic"}
    assert manager.told() == {"STATUS": "jazz (75%)"}
    assert manager.told() == {"STATUS": "silence"}
    assert manager.told() == {"STOPPING": "1"}


def test_signs_of_life_come_twice_as_often_as_they_are_asked_for(manager, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("edge_runtime.service.notify.time.monotonic", lambda: now[0])
    service = ServiceManager({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000"})
    beats = 0
    for _ in range(100):  # 20 s
        service.alive()
        now[0] += 0.2
    service.close()
    while "STOPPING" not in (told := manager.told()):
        assert told == {"WATCHDOG": "1"}
        beats += 1
    assert beats == 4


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "no path"},
        {"NOTIFY_SOCKET": "/nobody/listens"},
        {"NOTIFY_SOCKET": "/nobody/listens", "WATCHDOG_USEC": "soon", "WATCHDOG_PID": "x"},
        {"NOTIFY_SOCKET": "/nobody/listens", "WATCHDOG_USEC": "5", "WATCHDOG_PID": "1"},
    ],
)
def test_without_a_manager_that_listens_nothing_happens(environment):
    service = ServiceManager(environment)
    service.ready("mic")
    service.alive()
    service.show(event("jazz"))
    service.close()


def test_listen_tells_that_it_is_ready_what_it_hears_that_it_lives_and_that_it_ends(manager):
    environment = os.environ | {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    with subprocess.Popen(
        [*COMMAND, "--input", "-", "--rate", str(RATE), "--model", "seed-cnn"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment,
    ) as process:  # fmt: skip
        told = manager.told()
        while "READY" not in told:  # signs of life may come before
            assert told == {"WATCHDOG": "1"}
            told = manager.told()
        assert told["STATUS"] == "listening to stdin"
        for _ in range(3):  # though no sound comes
            assert manager.told() == {"WATCHDOG": "1"}
        process.stdin.write(pcm(4.0))
        process.stdin.flush()
        while "STATUS" not in (told := manager.told()):
            assert told == {"WATCHDOG": "1"}
        process.send_signal(signal.SIGTERM)
        while "STOPPING" not in (told := manager.told()):
            assert "WATCHDOG" in told or "STATUS" in told
        assert process.wait(PATIENCE_S) == 0


def test_a_microphone_that_is_missing_is_the_status_and_no_failure(manager, tmp_path):
    log = (tmp_path / "journal").open("w+")
    status = os.fstat(log.fileno())
    environment = os.environ | {
        "NOTIFY_SOCKET": manager.address,
        "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
    }
    with log, subprocess.Popen(
        [*COMMAND, "--device", "no such microphone", "--model", "seed-cnn"],
        stdout=subprocess.DEVNULL, stderr=log, env=environment,
    ) as process:  # fmt: skip
        assert manager.told()["STATUS"].endswith("waiting for it")
        assert manager.told() == {"READY": "1"}
        process.send_signal(signal.SIGTERM)
        while "STOPPING" not in manager.told():
            pass
        assert process.wait(PATIENCE_S) == 0
        log.seek(0)
        # A warning in the journal, too, though stderr is hidden from the sound libraries.
        assert log.readline().startswith("<4>edge-genre: warning: ")


def test_what_is_wrong_is_the_status_until_the_next_answer(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.ready("mic")
    service.show(event("jazz"))
    service.trouble("mic: lost;\nwaiting for it")
    service.show(event("jazz"))
    assert [manager.told()["STATUS"] for _ in range(4)] == [
        "listening to mic", "jazz (75%)", "mic: lost; waiting for it", "jazz (75%)",
    ]  # fmt: skip
    service.close()


@pytest.fixture(scope="module")
def analyze():
    if shutil.which("systemd-analyze"):
        return
    message = "needs systemd-analyze (apt install systemd)"
    pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)


OPTIONS = ("--input", "mic:USB Audio", "--on-change", 'echo "$EDGE_GENRE_LABEL" 100% \\o/')


@pytest.mark.usefixtures("analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    path = tmp_path / "edge-genre.service"
    path.write_text(succeed("install-service", *OPTIONS).stdout)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_starts_this_python_with_these_options():
    lines = succeed("install-service", *OPTIONS).stdout.splitlines()
    (command,) = (line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecS"))
    undone = shlex.split(command.replace("%%", "%").replace("$$", "$"))
    assert undone == [sys.executable, "-P", "-m", "edge_runtime", "listen", *OPTIONS]
    assert "Type=notify" in lines
    assert "DynamicUser=yes" in lines
    assert "DynamicUser=yes" not in succeed("install-service", "--user").stdout


def installed(*options, cwd=None):
    """A unit's settings: the values by name, and what is started."""
    lines = succeed("install-service", *options, cwd=cwd).stdout.splitlines()
    pairs = [line.split("=", 1) for line in lines if "=" in line and line[0] != "#"]
    return {name: [v for n, v in pairs if n == name] for name, _ in pairs}


def test_files_are_named_with_their_whole_paths(tmp_path):
    for name in ("a.tflite", "b.toml", "c.wav"):
        (tmp_path / name).write_text("rate = 48000" if name == "b.toml" else "")
    given = ("--mod", "a.tflite", "--interval", "2", "--config=b.toml", "--history", "genre.db")
    (command,) = installed(*given, cwd=tmp_path)["ExecStart"]
    assert command.endswith(
        f" listen --interval 2 --history genre.db --config={tmp_path}/b.toml "
        f"--model={tmp_path}/a.tflite"
    )
    (command,) = installed("--input", "c.wav", cwd=tmp_path)["ExecStart"]
    assert command.endswith(f" listen --input=file:{tmp_path}/c.wav")
    (command,) = installed("--input", "demo", "--model", "base", cwd=tmp_path)["ExecStart"]
    assert command.endswith(" listen --input demo --model base")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "no.tflite: no such file" in refused(
        "install-service", "--model", tmp_path / "no.tflite", code=2
    )


@pytest.mark.parametrize("told_by", ["command line", "file"])
def test_secrets_are_read_by_systemd_for_the_service_alone(tmp_path, told_by):
    secret, config = tmp_path / "100% secret", tmp_path / "listen.toml"
    secret.touch(mode=0o600)
    config.write_text(f"mqtt_password_file = '{secret}'")
    told = ("--config", config) if told_by == "file" else ("--mqtt-password-file", secret)
    unit = installed("--mqtt", "mqtt://me@broker", *told)
    assert unit["LoadCredential"] == [f"mqtt-password-file:{tmp_path}/100%% secret"]
    assert unit["ExecStart"][0].endswith(" --mqtt-password-file=%d/mqtt-password-file")
    assert "100%" not in unit["ExecStart"][0]
    unit = installed("--user", "--mqtt", "mqtt://me@broker", *told)
    assert "LoadCredential" not in unit
    assert unit["ExecStart"][0].endswith(f' "--mqtt-password-file={tmp_path}/100%% secret"')


@pytest.mark.parametrize(
    ("options", "families"),
    [
        ((), "AF_UNIX"),
        (("--history", "genre.db"), "AF_UNIX"),
        (("--http", "8080"), "AF_UNIX AF_INET AF_INET6"),
        (("--mqtt", "mqtt://broker"), "AF_UNIX AF_INET AF_INET6"),
        (("--on-change", "curl"), "AF_UNIX AF_INET AF_INET6"),
    ],
)
def test_only_who_talks_to_others_may_do_so(options, families):
    assert installed(*options)["RestrictAddressFamilies"] == [families]


def test_a_service_may_run_as_a_user_and_write_where_that_user_can(tmp_path):
    me = pwd.getpwuid(os.geteuid()).pw_name
    history = f"{tmp_path}/of $me/genre.db"
    unit = installed("--as", me, "--history", history, "--log", "log.jsonl")
    assert unit["User"] == [me]
    assert "DynamicUser" not in unit
    assert unit["ReadWritePaths"] == [f'"{tmp_path}/of $me"']


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--history", "/srv/genre.db"), "/srv/genre.db cannot be written"),
        (("--http", "8080", "--http-token", "twelve letters"), "everybody can read the token"),
    ],
)
def test_what_may_keep_the_service_from_working_is_warned_of(options, words, monkeypatch, capsys):
    monkeypatch.setattr(install_service, "choose_account", lambda *_: Account(None))
    assert main(["install-service", *options]) == 0
    assert words in capsys.readouterr().err


def undone(text):
    """What systemd makes of an argument of ExecStart."""
    if text.startswith('"'):
        assert text.endswith('"')
        text = text[1:-1].encode("latin-1", "backslashreplace").decode("unicode_escape")
    return text.replace("%%", "%").replace("$$", "$")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_argument_survives_the_quoting(argument):
    quoted = quote(argument)
    assert undone(quoted) == argument
    assert "\n" not in quoted


def test_a_byte_that_is_no_text_is_written_by_its_number():
    assert quote("\udcff") == '"\\xff"'
    assert unit(Service(command=["/x", "\udcff"])).encode()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--inptu", "x"), "unrecognized arguments: --inptu x; see: edge-genre listen --help"),
        (("--rate", "3"), "'3' is not a whole number from 8000"),
        (("--input", "-"), "a service has no stdin"),
        (("--force",), "--force has no meaning without --write"),
        (("--as", "nobody at all"), "there is no such user"),
        (("--as", "root", "--user"), "--as has no meaning with --user"),
    ],
)
def test_options_that_listen_would_refuse_are_refused_now(options, complaint):
    assert complaint in refused("install-service", *options, code=2)


def test_a_unit_is_written_and_replaced_but_no_other_file(tmp_path):
    path = tmp_path / "new" / "edge-genre.service"
    assert (
        f"wrote {path}; start it: sudo systemctl daemon-reload"
        in succeed("install-service", "--write", path, "--input", "mic:one").stderr
    )
    succeed("install-service", "--input", "mic:two", "--write", path)
    assert "mic:two" in path.read_text()
    path.write_text("[Unit]\n")
    assert "is not ours" in refused("install-service", "--write", path, code=3)
    assert path.read_text() == "[Unit]\n"
    succeed("install-service", "--force", "--write", path)
    assert "ExecStart" in path.read_text()
    assert "is not ours" not in refused("install-service", f"--write={tmp_path}", code=3)


def test_a_service_runs_as_who_can_read_its_files(tmp_path):
    config = tmp_path / "private" / "edge-genre.toml"
    config.parent.mkdir(mode=0o700)
    config.write_text("rate = 48000\n")
    mine = Account(pwd.getpwuid(os.geteuid()).pw_name)
    for path, closed in ((config, config.parent), (Path("/etc/hostname"), None)):
        account = choose_account(None, [path], program=[])
        if closed is None or os.geteuid() == 0:
            assert account.name is None
        else:
            assert account.name == mine.name  # whose it is
        assert (str(closed) in f"{account.words} {account.doubt}") == (closed is not None)
    assert str(config) not in succeed("install-service", "--user", "--config", config).stderr


def test_a_unit_of_a_user_goes_where_the_user_s_manager_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    succeed("install-service", "--user", "--write")
    assert Path(tmp_path / "systemd" / "user" / "edge-genre.service").exists()
