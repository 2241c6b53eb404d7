"""Faults of a data set that spoil scores or lose clips, found in the facts of every clip."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS

from ..datasets import DATASETS
from ..genre_check import check_labels
from ..pieces import find_pieces, straddling
from ..tracks import Track, TrackList
from .clip_facts import ClipFacts

CLIPPED_SHARE = 0.001
PARTLY_SILENT_SHARE = 0.3
FEW_CLIPS_SHARE = 0.2
"""A genre with fewer clips than this share of the largest genre's is called small."""
WINDOW_SECONDS = PRESETS["seed-mfcc13"].window_seconds


@dataclass(frozen=True)
class Finding:
    """One kind of fault, and every clip that has it."""

    kind: str
    serious: bool
    """Whether scores would be wrong, or clips are lost, if nothing is done"""
    title: str
    items: tuple[str, ...]


def find_faults(
    listed: TrackList,
    facts: dict[str, ClipFacts],
    failures: dict[str, str],
    validation: Sequence[str],
) -> tuple[Finding, ...]:
    """Everything that is wrong, the worst first.

    Parameters
    ----------
    listed : TrackList
    facts : dict
        By track id, of the clips that can be decoded.
    failures : dict
        By track id: why the others cannot.
    validation : sequence of str
        What the data set's own `validate` found.
    """
    known = dict(DATASETS[listed.dataset].faults) if listed.dataset in DATASETS else {}
    audible = {name: found for name, found in facts.items() if not found.silent}

    def clips(items: dict[str, str]) -> tuple[str, ...]:
        return tuple(f"{name}: {text}" for name, text in items.items())

    findings = [
        Finding(
            "undecodable",
            True,
            "cannot be decoded; training leaves them out",
            clips(
                {
                    name: f"{why} ({known[name]})" if name in known else why
                    for name, why in failures.items()
                }
            ),
        ),
        *_repeats(listed, audible, known),
        *_pieces(listed, facts),
        _labels(listed),
        *_genres(listed, set(audible)),
        Finding(
            "truncated",
            False,
            "were cut off in recording or copying; what is there is used",
            clips({name: found.truncated for name, found in facts.items() if found.truncated}),
        ),
        Finding(
            "unheard",
            False,
            "hold more than their header says, which is left out",
            clips({name: found.unheard for name, found in facts.items() if found.unheard}),
        ),
        Finding(
            "silent",
            True,
            "are silent (below -60 dBFS all through); training leaves them out",
            clips(
                {
                    name: f"{found.seconds:.1f} s, {found.loudest_dbfs:.0f} dBFS at the loudest"
                    for name, found in facts.items()
                    if found.silent
                }
            ),
        ),
        Finding(
            "partly-silent",
            False,
            f"are silent for more than {PARTLY_SILENT_SHARE:.0%} of their time",
            clips(
                {
                    name: f"{found.silent_share:.0%} of {found.seconds:.1f} s"
                    for name, found in _worst(audible, "silent_share")
                    if found.silent_share > PARTLY_SILENT_SHARE
                }
            ),
        ),
        Finding(
            "clipped",
            False,
            f"have more than {CLIPPED_SHARE:.1%} of their samples at full scale",
            clips(
                {
                    name: f"{found.clipped_share:.2%}"
                    for name, found in _worst(audible, "clipped_share")
                    if found.clipped_share > CLIPPED_SHARE
                }
            ),
        ),
        Finding(
            "non-finite",
            False,
            "hold samples that are no numbers, absurd, or cannot be decoded; they become zero",
            clips(
                {
                    name: f"{found.non_finite_samples} samples"
                    for name, found in facts.items()
                    if found.non_finite_samples
                }
            ),
        ),
        Finding(
            "short",
            False,
            f"are shorter than a window of {WINDOW_SECONDS:g} s and are repeated to fill one",
            clips(
                {
                    name: f"{found.seconds:.1f} s"
                    for name, found in sorted(audible.items(), key=lambda item: item[1].seconds)
                    if found.seconds < WINDOW_SECONDS
                }
            ),
        ),
        Finding(
            "listing",
            False,
            "what was left out or merged when the clips were listed",
            listed.warnings,
        ),
        Finding("data-set", False, "compared with the data set as published", tuple(validation)),
    ]
    return tuple(finding for finding in findings if finding.items)


