"""``edge-genre install-service``: a systemd unit that listens from boot on, and its options."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..atomic_write import write_atomically
from ..errors import OutputFileError, ParameterError
from ..model.file import BUNDLED
from ..output_file import JSON_LINES, refuse_other_kind
from ..regular_file import check_regular, is_pipe, special_kind
from ..service.account import Account, choose_account
from ..service.unit import MARK, STATE, Service, unit
from . import listen, note, warn
from .config_file import expand, options_given, to_toml
from .parser import Parser
from .source_arguments import file_of

HELP = "print or write a systemd unit that listens from boot on"

_NAME = "edge-genre.service"
_READ = ("model", "mqtt_ca", "mqtt_cert")
_SECRET = ("mqtt_password_file", "mqtt_key", "http_token_file")
"""Files that only root may be able to read"""
_WRITTEN = ("log", "history")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments; those of ``listen`` are left to `parse`."""
    parser.allow_abbrev = False
    parser.usage = "%(prog)s [--write [PATH]] [--user | --as USER] [--force] [LISTEN_OPTION ...]"
    parser.epilog = (
        "All other options are those of `edge-genre listen`, and are checked now. They go into a\n"
        "file for `listen --config`:\n"
        "  edge-genre install-service --input mic:USB --mqtt mqtt://homeassistant.local\n"
        "A file of your own is used as it is:\n"
        "  sudo edge-genre install-service --write --config /etc/edge-genre.toml\n"
    )
    parser.add_argument(
        "--write",
        nargs="?",
        const="",
        metavar="PATH",
        help=f"write the unit to PATH (default /etc/systemd/system/{_NAME}, with --user "
        f"~/.config/systemd/user/{_NAME}) and its options to PATH.toml (default "
        "/etc/edge-genre/listen.toml, with --user ~/.config/edge-genre/listen.toml)",
    )
    parser.add_argument(
        "--user",
        action="store_true",
        help="for your own service manager: records through PulseAudio or PipeWire",
    )
    parser.add_argument(
        "--as",
        dest="account",
        metavar="USER",
        help="run as this user (default: a user that exists only while the service runs; if "
        "Python or the files lie in a home that is closed to others, the owner of that home)",
    )
    parser.add_argument("--force", action="store_true", help="replace files that are not ours")


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """The command's own arguments; those of ``listen``, unread, as ``listen``."""
    args, rest = parser.parse_known_args(arguments)
    args.listen = rest[rest[:1] == ["--"] :]
    return args


def run(args: argparse.Namespace) -> int:
    """Print the unit and its options (exit code 0), or write them."""
    if args.force and args.write is None:
        raise ParameterError("--force has no meaning without --write")
    if args.user and args.account:
        raise ParameterError("--as has no meaning with --user: that service is yours")
    values, config = _checked(args.listen)
    files = {name: path.absolute() for name, path in _files(values)}
    secrets = {_dashed(name): path for name, path in files.items() if name in _SECRET}
    read = [path for name, path in files.items() if name not in _SECRET]
    read += [config] if config else []
    account = Account(None) if args.user else choose_account(args.account, read)
    elsewhere = [
        path
        for path in (Path(values.get(name, "")) for name in _WRITTEN)
        if path.is_absolute() and not path.is_relative_to(STATE)
    ]
    if "log" in values and (log := Path(values["log"])).is_absolute():
        refuse_other_kind(log, JSON_LINES, "--log")
    unit_path, toml_path = _places(args.write, user=args.user)
    if args.user:  # the user's manager reads all files of that user
        secrets, command_line = {}, [f"--config={config or toml_path}"]
    elif config:
        command_line = [f"--config={config}"]
    else:
        secrets["config"], command_line = toml_path, []
    service = Service(
        # -P: a file in the service's own folder must not be imported as a module.
        command=[_python(), "-P", "-m", "edge_runtime", "listen", *command_line],
        user_manager=args.user,
        account=account.name,
        # The user may change what a file of options asks for.
        network=bool(config or {"mqtt", "http", "on_change"} & values.keys()),
        writable=sorted({path.parent for path in elsewhere}) if account.name else (),
        secrets=secrets,
    )
    texts = {unit_path: unit(service)}
    if not config:
        others = {name: value for name, value in values.items() if _dashed(name) not in secrets}
        texts[toml_path] = f"{MARK}: options of `edge-genre listen`\n{to_toml(others)}"
    if args.write is None:
        print("\n".join(f"# {path}\n{text}" for path, text in texts.items()), end="")
    else:
        _write(texts, force=args.force)
        control = "systemctl --user" if args.user else "sudo systemctl"
        note(
            f"wrote {' and '.join(map(str, texts))}; start it: {control} daemon-reload && "
            f"{control} enable {unit_path.stem} && {control} restart {unit_path.stem}"
        )
    for line in account.notes:
        note(line)
    for line in () if args.user else _warnings(account, read, elsewhere):
        warn(line)
    return 0


