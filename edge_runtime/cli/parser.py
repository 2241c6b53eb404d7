"""The argument parser of every command: errors are one line, and its options can be listed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import EdgeGenreError


class UsageError(EdgeGenreError):
    """A command line that the command does not understand."""

    exit_code = 2


@dataclass(frozen=True)
class Option:
    """An option as argparse knows it, and where it stands."""

    action: argparse.Action
    group: str
    """Title of its group in ``--help``; empty for options without one"""
    exclusive: object | None
    """Its mutually exclusive group, of which one option may be given"""


class _StoreOnce(argparse.Action):
    """Stores a value, as argparse's own action does, but no second name in place of the first.

    A second source, file or broker is one more, and would be lost. A number or a choice is put
    right by the last one, so that an alias of the shell may have defaults.
    """

    _given: tuple[argparse.Namespace, Any] | None = None

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        before, self._given = self._given, (namespace, values)
        setting = self.choices is not None or isinstance(values, int | float)
        again = before is not None and before[0] is namespace and before[1] != values
        if option_string and before and again and not setting:
            parser.error(
                f"{option_string} is given twice ({_words(before[1])} and {_words(values)}), and "
                "one of them would be lost; give one"
            )
        setattr(namespace, self.dest, values)


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return (" " if isinstance(value, list) else ",").join(map(str, value))
    return str(value)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError`, and can list its options.

    An option that names one thing may be given once, and no value may be empty. argparse has no
    public list of the options, so each is recorded when it is added.
    """

    def __init__(self, **settings: Any) -> None:
        self._recorded: list[Option] = []
        super().__init__(**settings)
        for name in (None, "store"):
            self.register("action", name, _StoreOnce)
        self._record(self)

    def options(self) -> Iterator[Option]:
        """All options in the order of ``--help``: those without a group come first."""
        titles = dict.fromkeys(["", *(option.group for option in self._recorded)])
        for title in titles:
            yield from (option for option in self._recorded if option.group == title)

    def add_argument_group(self, title: str = "", **settings: Any) -> Any:  # type: ignore[override]
        """As argparse's."""
        return self._record(super().add_argument_group(title, **settings), title)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As argparse's; an empty value is refused, for it is a variable that the shell lacks."""
        words = sys.argv[1:] if args is None else list(args)
        for before, word in zip(["", *words], words, strict=False):
            if not word and not before.startswith("--"):
                self.error("an argument is empty; is a variable of the shell not set?")
            name = before if not word else word.removesuffix("=")
            if not word or (name != word and name.startswith("--") and "=" not in name):
                self.error(f"{name} is empty; give it a value, or leave it out")
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise argparse's complaint."""
        raise UsageError(f"{message}; see: {self.prog} --help")

    def _record(self, group: Any, title: str = "", exclusive: object | None = None) -> Any:
        """Have a group, or this parser, record each option that is added to it."""
        add_argument, add_exclusive = group.add_argument, group.add_mutually_exclusive_group

        def add_and_record(*names: str, **settings: Any) -> argparse.Action:
            action: argparse.Action = add_argument(*names, **settings)
            if action.option_strings:
                self._recorded.append(Option(action, title, exclusive))
            return action

        group.add_argument = add_and_record
        group.add_mutually_exclusive_group = lambda **settings: self._record(
            add_exclusive(**settings), title, object()
        )
        return group