def _repeats(
    listed: TrackList, audible: dict[str, ClipFacts], known: dict[str, str]
) -> list[Finding]:
    """Groups of clips with the very same samples; those that spoil scores are separate findings."""
    groups: dict[str, list[Track]] = defaultdict(list)
    for track in listed.tracks:
        if track.id in audible:
            groups[audible[track.id].sha256].append(track)
    across_genres, across_parts, others = [], [], []
    for group in (group for group in groups.values() if len(group) > 1):
        names = [track.id for track in group]
        parts = {listed.parts.get(name, "") for name in names}
        if len({track.label for track in group}) > 1:
            across_genres.append(" = ".join(f"{t.id} [{t.label}]" for t in group))
        elif len(parts) > 1:
            across_parts.append(" = ".join(f"{n} [{listed.parts.get(n, '')}]" for n in names))
        else:
            note = " (known)" if all("repeat" in known.get(name, "") for name in names) else ""
            others.append(" = ".join(names) + note)
    return [
        Finding(
            "repeats-across-genres",
            True,
            "the same audio under different genres: at least one label is wrong",
            tuple(across_genres),
        ),
        Finding(
            "repeats-across-parts",
            True,
            "the same audio in different parts of the split: it leaks",
            tuple(across_parts),
        ),
        Finding(
            "repeats",
            False,
            "the same audio more than once; a random split may put it on both sides",
            tuple(others),
        ),
    ]


def _pieces(listed: TrackList, facts: dict[str, ClipFacts]) -> list[Finding]:
    def seconds(track: Track) -> float | None:
        return facts[track.id].seconds if track.id in facts else None

    found = find_pieces(listed.tracks, seconds)
    sides = [(song, listed.parts.get(name, "")) for name, song in found.songs.items()]
    return [
        Finding(
            "pieces-across-parts",
            True,
            "songs with pieces in different parts of the split: it leaks",
            tuple(Path(song).name for song in straddling(sides)),
        ),
        Finding(
            "pieces", False, "clips of a few seconds that may be parts of one song", found.warnings
        ),
    ]


def _labels(listed: TrackList) -> Finding:
    problems = []
    for label in sorted({track.label for track in listed.tracks}):
        try:
            check_labels([label], "genre")
        except DataSetError as error:
            problems.append(str(error).removeprefix("genre: "))
    return Finding(
        "labels", True, "genres that no model can have; training refuses them", tuple(problems)
    )


def _genres(listed: TrackList, audible: set[str]) -> list[Finding]:
    counts = Counter(dict.fromkeys((track.label for track in listed.tracks), 0))
    counts.update(track.label for track in listed.tracks if track.id in audible)
    largest, most = counts.most_common(1)[0]
    small = {g: n for g, n in counts.items() if 1 < n < FEW_CLIPS_SHARE * most}
    return [
        Finding(
            "one-genre",
            True,
            "a classifier needs two genres or more",
            (f"{largest} is the only one; if it holds the genre folders, name it instead",)
            if len(counts) == 1
            else (),
        ),
        Finding(
            "lone-clips",
            True,
            "genres without two usable clips, one to train on and one to validate on",
            tuple(f"{genre}: {n}" for genre, n in sorted(counts.items()) if n < 2),
        ),
        Finding(
            "few-clips",
            False,
            f"genres with less than {FEW_CLIPS_SHARE:.0%} of the clips of the largest "
            f"({largest}, {most}); train with --class-weight balanced",
            tuple(f"{genre}: {n}" for genre, n in sorted(small.items(), key=lambda item: item[1])),
        ),
    ]


def _worst(facts: dict[str, ClipFacts], field: str) -> list[tuple[str, ClipFacts]]:
    return sorted(facts.items(), key=lambda item: -getattr(item[1], field))
