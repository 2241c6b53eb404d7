"""What is wrong with a data set, found before anybody trains on it."""

from __future__ import annotations

import contextlib
import io
import os
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge_runtime.frontend import PRESETS
from edge_runtime.quiet import quiet_stderr

from .clip_facts import ClipFacts, clip_facts
from .datasets import DATASETS
from .progress import progress
from .tracks import Track, TrackList

CLIPPED_SHARE = 0.001
PARTLY_SILENT_SHARE = 0.3
FEW_CLIPS_SHARE = 0.2
"""A genre with fewer clips than this share of the largest genre's is called small."""
WINDOW_SECONDS = PRESETS["seed-mfcc13"].window_seconds


@dataclass(frozen=True)
class Finding:
    """One kind of trouble, and every clip that has it."""

    kind: str
    serious: bool
    """Whether scores would be wrong, or clips are lost, if nothing is done"""
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class GenreFacts:
    """The clips of one genre."""

    clips: int
    usable: int
    """Those that can be decoded and heard"""
    artists: int
    """Different ones that are known"""
    seconds: float
    """All that was decoded"""
    median_seconds: float
    shortest_seconds: float


@dataclass(frozen=True)
class DataCheck:
    """Everything that was found."""

    listed: TrackList
    facts: dict[str, ClipFacts]
    """By track id, of those that can be decoded"""
    failures: dict[str, str]
    """By track id: why it cannot be decoded"""
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> list[Track]:
        """Tracks that can be decoded and heard."""
        return [
            track
            for track in self.listed.tracks
            if track.id in self.facts and not self.facts[track.id].silent
        ]

    @property
    def seconds(self) -> float:
        """Sound that was decoded."""
        return sum(facts.seconds for facts in self.facts.values())

    def genres(self) -> dict[str, GenreFacts]:
        """Facts of every genre."""
        by_genre: dict[str, list[Track]] = defaultdict(list)
        for track in self.listed.tracks:
            by_genre[track.label].append(track)
        usable = Counter(track.label for track in self.usable)
        genres = {}
        for genre, tracks in sorted(by_genre.items()):
            seconds = [self.facts[t.id].seconds for t in tracks if t.id in self.facts]
            genres[genre] = GenreFacts(
                clips=len(tracks),
                usable=usable[genre],
                artists=len({track.artist for track in tracks} - {""}),
                seconds=sum(seconds),
                median_seconds=statistics.median(seconds) if seconds else 0.0,
                shortest_seconds=min(seconds, default=0.0),
            )
        return genres

    def counts(self) -> dict[str, dict[str, int]]:
        """Clips by sample rate, channels, format, licence and part."""
        tracks, facts = self.listed.tracks, self.facts.values()
        return {
            "rates": _ranked(f"{f.rate} Hz" for f in facts),
            "channels": _ranked(str(f.channels) for f in facts),
            "formats": _ranked(track.path.suffix.lower()[1:] for track in tracks),
            "licences": _ranked(track.licence for track in tracks if track.licence),
            "parts": _ranked(self.listed.parts.values()),
        }

    def to_dict(self, root: Path) -> dict[str, Any]:
        """Everything as JSON values; paths relative to `root` where they lie in it."""
        return {
            "data_set": self.listed.dataset,
            "n_clips": len(self.listed.tracks),
            "n_usable": len(self.usable),
            "seconds": round(self.seconds, 3),
            "genres": {genre: asdict(facts) for genre, facts in self.genres().items()},
            **self.counts(),
            "findings": [asdict(finding) for finding in self.findings],
            "in_no_genre": [_relative(path, root) for path in self.listed.outside],
            "not_there": list(self.listed.missing),
            "clips": [self._clip(track, root) for track in self.listed.tracks],
        }

    def _clip(self, track: Track, root: Path) -> dict[str, Any]:
        found = self.facts.get(track.id)
        return {
            "id": track.id,
            "path": _relative(track.path, root),
            "genre": track.label,
            "artist": track.artist,
            "licence": track.licence,
            "part": self.listed.parts.get(track.id),
            "cannot_be_decoded": self.failures.get(track.id),
            **(asdict(found) if found else {}),
        }


