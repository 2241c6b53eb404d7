"""``--config FILE.toml``: the options of a command in a file, and an example of all of them."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import ConfigFileError, ParameterError
from ..regular_file import check_regular
from ..unicode_text import is_unicode
from .arguments import Names
from .parser import Option, Parser

_OWN = ("config", "print_config")
_WIDTH = 88

_EXAMPLES: dict[str, Any] = {
    "log_level": "warning",
    "input": "mic:USB",
    "device": "USB",
    "capture": "arecord",
    "rate": 48000,
    "channels": 1,
    "channel": "mix",
    "format": "S16_LE",
    "speed": 1.0,
    "model": "tiny",
    "threads": 1,
    "tags": 5,
    "interval": 1.0,
    "dwell": 120.0,
    "confirm": 3.0,
    "minimum": 10.0,
    "threshold": 0.4,
    "silence_dbfs": -60.0,
    "silence_hysteresis": 3.0,
    "only": ["jazz", "classical"],
    "ignore": ["country"],
    "log": "/var/lib/edge-genre/events.jsonl",
    "log_max_mb": 10.0,
    "log_keep": 3,
    "history": "/var/lib/edge-genre/genre.db",
    "on_change": "curl -s --json @- http://127.0.0.1:9000/genre",
    "hook_timeout": 10.0,
    "mqtt": "mqtt://edge@homeassistant.local",
    "mqtt_password_file": "/etc/edge-genre/mqtt-password",
    "mqtt_ca": "/etc/edge-genre/ca.crt",
    "mqtt_cert": "/etc/edge-genre/client.crt",
    "mqtt_key": "/etc/edge-genre/client.key",
    "mqtt_interval": 10.0,
    "mqtt_discovery": True,
    "mqtt_discovery_prefix": "homeassistant",
    "http": "0.0.0.0:8080",
    "http_token_file": "/etc/edge-genre/http-token",
    "http_token": "at least 8 letters",
}
"""A value for each option that takes one, by the option's name"""


def add_config_arguments(parser: argparse.ArgumentParser) -> None:
    """``--config`` and ``--print-config``."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a TOML file with any of these options; the command line wins",
    )
    parser.add_argument(
        "--print-config", action=_PrintConfig, nargs=0, help="print an example of such a file"
    )


class _PrintConfig(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        assert isinstance(parser, Parser)
        print(example(parser))
        parser.exit()


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """All options: those of the command line, then of its ``--config`` file, then the defaults."""
    return parser.parse_args(expand(parser, arguments))


def expand(parser: Parser, arguments: Sequence[str]) -> list[str]:
    """The command line with the options of its ``--config`` file put before it.

    An option of the file is left out where the command line has it, or one that excludes it.

    Raises
    ------
    ConfigFileError
        If the file cannot be read, is not TOML, or has an unknown option or a bad value; the
        message names line and key.
    """
    given = options_given(parser, arguments)
    if "config" not in given:
        return list(arguments)
    path = Path(given.pop("config"))
    options = _options(parser)
    excluding = {options[name].exclusive for name in given} - {None}
    text, values = _read(path)
    tokens = []
    for key, value in values.items():
        name = key.replace("-", "_")
        where = f"{path}: line {_line_of(key, text)}: {key}"
        if name not in options:
            near = difflib.get_close_matches(name, options, 1)
            guess = f"did you mean {near[0]}?" if near else "--print-config lists them all"
            raise ConfigFileError(f"{where} is no option; {guess}")
        token = _token(options[name].action, value, where)
        if token and name not in given and options[name].exclusive not in excluding:
            tokens.append(token)
    return [*tokens, *arguments]


def options_given(parser: Parser, arguments: Sequence[str]) -> dict[str, Any]:
    """Values by name of the options that a command line has; ``--config`` is not read."""
    unset = object()
    names = [option.action.dest for option in parser.options()]
    parsed = parser.parse_args(list(arguments), argparse.Namespace(**dict.fromkeys(names, unset)))
    return {name: value for name in names if (value := getattr(parsed, name)) is not unset}


def to_toml(values: Mapping[str, Any]) -> str:
    """Options, by name, as a file that ``--config`` reads.

    Raises
    ------
    ParameterError
        If a value is not Unicode text: a file name may be any bytes, TOML is UTF-8.
    """
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    for line in lines:
        if not is_unicode(line):
            raise ParameterError(f"{line!r} is not Unicode text; rename the file")
    return "".join(f"{line}\n" for line in lines)


def example(parser: Parser) -> str:
    """A file with all options, each commented out and explained."""
    lines = [
        "# Options of `edge-genre listen --config FILE`: take away the # before those you want."
    ]
    title = None
    for name, option in _options(parser).items():
        if option.group != title:
            title = option.group
            lines += ["", f"# ---- {title.removesuffix(':') or 'general'} ----"]
        value = True if option.action.nargs == 0 else _EXAMPLES[name]
        explained = textwrap.wrap((option.action.help or "").replace("%%", "%"), _WIDTH - 2)
        lines += ["", *(f"# {line}" for line in explained), f"#{name} = {_toml(value)}"]
    return "\n".join(lines)


def _options(parser: Parser) -> dict[str, Option]:
    return {
        option.action.dest: option for option in parser.options() if option.action.dest not in _OWN
    }


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    import tomllib

    try:
        check_regular(path)
        text = path.read_text(encoding="utf-8-sig")  # Windows begins text with a byte order mark
        return text, tomllib.loads(text)
    except OSError as error:
        raise ConfigFileError(f"--config {path}: {error.strerror}; check the path") from None
    except UnicodeDecodeError:
        raise ConfigFileError(f"--config {path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:  # names line and column
        raise ConfigFileError(f"{path}: is not TOML: {error}") from None
    except RecursionError:
        raise ConfigFileError(f"{path}: is not TOML: nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigFileError(f"{path}: is not TOML: {error}") from None


def _line_of(key: str, text: str) -> int:
    """Line number of a key of the top level; 1 if the key is written in an unusual way."""
    name = re.escape(key)
    found = re.compile(rf"^\s*(?:\[\s*)?[\"']?{name}[\"']?\s*[=.\]]", re.MULTILINE).search(text)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _token(action: argparse.Action, value: Any, where: str) -> str | None:
    """An option as the command line has it; None for a flag that is not set."""
    option = action.option_strings[0]
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise ConfigFileError(f"{where} is {_toml(value)}; it must be true or false")
        if value:
            return option
        # --no-..., where there is one
        return next((name for name in action.option_strings if name.startswith("--no-")), None)
    if isinstance(action.type, Names):
        if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            value = Names.join(value)
    elif isinstance(value, list):
        raise ConfigFileError(f"{where} is a list; give one value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigFileError(f"{where} cannot be {_toml(value)}; write a text or a number")
    text = str(value)
    if not text:
        raise ConfigFileError(f"{where} is empty; give it a value, or leave it out")
    try:
        converted = action.type(text) if callable(action.type) else text
    except (argparse.ArgumentTypeError, ValueError) as error:
        raise ConfigFileError(f"{where}: {error}") from None
    if action.choices is not None and converted not in action.choices:
        raise ConfigFileError(f"{where} is {text!r}; it must be one of {', '.join(action.choices)}")
    return f"{option}={text}"


def _toml(value: Any) -> str:
    """A value as TOML writes it: as JSON does, but for one character."""
    return json.dumps(value, ensure_ascii=False, default=_named).replace("\x7f", "\\u007f")


def _named(value: Any) -> str:
    return str(value) if isinstance(value, Path) else f"a {type(value).__name__}"
