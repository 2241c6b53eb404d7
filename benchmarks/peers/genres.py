"""Which labels of a peer stand for which of our genres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

GENRES = (
    "blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock",
)  # fmt: skip

GenreLabels = Mapping[str, tuple[str, ...]]
"""By genre, the labels that stand for it; the highest score of them is the genre's"""

SAME: GenreLabels = {genre: (genre,) for genre in GENRES}

MUSICNN_TAGS: GenreLabels = {
    "blues": ("blues",),
    "country": ("country",),
    "hiphop": ("Hip-Hop",),
    "jazz": ("jazz",),
    "metal": ("metal", "heavy metal"),
    "pop": ("pop",),
    "rock": ("rock",),
}
"""Tags of the Million Song Dataset; it has none for classical, disco and reggae"""

AUDIOSET: GenreLabels = {
    "blues": ("Blues",),
    "classical": ("Classical music",),
    "country": ("Country",),
    "disco": ("Disco",),
    "hiphop": ("Hip hop music",),
    "jazz": ("Jazz",),
    "metal": ("Heavy metal",),
    "pop": ("Pop music",),
    "reggae": ("Reggae",),
    "rock": ("Rock music",),
}

SIX_GENRES: GenreLabels = {
    "blues": ("Blues",),
    "classical": ("Classical",),
    "hiphop": ("Rap",),
    "jazz": ("Jazz",),
    "rock": ("Rock",),
}
"""Of pyAudioAnalysis; its sixth, Electronic, is none of ours"""


def likeliest(scores: Mapping[str, float], labels: GenreLabels, genres: Iterable[str]) -> str:
    """The likeliest of some genres; the first of equals."""
    return max(genres, key=lambda genre: max(scores[label] for label in labels[genre]))
