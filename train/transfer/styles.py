"""Styles of music: YAMNet's classes of music by the names that listeners use, in families.

AudioSet names 66 classes of music (J. F. Gemmeke et al., ICASSP 2017). Its genres are styles here,
its moods are moods; what a piece is for, such as a wedding, says nothing of how it sounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.errors import ParameterError

from .yamnet import YamnetWeights

SPEECH, SINGING, MUSIC, MUSICAL_INSTRUMENT, SILENCE = 0, 24, 132, 133, 494
"""Places of what tells music from other sound among the outputs of YAMNet"""
MUSIC_CLASSES = range(211, 277)
"""Places of the classes of music"""


@dataclass(frozen=True)
class Style:
    """A class of music."""

    place: int
    """Among the outputs of YAMNet"""
    name: str
    family: str
    """What it is a kind of; its own name where it is the whole family"""
    kind: str
    """``"genre"`` or ``"mood"``"""


MOODS = "mood"
"""The family of moods"""

FAMILIES: dict[str, dict[str, str]] = {
    "blues": {"Blues": "blues"},
    "children's music": {"Music for children": "children's music", "Lullaby": "lullaby"},
    "classical": {"Classical music": "classical", "Opera": "opera"},
    "country": {"Country": "country", "Bluegrass": "bluegrass"},
    "disco": {"Disco": "disco"},
    "electronic": {
        "Electronic music": "electronic",
        "House music": "house",
        "Techno": "techno",
        "Dubstep": "dubstep",
        "Drum and bass": "drum and bass",
        "Electronica": "electronica",
        "Electronic dance music": "electronic dance music",
        "Ambient music": "ambient",
        "Trance music": "trance",
    },
    "folk": {"Folk music": "folk"},
    "hip hop": {"Hip hop music": "hip hop", "Beatboxing": "beatboxing"},
    "jazz": {"Jazz": "jazz", "Swing music": "swing"},
    "latin": {"Music of Latin America": "latin", "Salsa music": "salsa"},
    "metal": {"Heavy metal": "metal"},
    "new age": {"New-age music": "new age"},
    "pop": {"Pop music": "pop"},
    "reggae": {"Reggae": "reggae", "Ska": "ska"},
    "religious": {"Christian music": "christian", "Gospel music": "gospel"},
    "rock": {
        "Rock music": "rock",
        "Punk rock": "punk",
        "Grunge": "grunge",
        "Progressive rock": "progressive rock",
        "Rock and roll": "rock and roll",
        "Psychedelic rock": "psychedelic rock",
        "Independent music": "indie",
    },
    "soul & r&b": {"Soul music": "soul", "Rhythm and blues": "r&b", "Funk": "funk"},
    "soundtrack": {"Soundtrack music": "soundtrack", "Video game music": "video game"},
    "vocal": {"Vocal music": "vocal", "A capella": "a cappella"},
    "world": {
        "Traditional music": "traditional",
        "Music of Africa": "african",
        "Afrobeat": "afrobeat",
        "Music of Asia": "asian",
        "Carnatic music": "carnatic",
        "Music of Bollywood": "bollywood",
        "Middle Eastern music": "middle eastern",
        "Flamenco": "flamenco",
    },
    MOODS: {
        "Happy music": "happy",
        "Sad music": "sad",
        "Tender music": "tender",
        "Exciting music": "exciting",
        "Angry music": "angry",
        "Scary music": "scary",
    },
}
"""Names by AudioSet's, in families"""

NO_STYLES = (
    "Song", "Background music", "Theme music", "Jingle (music)", "Christmas music", "Dance music",
    "Wedding music",
)  # fmt: skip
"""Classes that say what music is for"""


def styles(classes: Sequence[str]) -> tuple[Style, ...]:
    """Styles and moods among the outputs of YAMNet, in their order.

    Parameters
    ----------
    classes : sequence of str
        AudioSet's names of all outputs (`train.transfer.yamnet.YamnetWeights.classes`).

    Raises
    ------
    ParameterError
        Naming a class of music that has no family and is not one of `NO_STYLES`.
    """
    by_class = {
        audioset: (name, family)
        for family, members in FAMILIES.items()
        for audioset, name in members.items()
    }
    found = []
    for place in MUSIC_CLASSES:
        audioset = classes[place]
        if audioset in NO_STYLES:
            continue
        if audioset not in by_class:
            raise ParameterError(
                f"YAMNet's class {audioset!r} has no family; name it in FAMILIES or NO_STYLES of "
                f"{__file__}"
            )
        name, family = by_class[audioset]
        found.append(Style(place, name, family, "mood" if family == MOODS else "genre"))
    return tuple(found)


def genre_styles(weights: YamnetWeights) -> tuple[Style, ...]:
    """Those of `styles` that are genres: a model names no mood as a style."""
    return tuple(style for style in styles(weights.classes) if style.kind == "genre")
