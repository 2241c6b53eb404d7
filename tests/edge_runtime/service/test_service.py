"""``edge-genre install-service``, and the states that ``listen`` sends to systemd."""

import contextlib
import io
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.cli import install_service, main
from edge_runtime.errors import (
    AudioDeviceError,
    ConfigFileError,
    ModelFileError,
    ParameterError,
)
from edge_runtime.service import account
from edge_runtime.service.account import Account, choose_account
from edge_runtime.service.notify import ServiceManager
from edge_runtime.service.unit import MARK, Service, quote, unit
from tests.command import refused, succeed

from ..cli.test_listen import COMMAND, PATIENCE_S, pcm
from ..sinks.events import event
from ..sounds import RATE


class Manager:
    """systemd's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(PATIENCE_S)

    def received(self) -> dict[str, str]:
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


def test_a_change_of_the_label_is_sent_and_the_same_label_is_not(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.ready("mic")
    for label in ("jazz", "jazz", "silence"):
        service.show(event(label))
    service.close()
    assert manager.received() == {"READY": "1", "STATUS": "listening to mic"}
    assert manager.received() == {"STATUS": "jazz (75%)"}
    assert manager.received() == {"STATUS": "silence"}
    assert manager.received() == {"STOPPING": "1"}


def test_signs_of_life_come_twice_as_often_as_systemd_needs_them(manager, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("edge_runtime.service.notify.time.monotonic", lambda: now[0])
    service = ServiceManager({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000"})
    beats = 0
    for _ in range(100):  # 20 s
        service.alive()
        now[0] += 0.2
    service.close()
    while "STOPPING" not in (state := manager.received()):
        assert state == {"WATCHDOG": "1"}
        beats += 1
    assert beats == 4


@pytest.mark.parametrize(("watched", "beats"), [("this one", 1), ("another", 0)])
def test_signs_of_life_come_from_the_process_that_systemd_watches(manager, watched, beats):
    """``WATCHDOG_PID`` may name another one: a child inherits its parent's environment."""
    pid = os.getpid() + (watched == "another")
    service = ServiceManager(
        {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(pid)}
    )
    service.alive()
    service.close()
    assert [manager.received() for _ in range(beats)] == [{"WATCHDOG": "1"}] * beats
    assert manager.received() == {"STOPPING": "1"}


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "no path"},
        {"NOTIFY_SOCKET": "/nobody/listens"},
        {"NOTIFY_SOCKET": "/nobody/listens", "WATCHDOG_USEC": "soon", "WATCHDOG_PID": "x"},
    ],
)
def test_without_a_manager_that_listens_nothing_happens(environment):
    service = ServiceManager(environment)
    service.ready("mic")
    service.alive()
    service.show(event("jazz"))
    service.close()


def test_listen_reports_that_it_is_ready_its_label_that_it_lives_and_that_it_ends(manager):
    environment = os.environ | {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "200000"}
    with subprocess.Popen(
        [*COMMAND, "--input", "-", "--rate", str(RATE), "--model", "seed-cnn"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment,
    ) as process:  # fmt: skip
        state = manager.received()
        while "READY" not in state:  # signs of life may come before
            assert state == {"WATCHDOG": "1"}
            state = manager.received()
        assert state["STATUS"] == "listening to stdin"
        for _ in range(3):  # though no sound comes
            assert manager.received() == {"WATCHDOG": "1"}
        process.stdin.write(pcm(4.0))
        process.stdin.flush()
        while "STATUS" not in (state := manager.received()):
            assert state == {"WATCHDOG": "1"}
        process.send_signal(signal.SIGTERM)
        while "STOPPING" not in (state := manager.received()):
            assert "WATCHDOG" in state or "STATUS" in state
        assert process.wait(PATIENCE_S) == 0


ARECORD = """\
#!/bin/sh
echo "arecord: main:830: audio open error: No such file or directory" >&2
exit 1
"""
"""An ALSA that has no such microphone"""


def test_a_microphone_that_is_missing_is_the_status_and_no_failure(manager, tmp_path):
    (tmp_path / "arecord").write_text(ARECORD)
    (tmp_path / "arecord").chmod(0o755)
    log = (tmp_path / "journal").open("w+")
    status = os.fstat(log.fileno())
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "NOTIFY_SOCKET": manager.address,
        "JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}",
    }
    with log, subprocess.Popen(
        [*COMMAND, "--capture", "arecord", "--device", "hw:CARD=none", "--model", "seed-cnn"],
        stdout=subprocess.DEVNULL, stderr=log, env=environment,
    ) as process:  # fmt: skip
        assert manager.received()["STATUS"].endswith("waiting for it")
        assert manager.received() == {"READY": "1"}
        process.send_signal(signal.SIGTERM)
        while "STOPPING" not in manager.received():
            pass
        assert process.wait(PATIENCE_S) == 0
        log.seek(0)
        # A warning in the journal, too, though stderr is hidden from the sound libraries.
        assert log.readline().startswith("<4>edge-genre: warning: ")


