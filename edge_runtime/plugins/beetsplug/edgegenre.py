"""Plugin of beets: genres by the sound itself, found on this machine.

Installed as ``beetsplug.edgegenre``, where beets looks for plugins. There is no ``__init__.py``
beside it: ``beetsplug`` is a namespace that beets and all plugins share.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from beets import ui
from beets.plugins import BeetsPlugin
from beets.ui import UserError  # type: ignore[attr-defined]  # 2.7 has it there

from edge_runtime.errors import EdgeGenreError
from edge_runtime.library.genre_map import TagChoice, check_genre_map
from edge_runtime.library.inputs import Item as File
from edge_runtime.library.labeller import Labeller, LabelSettings
from edge_runtime.library.pool import label_items
from edge_runtime.library.row import Row, name_of
from edge_runtime.model.file import BUNDLED
from edge_runtime.printable import printable
from edge_runtime.processes import usable_cores

if TYPE_CHECKING:
    import optparse

    from beets.importer import ImportSession, ImportTask
    from beets.library import Item, Library

_T = TypeVar("_T")
_POOL_FROM = 8
"""Files from which on it pays to start processes, each of which loads the model"""


class EdgeGenrePlugin(BeetsPlugin):
    """``beet edgegenre``, and the stage of ``beet import``."""

    def __init__(self) -> None:
        super().__init__()
        self.config.add(
            {
                "auto": True,
                "force": False,
                "pretend": False,
                "model": "tiny",
                "min_confidence": 0.5,
                "count": 1,
                "names": {},
            }
        )
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]
            self.register_listener("import_begin", self.import_begins)

    def commands(self) -> list[ui.Subcommand]:
        """Declare ``beet edgegenre``."""
        command = ui.Subcommand("edgegenre", help="find genres by the sound of the files")
        command.parser.add_option(
            "-f", "--force", action="store_true", help="replace genres that are there"
        )
        command.parser.add_option(
            "-F", "--no-force", dest="force", action="store_false", help="keep those that are there"
        )
        command.parser.add_option(
            "-p", "--pretend", action="store_true", help="show genres, but change nothing"
        )
        command.func = self.command
        return [command]

    def command(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Find the genres of the tracks that a query matches."""
        self.config.set_args(vars(opts))
        self.find_genres(lib, list(lib.items(args)), write=ui.should_write())

    def import_begins(self, session: ImportSession) -> None:
        """Refuse settings that make no sense before anything is imported."""
        _ = self._choice
        _user_error(self._labeller.load)

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Find the genres of what is imported; beets writes them to the files later on."""
        self.find_genres(session.lib, task.imported_items(), write=False)
        if task.is_album:
            task.album.load()

    def find_genres(self, lib: Library, items: Sequence[Item], *, write: bool) -> None:
        """Give tracks their genres, then their albums.

        Parameters
        ----------
        lib : Library
        items : sequence of Item
        write : bool
            Whether genres are written to the files, too.
        """
        choice, pretend = self._choice, self.config["pretend"].get(bool)
        found: dict[int | None, list[str]] = {}
        for item, row in self._labelled([item for item in items if self._is_wanted(item)]):
            if row["error"] is not None:
                self._log.error("{}: {}", printable(row["path"]), printable(row["error"]))
                continue
            genres = list(choice.values(row))
            self._log.info(
                "{}: {} ({} {:.0%})",
                printable(row["path"]),
                ", ".join(genres) or "no genre",
                row["genre"],
                row["confidence"],
            )
            if not genres:
                continue
            found[item.id] = genres
            if not pretend:
                item.genres = genres
                if write:
                    item.try_write()
                item.store()
        self._name_albums(lib, {item.album_id for item in items if item.id in found}, found)

    def _is_wanted(self, item: Item) -> bool:
        genres = item.get("genres", with_album=False)
        if genres and not self.config["force"].get(bool):
            self._log.debug("{}: has a genre: {}", item, ", ".join(genres))
            return False
        return True

    def _labelled(self, items: Sequence[Item]) -> Iterator[tuple[Item, Row]]:
        """Tracks with the rows of their files, in any order."""
        by_name: dict[str, list[Item]] = {}
        for item in items:
            by_name.setdefault(os.fspath(item.filepath), []).append(item)
        files = map(File, by_name)
        rows: Iterable[Row] = map(self._labeller, files)
        if len(by_name) >= _POOL_FROM and usable_cores() > 1:
            rows = label_items(self._labeller, files, usable_cores())
        for row in _as_user_errors(rows):
            for item in by_name[name_of(row)]:
                yield item, row

    def _name_albums(
        self, lib: Library, album_ids: Iterable[int | None], found: dict[int | None, list[str]]
    ) -> None:
        for album_id in album_ids:
            album = None if album_id is None else lib.get_album(album_id)
            if album is None or (album.genres and not self.config["force"].get(bool)):
                continue
            tracks = [
                found.get(track.id) or track.get("genres", with_album=False)
                for track in album.items()
            ]
            genres = genres_of_most(tracks, self._choice.top)
            self._log.info("album {}: {}", album, ", ".join(genres) or "no genre of most tracks")
            if genres and not self.config["pretend"].get(bool):
                album.genres = genres
                album.store(inherit=False)  # tracks have their own

    @cached_property
    def _labeller(self) -> Labeller:
        model = self.config["model"].as_str()
        if model not in BUNDLED:
            model = self.config["model"].as_filename()  # from beets' folder on, or from ~
        return _user_error(lambda: Labeller(LabelSettings.of_model(model)))

    @cached_property
    def _choice(self) -> TagChoice:
        """What of a label becomes a genre."""
        confidence = self.config["min_confidence"].as_number()
        if not 0 <= confidence <= 1:
            raise UserError(f"{self.name}.min_confidence is {confidence}; it must be from 0 to 1")
        count = self.config["count"].get(int)
        if count < 1:
            raise UserError(f"{self.name}.count is {count}; it must be 1 or more")
        names = self.config["names"].get(dict)
        labels = self._labeller.settings.columns.labels
        return TagChoice(
            confidence,
            count,
            _user_error(lambda: check_genre_map(names, labels, f"{self.name}.names")),
        )


def genres_of_most(tracks: Sequence[Sequence[str]], count: int) -> list[str]:
    """Genres that more than half of an album's tracks have, the most frequent first.

    Parameters
    ----------
    tracks : sequence of sequence of str
        Genres of each track.
    count : int
        Genres at most.

    Examples
    --------
    >>> genres_of_most([["Jazz"], ["Jazz", "Blues"], []], 1)
    ['Jazz']
    >>> genres_of_most([["Jazz"], ["Rock"]], 1)
    []
    """
    times = Counter(genre for genres in tracks for genre in dict.fromkeys(genres))
    return [genre for genre, n in times.most_common(count) if 2 * n > len(tracks)]


def _as_user_errors(rows: Iterable[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except EdgeGenreError as error:
        raise UserError(str(error)) from None


def _user_error(act: Callable[[], _T]) -> _T:
    """What a function gives; its errors as beets shows them: on one line, without a traceback."""
    try:
        return act()
    except EdgeGenreError as error:
        raise UserError(str(error)) from None
