"""Tracks that hold the same sound: they never stand on both sides of an honest split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .clusters import clusters
from .splits import TRAIN, VALID, Candidate, Split


def without_straddlers(
    split: Split, candidates: Sequence[Candidate]
) -> tuple[Split, tuple[str, ...]]:
    """Remove training tracks whose very sound is in the validation part, and report them.

    A list may put two copies of one recording on two sides; a split that leaks on purpose is left
    as it is.

    Returns
    -------
    Split
    tuple of str
        A line for each cluster of copies that stood on both sides or goes by two genres.
    """
    if split.leaks:
        return split, ()
    parts, findings = dict(split.parts), []
    for cluster in clusters(candidates, [item.audio_sha256 for item in candidates]):
        names = ", ".join(item.track.id for item in cluster)
        if len({item.track.label for item in cluster}) > 1:
            genres = ", ".join(sorted({item.track.label for item in cluster}))
            findings.append(f"{names} hold the same sound and go by {genres}; keep one of them")
        sides = {part for item in cluster for part in parts[item.track.id]}
        if len(cluster) > 1 and {TRAIN, VALID} <= sides:
            findings.append(
                f"{names} hold the same sound on both sides of the split; left out of training"
            )
            for item in cluster:
                if TRAIN in parts[item.track.id]:
                    parts[item.track.id] = ("none",) * item.n_windows
    return dataclasses.replace(split, parts=parts), tuple(findings)
