"""Which music is of none of the genres that a model knows.

Nobody has labelled the music that a student is distilled on. What two networks that were trained on
far more music say of it together is enough to find pieces that are surely none of ten genres:
electronic and ambient music, folk and music of the world, chiptunes. What might be one of the
genres, such as orchestral music, is left without a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.decoder import OTHER
from edge_runtime.tags import probabilities

from .musicnn import TAGS
from .styles import MUSIC
from .yamnet import YamnetWeights

_ELECTRONIC = ("electronic", "ambient", "electronica", "chillout", "House", "electro")
_WORLD = (
    "Folk music", "Middle Eastern music", "Music of Latin America", "Salsa music", "Flamenco",
    "Music of Africa", "Afrobeat", "Music of Asia", "Carnatic music", "Music of Bollywood",
    "Traditional music",
)  # fmt: skip
_NAMED = {"electronic", "folk", "ambient", "world", "international", OTHER}
_LEAST_MUSIC = 0.3
"""Probability of ``Music`` below which a piece may be wind or birds"""
_LEAST_ELECTRONIC, _SURELY_ELECTRONIC, _LEAST_FOLK = 0.3, 0.4, 0.15
"""Of MusiCNN's tags, which are small numbers"""
_LEAST_CLASS = 0.02
"""Of YAMNet's classes of music, which are smaller ones"""
_LIKE_A_GENRE, _SURELY_A_GENRE = 0.7, 0.8
"""Of the genres' posterior"""


@dataclass(frozen=True)
class Opinions:
    """What the networks say of windows of music without a label."""

    tags: npt.NDArray[np.float32]
    """(n, 50) MusiCNN's logits"""
    classes: npt.NDArray[np.float32]
    """(n, 521) YAMNet's logits"""
    posteriors: npt.NDArray[np.float32]
    """(n, genres) of a last layer that knows nothing but the genres"""
    sources: npt.NDArray[np.int64]
    """(n,)"""


def find_other(
    opinions: Opinions, genres: tuple[str, ...], weights: YamnetWeights
) -> tuple[int, ...]:
    """Sources of music that is of no genre, in their order.

    Parameters
    ----------
    opinions : Opinions
    genres : tuple of str
        Where they have a name for such music, it is for the user to label it: nothing is found.
    weights : YamnetWeights
        For the names of its classes.
    """
    if _NAMED & {genre.casefold() for genre in genres}:
        return ()
    tag = {name: TAGS.index(name) for name in (*_ELECTRONIC, "folk")}
    world = [weights.classes.index(name) for name in _WORLD]
    game = weights.classes.index("Video game music")
    classical = genres.index("classical") if "classical" in genres else None
    found = []
    for source in np.unique(opinions.sources):
        own = opinions.sources == source
        tags = probabilities(opinions.tags[own].mean(axis=0))
        classes = probabilities(opinions.classes[own].mean(axis=0))
        posterior = opinions.posteriors[own].mean(axis=0)
        of_classical = 0.0 if classical is None else posterior[classical]
        electronic = max(tags[tag[name]] for name in _ELECTRONIC)
        of_the_world = tags[tag["folk"]] >= _LEAST_FOLK or classes[world].max() >= _LEAST_CLASS
        like_a_genre = posterior.max() >= _LIKE_A_GENRE
        if classes[MUSIC] < _LEAST_MUSIC:
            continue
        if electronic >= _LEAST_ELECTRONIC:
            if electronic >= _SURELY_ELECTRONIC or of_classical < _SURELY_A_GENRE:
                found.append(int(source))
        elif (of_the_world or classes[game] >= _LEAST_CLASS) and not like_a_genre:
            found.append(int(source))
    return tuple(found)
