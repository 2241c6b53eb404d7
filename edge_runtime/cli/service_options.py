"""The options of ``listen`` as a service can be given them: checked now, with whole paths."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ParameterError
from ..model.file import BUNDLED
from . import Parser, config_file, listen
from .source_arguments import file_of

_SECRET = ("mqtt_password_file", "mqtt_key", "http_token_file")
_READ = ("config", "model", "mqtt_ca", "mqtt_cert", *_SECRET)
_WRITTEN = ("log", "history")


@dataclass(frozen=True)
class ListenOptions:
    """What a service's listener is told."""

    arguments: list[str]
    """The command line, where files that are read have whole paths; without the secret ones"""
    read: list[Path]
    """Files that it must be able to read, the secret ones left out"""
    secrets: Mapping[str, Path]
    """Files with passwords, tokens and keys, by option"""
    written: list[Path]
    """Files that it writes; names alone are of its own folder"""
    network: bool
    """Whether it, or a command that it starts, talks to other machines"""


def checked(options: Sequence[str]) -> ListenOptions:
    """The options, once `listen` would take them.

    Raises
    ------
    ParameterError
        If they name what a service cannot have: stdin, a file that is not there.
    """
    parser = Parser(prog="edge-genre listen")
    listen.add_arguments(parser)
    given = parser.parse_args(config_file.expand(parser, options))
    if given.input == "-":
        raise ParameterError("a service has no stdin to listen to; name a microphone or a file")
    arguments, read, secrets = list(options), [], {}
    for dest, path in _files(given):
        whole = path.absolute()
        if not whole.is_file():
            raise ParameterError(f"{_option(dest)} {path}: no such file; check the path")
        if dest in _SECRET:
            secrets[_option(dest).lstrip("-")] = whole
        else:
            read.append(whole)
        if dest in _SECRET or whole != path:
            arguments = list(_without(arguments, parser, dest))
        if dest not in _SECRET and whole != path:
            arguments.append(f"{_option(dest)}={'file:' * (dest == 'input')}{whole}")
    return ListenOptions(
        arguments=arguments,
        read=read,
        secrets=secrets,
        written=[path for dest in _WRITTEN if (path := getattr(given, dest)) is not None],
        # What a file of options asks for may change later.
        network=any(getattr(given, dest) for dest in ("mqtt", "http", "on_change", "config")),
    )


def _files(given: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Files that are read, by the option that names them."""
    for dest in _READ:
        value = getattr(given, dest)
        if value is not None and not (dest == "model" and value in BUNDLED):
            yield dest, Path(value)
    if given.input != "demo" and (path := file_of(given.input)) is not None:
        yield "input", path


def _option(dest: str) -> str:
    return f"--{dest.replace('_', '-')}"


def _without(arguments: Sequence[str], parser: argparse.ArgumentParser, dest: str) -> Iterator[str]:
    """A command line without an option that takes a value."""
    rest = iter(arguments)
    for argument in rest:
        name, equals, _ = argument.partition("=")
        if _dest(parser, name) != dest:
            yield argument
        elif not equals:
            next(rest, None)


def _dest(parser: argparse.ArgumentParser, name: str) -> str | None:
    """What an option, which may be shortened, is called."""
    known = {option: action.dest for action in parser._actions for option in action.option_strings}
    if name in known or not name.startswith("--"):
        return known.get(name)
    return next((dest for option, dest in known.items() if option.startswith(name)), None)
