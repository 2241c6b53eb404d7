"""How genres are written into tags: as most collections spell them, or as the user's file says."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..decoder import NOT_MUSIC, OTHER, SILENCE, UNKNOWN
from ..errors import ConfigFileError
from ..printable import printable
from .row import Row

_NO_GENRES = frozenset({OTHER, NOT_MUSIC, SILENCE, UNKNOWN})
"""Labels that are written only where the user's file names them; UNKNOWN never"""
_USUAL = {
    "blues": "Blues", "classical": "Classical", "country": "Country", "disco": "Disco",
    "hiphop": "Hip-Hop", "jazz": "Jazz", "metal": "Metal", "pop": "Pop", "reggae": "Reggae",
    "rock": "Rock",
}  # fmt: skip
"""As ID3 spells them, and collections with it; a genre of a model of one's own stays as it is."""
_LONGEST = 200


@dataclass(frozen=True)
class TagChoice:
    """What is written of a row."""

    min_confidence: float = 0.5
    """A genre below it is left out"""
    top: int = 1
    """Genres at most"""
    names: Mapping[str, str] | None = None
    """Ours to the user's; empty: is not written"""

    def values(self, row: Row) -> tuple[str, ...]:
        """What belongs into the tags of a row's file, the likeliest genre first.

        None where the row has no genre, or is not sure enough of it. A label that is no genre
        counts, alone, if `names` has it; silence, which has no confidence, is then sure.

        Examples
        --------
        >>> row = {"genre": "pop", "confidence": 0.6,
        ...        "posterior": {"pop": 0.6, "hiphop": 0.3, "other": 0.1}}
        >>> TagChoice(min_confidence=0.2, top=2).values(row)
        ('Pop', 'Hip-Hop')
        """
        label, confidence = row["genre"], row["confidence"]
        if label is None or confidence is None:
            return ()
        if confidence < self.min_confidence and label != SILENCE:
            return ()
        if label in _NO_GENRES:
            return tuple(filter(None, [self.written(label)]))
        posterior: Mapping[str, float | None] = row["posterior"] or {}
        others = [
            (-value, name)
            for name, value in posterior.items()
            if name != label and name not in _NO_GENRES and value is not None
            and value >= self.min_confidence
        ]  # fmt: skip
        chosen = [label, *(name for _, name in sorted(others))][: self.top]
        written = (self.written(name) for name in chosen)
        return tuple(dict.fromkeys(name for name in written if name))

    def written(self, genre: str) -> str:
        """How a genre is written; empty: it is not."""
        if self.names is not None and genre in self.names:
            return self.names[genre]
        return "" if genre in _NO_GENRES else _USUAL.get(genre, genre)


def read_genre_map(path: Path, genres: Collection[str]) -> dict[str, str]:
    """Read a TOML file of our names and the user's: ``hiphop = "Rap"``.

    Labels that are no genre (``other``, ``"not music"``, ``silence``) may be among them.

    Parameters
    ----------
    path : Path
    genres : collection of str
        Labels of the model.

    Raises
    ------
    ConfigFileError
        If it cannot be read, or names something that is no genre of the model.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ConfigFileError(f"--map {path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8
        raise ConfigFileError(
            f"--map {path}: is no TOML ({printable(str(error))}); write lines such as "
            'hiphop = "Rap"'
        ) from None
    return check_genre_map(found, genres, f"--map {path}")


def check_genre_map(
    found: Mapping[Any, Any], genres: Collection[str], where: str
) -> dict[str, str]:
    """The names of a map, checked.

    Parameters
    ----------
    found : mapping
        As it was read.
    genres : collection of str
        Labels of the model.
    where : str
        What messages begin with.

    Raises
    ------
    ConfigFileError
        If a name is no label of the model, or its value no text.
    """
    known = [*(name for name in genres if name != SILENCE), SILENCE]
    names = {}
    for name, value in found.items():
        if name not in known:
            raise ConfigFileError(
                f"{where}: {printable(str(name))!r} is no label of this model; it has "
                f"{', '.join(map(printable, known))}"
            )
        if not isinstance(value, str) or printable(value) != value or len(value) > _LONGEST:
            raise ConfigFileError(
                f"{where}: {name} is {printable(os.fsdecode(repr(value)))[:40]}; name one line of "
                'text ("" where it is not to be written)'
            )
        names[str(name)] = value.strip()
    return names
