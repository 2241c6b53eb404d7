"""The argument parser of every command: errors are one line, and its options can be listed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
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


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError`, and can list its options.

    argparse has no public list of them, so each is recorded when it is added.
    """

    def __init__(self, **settings: Any) -> None:
        self._recorded: list[Option] = []
        super().__init__(**settings)
        self._record(self)

    def options(self) -> Iterator[Option]:
        """All options in the order of ``--help``: those without a group come first."""
        titles = dict.fromkeys(["", *(option.group for option in self._recorded)])
        for title in titles:
            yield from (option for option in self._recorded if option.group == title)

    def add_argument_group(self, title: str = "", **settings: Any) -> Any:  # type: ignore[override]
        """As argparse's."""
        return self._record(super().add_argument_group(title, **settings), title)

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
