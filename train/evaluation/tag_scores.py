"""How well tags and styles tell genres: of those that a genre of the data can check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime import Classification
from edge_runtime.model.manifest import Manifest
from edge_runtime.printable import printable_lines

from ..data.tag_genres import checking_genre
from ..data.tracks import Track
from .rejection import roc_auc


@dataclass(frozen=True)
class TagScore:
    """One tag or style, against the genre that checks it."""

    name: str
    """Of a style, its path: ``electronic > techno``"""
    genre: str
    n_tracks: int
    """Of the genre, among all tracks that are not silent"""
    auc: float
    """Probability that a track of the genre has more of it than one of another; ties are half"""


@dataclass(frozen=True)
class TagScores:
    """Those of a model that genres of the data check, in the manifest's order."""

    tags: tuple[TagScore, ...]
    styles: tuple[TagScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            name: {
                score.name: {k: v for k, v in vars(score).items() if k != "name"} for score in own
            }
            for name, own in (("tags", self.tags), ("styles", self.styles))
        }


def score_tags(
    manifest: Manifest, classifications: Sequence[tuple[Track, Classification]]
) -> TagScores:
    """Score what can be checked; a genre that none or all of the tracks are of checks nothing."""
    sounding = [(track.label, found) for track, found in classifications if found.tag_logits]
    labels = np.array([label for label, _ in sounding], np.str_)
    logits = np.array([found.tag_logits for _, found in sounding])
    scores = []
    for index, tag in enumerate((*manifest.tags, *manifest.styles)):
        genre = checking_genre(tag.name, manifest.genres)
        own = labels == genre
        if genre is not None and own.any() and not own.all():
            auc = roc_auc(logits[own, index], logits[~own, index])
            score = TagScore(tag.path, genre, int(own.sum()), auc)
            scores.append((index < len(manifest.tags), score))
    return TagScores(
        tuple(score for is_tag, score in scores if is_tag),
        tuple(score for is_tag, score in scores if not is_tag),
    )


def tag_scores_text(scores: TagScores) -> str:
    """A table; empty where nothing can be checked."""
    rows = [(kind, score) for kind in ("tags", "styles") for score in getattr(scores, kind)]
    if not rows:
        return ""
    width = max(len("style"), *(len(score.name) for _, score in rows))
    lines = []
    for kind in ("tags", "styles"):
        own = [score for of, score in rows if of == kind]
        if own:
            lines.append(f"{kind.removesuffix('s'):<{width}}    AUC  of the tracks of")
            lines += [
                f"{score.name:<{width}}  {score.auc:>5.3f}  {score.genre} ({score.n_tracks})"
                for score in own
            ]
    return printable_lines("\n".join(lines))
