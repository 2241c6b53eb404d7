"""Which genre of a data set says whether a tag or a style is right."""

from __future__ import annotations

from collections.abc import Sequence

from .genre_names import spelling_key

SAME_MUSIC = {
    "classical music": "classical",
    "country music": "country",
    "electronic music": "electronic",
    "electronica": "electronic",
    "folk music": "folk",
    "heavy metal": "metal",
    "hip hop music": "hip hop",
    "independent music": "indie",
    "pop music": "pop",
    "rap": "hip hop",
    "rock music": "rock",
    "world": "international",
    "world music": "international",
}
"""Genres that check a tag or style of another name. One that is only spelled differently (Hip-Hop,
hiphop) checks it without standing here (`train.data.genre_names`)"""

_GENRES = {spelling_key(name): spelling_key(genre) for name, genre in SAME_MUSIC.items()}


def checking_genre(tag: str, genres: Sequence[str]) -> str | None:
    """The genre that checks a tag or style, if one does.

    >>> checking_genre("Hip-Hop", ["hiphop", "metal"]), checking_genre("heavy metal", ["metal"])
    ('hiphop', 'metal')
    >>> checking_genre("guitar", ["metal"])
    """
    by_key = {spelling_key(genre): genre for genre in genres}
    key = spelling_key(tag)
    return by_key.get(key) or by_key.get(_GENRES.get(key, ""))