def test_a_problem_is_the_status_until_the_next_label(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.ready("mic")
    service.show(event("jazz"))
    service.report("mic: lost;\nwaiting for it")
    service.show(event("jazz"))
    assert [manager.received()["STATUS"] for _ in range(4)] == [
        "listening to mic", "jazz (75%)", "mic: lost; waiting for it", "jazz (75%)",
    ]  # fmt: skip
    service.close()


OPTIONS = ("--input", "mic:USB Audio", "--on-change", 'echo "$EDGE_GENRE_LABEL" 100% \\o/')
TOML = "/etc/edge-genre/listen.toml"


@pytest.mark.system_packages("systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path):
    path = tmp_path / "edge-genre.service"
    succeed("install-service", *OPTIONS, "--write", path)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_unit_and_options_are_printed_one_after_the_other_each_under_its_path():
    text, options = succeed("install-service", *OPTIONS).stdout.split(f"\n# {TOML}\n")
    lines = text.splitlines()
    assert lines[0] == "# /etc/systemd/system/edge-genre.service"
    (command,) = (line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecS"))
    assert command == f"{sys.executable} -P -m edge_runtime listen --config=%d/config"
    assert f"LoadCredential=config:{TOML}" in lines
    assert "Type=notify" in lines
    assert "DynamicUser=yes" in lines
    assert tomllib.loads(options) == {"input": OPTIONS[1], "on_change": OPTIONS[3]}
    assert "DynamicUser" not in succeed("install-service", "--user").stdout


def installed(*options, cwd="."):
    """A unit's settings (the values by name), and the options of the file beside it."""
    with contextlib.chdir(cwd), contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(["install-service", *map(str, options)]) == 0
    unit, _, toml = printed.getvalue().partition("\n\n# /")
    pairs = [line.split("=", 1) for line in unit.splitlines() if "=" in line and line[0] != "#"]
    settings = {name: [v for n, v in pairs if n == name] for name, _ in pairs}
    return settings, tomllib.loads(f"# /{toml}")


def test_files_are_named_with_their_whole_paths(tmp_path):
    for name in ("a.tflite", "b.toml", "c.wav"):
        (tmp_path / name).write_text("rate = 48000" if name == "b.toml" else "")
    given = ("--mod", "a.tflite", "--interval", "2", "--config=b.toml", "--history", "genre.db")
    assert installed(*given, cwd=tmp_path)[1] == {
        "model": f"{tmp_path}/a.tflite", "interval": 2.0, "rate": 48000, "history": "genre.db",
    }  # fmt: skip
    assert installed("--input", "c.wav", cwd=tmp_path)[1] == {"input": f"file:{tmp_path}/c.wav"}
    named = ("--input", "demo", "--model", "base")
    assert installed(*named, cwd=tmp_path)[1] == {"input": "demo", "model": "base"}


def test_a_file_of_options_is_used_as_it_is_unless_something_must_be_added(tmp_path):
    config = tmp_path / "my own.toml"
    config.write_text("rate = 48000")
    unit, options = installed("--config", config.name, cwd=tmp_path)
    assert unit["ExecStart"][0].endswith(f' listen "--config={config}"')
    assert "LoadCredential" not in unit
    assert options == {}
    unit, options = installed("--config", config, "--interval", "2")
    assert unit["LoadCredential"] == [f"config:{TOML}"]
    assert options == {"rate": 48000, "interval": 2.0}
    (tmp_path / "c.wav").touch()
    config.write_text("input = 'c.wav'")  # the service starts in another folder
    assert installed("--config", config, cwd=tmp_path)[1] == {"input": f"file:{tmp_path}/c.wav"}
    note = succeed("install-service", "--config", config, "--user", cwd=tmp_path).stderr
    assert f"the options of {config} are copied" in note


def test_a_file_that_is_missing_is_refused(tmp_path):
    assert "no.tflite: no such file" in refused(
        "install-service", "--model", tmp_path / "no.tflite", code=2
    )


@pytest.mark.parametrize("given_by", ["command line", "file"])
def test_systemd_reads_files_with_secrets_for_the_service_alone(tmp_path, given_by):
    secret, config = tmp_path / "100% secret", tmp_path / "listen.toml"
    secret.touch(mode=0o600)
    config.write_text(f"mqtt = 'mqtt://me@broker'\nmqtt_password_file = '{secret}'")
    given = ("--mqtt", "mqtt://me@broker", "--mqtt-password-file", secret)
    given = ("--config", config) if given_by == "file" else given
    unit, options = installed(*given)
    assert unit["LoadCredential"][0] == f"mqtt-password-file:{tmp_path}/100%% secret"
    assert " --mqtt-password-file=%d/mqtt-password-file" in unit["ExecStart"][0]
    assert "100%" not in unit["ExecStart"][0]
    assert "mqtt_password_file" not in options
    unit, options = installed("--user", *given)
    assert "LoadCredential" not in unit
    if given_by == "file":
        assert unit["ExecStart"][0].endswith(f" listen --config={config}")
    else:
        assert options == {"mqtt": "mqtt://me@broker", "mqtt_password_file": str(secret)}


@pytest.mark.parametrize("user", [(), ("--user",)])
def test_options_that_hold_a_secret_are_closed_to_others(tmp_path, user):
    path = tmp_path / "edge-genre.service"
    toml = tmp_path / "edge-genre.service.toml"
    toml.write_text(MARK)
    toml.chmod(0o644)  # an earlier version's
    given = ("--http", "8080", "--http-token", "twelve letters", "--mqtt", "mqtt://me:word@broker")
    succeed("install-service", *user, *given, "--write", path)
    assert toml.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(toml.read_text())["http_token"] == "twelve letters"
    assert "twelve" not in path.read_text()
    assert "word" not in path.read_text()


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
    assert installed(*options)[0]["RestrictAddressFamilies"] == [families]


def test_a_service_may_run_as_a_user_and_write_where_that_user_can(tmp_path):
    me = pwd.getpwuid(os.geteuid()).pw_name
    history = f"{tmp_path}/of $me/genre.db"
    unit, _ = installed("--as", me, "--history", history, "--log", "log.jsonl")
    assert unit["User"] == [me]
    assert "DynamicUser" not in unit
    assert unit["ReadWritePaths"] == [f'"{tmp_path}/of $me"']


def test_a_file_that_the_service_cannot_write_is_warned_of(monkeypatch, capsys):
    monkeypatch.setattr(install_service, "choose_account", lambda *_: Account(None))
    assert main(["install-service", "--history", "/srv/genre.db"]) == 0
    assert "/srv/genre.db cannot be written" in capsys.readouterr().err


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
    toml = path.with_name("edge-genre.service.toml")
    assert (
        f"wrote {path} and {toml}; start it: sudo systemctl daemon-reload"
        in succeed("install-service", "--write", path, "--input", "mic:one").stderr
    )
    succeed("install-service", "--write", path, "--", "--input", "mic:two")
    assert "mic:two" in toml.read_text()
    for mine in (path, toml):
        text = mine.read_text()
        mine.write_text("[Unit]\n")
        other = toml if mine is path else path
        before = other.read_text()
        line = refused("install-service", "--write", path, "--rate", "48000", code=3)
        assert f"{mine}: is not ours" in line
        assert (mine.read_text(), other.read_text()) == ("[Unit]\n", before)
        mine.write_text(text)
    path.write_text("[Unit]\n")
    succeed("install-service", "--force", "--write", path)
    assert "ExecStart" in path.read_text()
    assert "is not ours" not in refused("install-service", f"--write={tmp_path}", code=3)


def test_a_log_that_is_something_else_is_refused_now(tmp_path):
    song = tmp_path / "song.wav"
    song.write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    line = refused("install-service", "--log", song, code=3)
    assert f"--log {song}: holds something else than JSON lines" in line


def test_where_the_disk_is_full_the_service_before_stays_whole(tmp_path, monkeypatch, capfd):
    path = tmp_path / "edge-genre.service"
    succeed("install-service", "--write", path, "--input", "mic:one")
    before = {file.name: file.read_text() for file in tmp_path.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert main(["install-service", "--write", str(path), "--input", "mic:two"]) == 3
    line = capfd.readouterr().err
    assert f"{path}.toml: cannot be written (No space left on device); make space in" in line
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_a_user_without_a_home_is_told_what_to_set(monkeypatch, capfd, tmp_path, home):
    def unknown(_):
        raise KeyError("uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("XDG_CONFIG_HOME", "also/relative")
    monkeypatch.setenv("HOME", home or "") if home is not None else monkeypatch.delenv("HOME")
    assert main(["install-service", "--user"]) == 2
    assert "set HOME to its whole path, or name a place with --write" in capfd.readouterr().err
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["install-service", "--user"]) == 0
    assert f"# {tmp_path}/edge-genre/listen.toml" in capfd.readouterr().out


def test_a_service_runs_as_a_user_that_can_read_its_files(tmp_path):
    config = tmp_path / "private" / "edge-genre.toml"
    config.parent.mkdir(mode=0o700)
    config.write_text("rate = 48000\n")
    # pytest's own folder may be closed to others already.
    folder = next(path for path in reversed(config.parents) if not path.stat().st_mode & 0o001)
    for path, closed in ((config, folder), (Path("/etc/hostname"), None)):
        account = choose_account(None, [path], program=[])
        if closed is None or os.geteuid() == 0:
            assert account.name is None
        else:
            assert account.name == pwd.getpwuid(os.geteuid()).pw_name  # the folder's owner
        assert (str(closed) in f"{account.notes} {account.doubt}") == (closed is not None)
    assert str(config) not in succeed("install-service", "--user", "--config", config).stderr


def test_a_unit_of_a_user_goes_where_the_user_s_manager_looks(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    succeed("install-service", "--user", "--write")
    unit = (tmp_path / "systemd" / "user" / "edge-genre.service").read_text()
    assert (tmp_path / "edge-genre" / "listen.toml").exists()
    assert f" listen --config={tmp_path}/edge-genre/listen.toml\n" in unit


def settings_of(service):
    """The values of a unit's settings, by name."""
    pairs = [line.split("=", 1) for line in unit(service).splitlines() if line[:1] not in "#["]
    return {name: [value for n, value in pairs if n == name] for name, _ in pairs}


def test_a_listener_that_fails_is_started_again_but_not_where_that_cannot_help():
    found = settings_of(Service(command=["/usr/bin/python3"]))
    assert found["Restart"] == ["on-failure"]
    assert found["RestartSec"] == ["10"]
    assert found["StartLimitIntervalSec"] == ["0"], "it is never given up"
    never = {ParameterError.exit_code, ConfigFileError.exit_code, ModelFileError.exit_code}
    assert found["RestartPreventExitStatus"] == [" ".join(map(str, sorted(never)))] == ["2 3"]
    assert AudioDeviceError.exit_code not in never, "a microphone may come"


def test_a_unit_holds_the_limits_that_the_documentation_names():
    found = settings_of(Service(command=["/usr/bin/python3", "-m", "edge_runtime"]))
    assert {name: found[name] for name in (
        "Type", "NotifyAccess", "WatchdogSec", "TimeoutStopSec", "SyslogIdentifier", "UMask",
        "MemoryMax", "TasksMax", "NoNewPrivileges", "DynamicUser", "SupplementaryGroups",
        "StateDirectory", "WorkingDirectory", "ProtectSystem", "ProtectHome", "DeviceAllow",
        "CapabilityBoundingSet", "SystemCallErrorNumber", "WantedBy", "ExecReload", "ExecStart",
    )} == {
        "Type": ["notify"], "NotifyAccess": ["main"], "WatchdogSec": ["60"],
        "TimeoutStopSec": ["15"], "SyslogIdentifier": ["edge-genre"], "UMask": ["0077"],
        "MemoryMax": ["300M"], "TasksMax": ["64"], "NoNewPrivileges": ["yes"],
        "DynamicUser": ["yes"], "SupplementaryGroups": ["audio"],
        "StateDirectory": ["edge-genre"], "WorkingDirectory": ["/var/lib/edge-genre"],
        "ProtectSystem": ["strict"], "ProtectHome": ["read-only"],
        "DeviceAllow": ["char-alsa rw"], "CapabilityBoundingSet": [""],
        "SystemCallErrorNumber": ["EPERM"], "WantedBy": ["multi-user.target"],
        "ExecReload": ["/bin/kill -HUP $MAINPID"],
        "ExecStart": ["/usr/bin/python3 -m edge_runtime"],
    }  # fmt: skip
    own = settings_of(Service(command=["/x"], user_manager=True, network=False))
    assert own["WantedBy"] == ["default.target"]
    assert own["WorkingDirectory"] == ["%S/edge-genre"]
    assert own["RestrictAddressFamilies"] == ["AF_UNIX"]
    assert "DynamicUser" not in own


def test_a_manager_that_takes_no_states_does_not_stop_the_music(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.ready("mic")
    begin = time.monotonic()
    for number in range(2000):  # more than its queue holds
        service.show(event(f"genre {number}"))
    assert time.monotonic() - begin < 4.0
    service.close()


def test_a_service_that_has_a_problem_when_it_is_ready_keeps_it_as_its_status(manager):
    service = ServiceManager({"NOTIFY_SOCKET": manager.address})
    service.report("mic: gone")
    service.ready("mic")
    service.show(event("jazz"))
    service.ready("mic")
    assert [manager.received() for _ in range(4)] == [
        {"STATUS": "mic: gone"}, {"READY": "1"}, {"STATUS": "jazz (75%)"},
        {"READY": "1", "STATUS": "listening to mic"},
    ]  # fmt: skip
    service.close()


@pytest.mark.parametrize(
    ("folder", "file", "closed"),
    [(0o755, 0o644, None), (0o711, 0o644, None), (0o700, 0o644, "folder"), (0o744, 0o644, "folder"),
     (0o755, 0o640, "file"), (0o755, 0o641, "file")],
)  # fmt: skip
def test_a_folder_is_closed_to_who_may_not_pass_and_a_file_to_who_may_not_read(
    folder, file, closed
):
    with tempfile.TemporaryDirectory(dir="/tmp") as above:  # pytest's own is closed to others
        Path(above).chmod(0o755)
        path = Path(above) / "folder" / "file"
        path.parent.mkdir()
        path.touch()
        path.chmod(file)
        path.parent.chmod(folder)
        found = account._closed(path)
    assert (found and found.name) == closed