def check(listed: TrackList, validation: Sequence[str] = ()) -> DataCheck:
    """Decode every clip once and gather what is wrong.

    Parameters
    ----------
    listed : TrackList
    validation : sequence of str
        What the data set's own `validate` found.
    """
    facts: dict[str, ClipFacts] = {}
    failures: dict[str, str] = {}
    pool = ThreadPoolExecutor(os.cpu_count())  # decoding and hashing release the GIL
    try:
        with _native_libraries_quiet():
            results = pool.map(clip_facts, listed.tracks)
            for track, result in progress(
                zip(listed.tracks, results, strict=True), total=len(listed.tracks), label="check"
            ):
                if isinstance(result, str):
                    failures[track.id] = result
                else:
                    facts[track.id] = result
    finally:
        pool.shutdown(cancel_futures=True)  # Ctrl-C must not wait for the clips that are left
    findings = _findings(listed, facts, failures, validation)
    return DataCheck(listed, facts, failures, tuple(f for f in findings if f.items))


def _findings(
    listed: TrackList,
    facts: dict[str, ClipFacts],
    failures: dict[str, str],
    validation: Sequence[str],
) -> list[Finding]:
    known = dict(DATASETS[listed.dataset].faults) if listed.dataset in DATASETS else {}
    heard = {name: found for name, found in facts.items() if not found.silent}

    def clips(items: dict[str, str]) -> tuple[str, ...]:
        return tuple(f"{name}: {text}" for name, text in items.items())

    return [
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
        *_repeats(listed, heard, known),
        *_genres(listed, set(heard)),
        Finding(
            "truncated",
            False,
            "were cut off in recording or copying; what is there is used",
            clips({name: found.truncated for name, found in facts.items() if found.truncated}),
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
                    for name, found in _worst(heard, "silent_share")
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
                    for name, found in _worst(heard, "clipped_share")
                    if found.clipped_share > CLIPPED_SHARE
                }
            ),
        ),
        Finding(
            "non-finite",
            False,
            "hold samples that are no numbers, or absurd ones; they become zero",
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
                    for name, found in sorted(heard.items(), key=lambda item: item[1].seconds)
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
        Finding(
            "data-set",
            False,
            "compared with the data set as published",
            tuple(validation),
        ),
    ]


def _repeats(
    listed: TrackList, heard: dict[str, ClipFacts], known: dict[str, str]
) -> list[Finding]:
    """Groups of clips with the very same samples; what spoils scores is told apart."""
    groups: dict[str, list[Track]] = defaultdict(list)
    for track in listed.tracks:
        if track.id in heard:
            groups[heard[track.id].sha256].append(track)
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


def _genres(listed: TrackList, heard: set[str]) -> list[Finding]:
    counts = Counter(dict.fromkeys((track.label for track in listed.tracks), 0))
    counts.update(track.label for track in listed.tracks if track.id in heard)
    largest, most = counts.most_common(1)[0]
    few = {g: n for g, n in counts.items() if 1 < n < FEW_CLIPS_SHARE * most}
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
            tuple(f"{genre}: {n}" for genre, n in sorted(few.items(), key=lambda item: item[1])),
        ),
    ]


def _worst(facts: dict[str, ClipFacts], field: str) -> list[tuple[str, ClipFacts]]:
    return sorted(facts.items(), key=lambda item: -getattr(item[1], field))


def _ranked(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _relative(path: Path, root: Path) -> str:
    for folder in (root, root.resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()


@contextlib.contextmanager
def _native_libraries_quiet() -> Iterator[None]:
    """libsndfile's MP3 decoder complains from its threads; progress is still seen."""
    stderr = sys.stderr
    try:
        ours = os.dup(2) if stderr.fileno() == 2 else None
    except (OSError, io.UnsupportedOperation):
        ours = None
    if ours is None:
        yield
        return
    with os.fdopen(ours, "w", encoding=stderr.encoding, errors="backslashreplace") as copy:
        sys.stderr = copy
        try:
            with quiet_stderr():
                yield
        finally:
            copy.flush()
            sys.stderr = stderr
