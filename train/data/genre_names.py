"""Genre names that differ only in how they are written: ``Hip-Hop``, ``hip hop``, ``hiphop``."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

_SAME_NAME = {
    "dnb": "drumandbass",
    "dandb": "drumandbass",
    "drumbass": "drumandbass",
    "edm": "electronicdancemusic",
    "idm": "intelligentdancemusic",
    "randb": "rhythmandblues",
    "rnb": "rhythmandblues",
    "rocknroll": "rockandroll",
}
"""Short forms of one and the same name, as dictionaries list them (Merriam-Webster has R&B, R and
B, drum and bass, EDM and rock 'n' roll as entries or variants). Kinship is no reason to stand
here: rap is not hip-hop, and electronica is not electronic."""

_AND = re.compile(r"\s*&\s*|\s*['’`]\s?n\s?['’`]\s*|\s+n\s+")
_ACCENTS = re.compile("[\u0300-\u036f]")
"""Only those of Latin, Greek and Cyrillic: in other scripts marks are letters."""


def spelling_key(name: str) -> str:
    """What all spellings of a genre have in common.

    >>> {spelling_key(name) for name in ("Hip-Hop", "hip hop", "HIPHOP", "hip_hop")}
    {'hiphop'}
    >>> spelling_key("R&B") == spelling_key("rnb") == spelling_key("R'n'B")
    True
    >>> spelling_key("rap") == spelling_key("hip-hop")
    False
    """
    text = unicodedata.normalize("NFKD", name.casefold())
    text = _AND.sub(" and ", _ACCENTS.sub("", text).replace("_", " "))
    key = "".join(c for c in text if unicodedata.category(c)[0] in "LMN")
    return _SAME_NAME.get(key, key) or name  # a name of nothing but signs is itself


def by_key(labels: Iterable[str]) -> dict[str, str]:
    """A model's own spelling, by key."""
    return {spelling_key(label): label for label in labels}


def one_spelling(labels: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The spelling that most clips have, by every spelling that occurs, and warnings.

    Parameters
    ----------
    labels : sequence of str
        One for each clip.
    """
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for label, count in Counter(labels).items():
        spellings[spelling_key(label)][label] = count
    chosen: dict[str, str] = {}
    warnings = []
    for counts in spellings.values():
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        chosen |= dict.fromkeys(counts, ranked[0])
        if len(ranked) > 1:
            written = ", ".join(f"{label!r} ({counts[label]} clips)" for label in ranked)
            warnings.append(f"one genre is written in several ways: {written}; taken as one")
    return chosen, warnings