def _checked(arguments: Sequence[str]) -> tuple[dict[str, Any], Path | None]:
    """The options of ``listen``, by name and with whole paths of the files that it reads.

    And the user's ``--config`` file, if it has just these.

    Raises
    ------
    EdgeGenreError
        If `listen` would refuse them, or a service cannot have them: stdin, a file that is missing.
    """
    parser = Parser(prog="edge-genre listen")
    listen.add_arguments(parser)
    given = options_given(parser, arguments)
    values = options_given(parser, expand(parser, arguments))
    config = values.pop("config", None)
    if values.get("input") == "-":
        raise ParameterError("a service has no stdin to listen to; name a microphone or a file")
    whole = dict(values)
    for name, path in _files(values):
        if (kind := special_kind(path)) and not (name == "input" and is_pipe(path)):
            raise ParameterError(f"--{_dashed(name)} {path}: is {kind}; name a file")
        if kind is None and not path.is_file():
            raise ParameterError(f"--{_dashed(name)} {path}: no such file; check the path")
        if not path.is_absolute():
            whole[name] = f"{'file:' * (name == 'input')}{path.absolute()}"
    if given.keys() == {"config"} and whole == values:
        return whole, Path(config).absolute()
    if config:
        note(f"the options of {config} are copied; change them there, and install again")
    return whole, None


def _files(values: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Files that are read, by option."""
    for name in (*_READ, *_SECRET):
        if name in values and not (name == "model" and values[name] in BUNDLED):
            yield name, Path(values[name])
    source = values.get("input")
    if source != "demo" and (path := file_of(source)) is not None:
        yield "input", path


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _warnings(account: Account, read: list[Path], elsewhere: list[Path]) -> Iterator[str]:
    """What may keep a service of the system from working."""
    if account.doubt:
        yield account.doubt
    for path in read:
        if path.is_relative_to("/tmp") or path.is_relative_to("/var/tmp"):
            yield f"{path} is out of sight of the service, which has a /tmp of its own; move it"
    for path in () if account.name else elsewhere:
        yield (
            f"{path} cannot be written by a user that exists only while it runs; give a name "
            f"without a folder (it will be in {STATE}), or a user with --as"
        )


def _python() -> str:
    """Path of this interpreter; a link is not followed, for it makes the virtual environment."""
    if not sys.executable:
        raise ParameterError("the path of this Python is unknown; use the edge-genre command")
    return os.path.abspath(sys.executable)  # noqa: PTH100  # resolving would leave the environment


def _places(write: str | None, *, user: bool) -> tuple[Path, Path]:
    """Paths of the unit and of its options."""
    if write:
        path = Path(write).absolute()
        return path, path.with_name(f"{path.name}.toml")
    if not user:
        return Path("/etc/systemd/system") / _NAME, Path("/etc/edge-genre/listen.toml")
    home = _config_home()
    return home / "systemd" / "user" / _NAME, home / "edge-genre" / "listen.toml"


def _config_home() -> Path:
    """Where this user's configuration is: ``$XDG_CONFIG_HOME``, or below the home folder."""
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if configured.is_absolute():
        return configured  # by its specification, any other is to be ignored
    home = Path(os.environ.get("HOME", ""))  # Python takes an empty one for the root folder
    if "HOME" not in os.environ:
        with contextlib.suppress(RuntimeError):  # the list of users has none, either
            home = Path.home()
    if not home.is_absolute():
        raise ParameterError(
            "--user: the home folder of this user is unknown; set HOME to its whole path, or name "
            "a place with --write PATH"
        )
    return home / ".config"


def _write(texts: dict[Path, str], *, force: bool) -> None:
    """Write all files, or none if one of them is not ours."""
    for path in texts:
        try:
            check_regular(path)
            is_ours = not path.exists() or MARK in path.read_text(errors="replace")
        except OSError as error:
            raise OutputFileError(f"{path}: {error.strerror}{_hint(error)}") from None
        if not (is_ours or force):
            raise OutputFileError(f"{path}: is not ours; replace it with --force")
    for path, text in reversed(texts.items()):  # no unit without its options
        mode = 0o600 if path.suffix == ".toml" else None  # the options may hold a password
        try:
            write_atomically(
                path, text.encode(errors="surrogateescape"), error=OutputFileError, mode=mode
            )
        except OutputFileError as error:
            raise OutputFileError(f"{error}{_hint(error.__cause__)}") from None


def _hint(error: BaseException | None) -> str:
    return "; try it with sudo, or --user" if isinstance(error, PermissionError) else ""
