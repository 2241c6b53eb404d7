"""``edge-genre install-service``: a systemd unit that listens from boot on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import OutputFileError, ParameterError
from ..service.account import Account, choose_account
from ..service.unit import MARK, STATE, Service, unit
from . import note, warn
from .service_options import ListenOptions, checked

HELP = "print or write a systemd unit that listens from boot on"

_NAME = "edge-genre.service"
_OWN_FLAGS = ("--user", "--force", "-h", "--help")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "All other options are those of `edge-genre listen`, and are checked now:\n"
        "  edge-genre install-service --input mic:USB --mqtt mqtt://homeassistant.local\n"
        "  sudo edge-genre install-service --write --config /etc/edge-genre.toml\n"
    )
    parser.add_argument(
        "--write",
        nargs="?",
        const="",
        metavar="PATH",
        help=f"write it to PATH (default /etc/systemd/system/{_NAME}, with --user "
        f"~/.config/systemd/user/{_NAME})",
    )
    parser.add_argument(
        "--user",
        action="store_true",
        help="for your own service manager: hears through PulseAudio or PipeWire",
    )
    parser.add_argument(
        "--as",
        dest="account",
        metavar="USER",
        help="run as this user; else as one of its own that exists only while it runs, or, where "
        "that one could not read a home, as whose it is",
    )
    parser.add_argument("--force", action="store_true", help="replace a unit that is not ours")
    parser.add_argument("listen", nargs="*", metavar="LISTEN_OPTION", help="what listen is told")


def expand(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """The arguments with those of ``listen`` put behind a ``--``, whatever they look like."""
    ours: list[str] = []
    its: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--write":
            path = rest.pop(0) if rest and not rest[0].startswith("-") else ""
            ours.append(f"--write={path}")
        elif argument == "--as":
            ours += [argument, *rest[:1]]
            del rest[:1]
        elif argument in _OWN_FLAGS or argument.startswith(("--write=", "--as=")):
            ours.append(argument)
        elif argument != "--" or its:
            its.append(argument)
    return [*ours, "--", *its]


def run(args: argparse.Namespace) -> int:
    """Print the unit (exit code 0), or write it."""
    if args.force and args.write is None:
        raise ParameterError("--force has no meaning without --write")
    if args.user and args.account:
        raise ParameterError("--as has no meaning with --user: that service is yours")
    options = checked(args.listen)
    account = Account(None) if args.user else choose_account(args.account, options.read)
    text = unit(_service(options, account, user_manager=args.user))
    if args.write is None:
        print(text, end="")
    else:
        path = Path(args.write) if args.write else _place(user=args.user)
        _write(path, text, force=args.force)
        control = "systemctl --user" if args.user else "sudo systemctl"
        note(
            f"wrote {path}; start it: {control} daemon-reload && {control} enable {path.stem} && "
            f"{control} restart {path.stem}"
        )
    for word in account.words:
        note(word)
    for word in _doubts(options, account, user_manager=args.user):
        warn(word)
    return 0


def _service(options: ListenOptions, account: Account, *, user_manager: bool) -> Service:
    # -P: a module that lies in the folder where it writes must not be taken for Python's.
    command = [_python(), "-P", "-m", "edge_runtime", "listen", *options.arguments]
    secrets = options.secrets
    if user_manager:  # which knows no secrets that its user does not
        command += [f"--{option}={path}" for option, path in secrets.items()]
        secrets = {}
    return Service(
        command=command,
        user_manager=user_manager,
        account=account.name,
        network=options.network,
        writable=sorted({path.parent for path in _elsewhere(options)}) if account.name else (),
        secrets=secrets,
    )


def _elsewhere(options: ListenOptions) -> list[Path]:
    """Files that are written outside of the service's own folder."""
    return [p for p in options.written if p.is_absolute() and not p.is_relative_to(STATE)]


def _doubts(options: ListenOptions, account: Account, *, user_manager: bool) -> Iterator[str]:
    """What may keep the service from working."""
    if account.doubt:
        yield account.doubt
    if not user_manager:
        for path in options.read:
            if path.is_relative_to("/tmp") or path.is_relative_to("/var/tmp"):
                yield f"{path} is out of sight of the service, which has a /tmp of its own; move it"
    if not user_manager and not account.name:
        for path in _elsewhere(options):
            yield (
                f"{path} cannot be written by a user that exists only while it runs; give a name "
                f"without a folder (it will be in {STATE}), or a user with --as"
            )
    if any(argument.startswith("--http-token=") or argument == "--http-token"
           for argument in options.arguments):  # fmt: skip
        yield "everybody can read the token in the unit; use --http-token-file"


def _python() -> str:
    """This interpreter, by the name that keeps its virtual environment."""
    if not sys.executable:
        raise ParameterError("cannot tell which Python runs this; use the edge-genre command")
    return os.path.abspath(sys.executable)  # noqa: PTH100  # resolving would leave the environment


def _place(*, user: bool) -> Path:
    if user:
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(home) / "systemd" / "user" / _NAME
    return Path("/etc/systemd/system") / _NAME


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        if path.exists() and not force and not path.read_text(errors="replace").startswith(MARK):
            raise OutputFileError(f"{path}: is not ours; replace it with --force")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        hint = "; try it with sudo, or --user" if isinstance(error, PermissionError) else ""
        raise OutputFileError(f"{path}: {error.strerror}{hint}") from None
