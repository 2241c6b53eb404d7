"""Decoding every clip of a data set and collecting what is wrong with it."""

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

from edge_runtime.stderr import quiet_stderr

from ...progress import progress
from ..tracks import Track, TrackList
from .clip_facts import ClipFacts, clip_facts
from .faults import Finding, find_faults


@dataclass(frozen=True)
class GenreFacts:
    """The clips of one genre."""

    clips: int
    usable: int
    """Those that can be decoded and are not silent"""
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
        """Tracks that can be decoded and are not silent."""
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
                seconds=round(sum(seconds), 3),
                median_seconds=round(statistics.median(seconds), 3) if seconds else 0.0,
                shortest_seconds=round(min(seconds, default=0.0), 3),
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
    return DataCheck(listed, facts, failures, find_faults(listed, facts, failures, validation))


def _ranked(values: Any) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _relative(path: Path, root: Path) -> str:
    for folder in (root, root.resolve()):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()


@contextlib.contextmanager
def _native_libraries_quiet() -> Iterator[None]:
    """Hide what libsndfile's MP3 decoder prints from its threads; progress is still seen."""
    stderr = sys.stderr
    try:
        visible = os.dup(2) if stderr.fileno() == 2 else None
    except (OSError, io.UnsupportedOperation):
        visible = None
    if visible is None:
        yield
        return
    with os.fdopen(visible, "w", encoding=stderr.encoding, errors="backslashreplace") as copy:
        sys.stderr = copy
        try:
            with quiet_stderr():
                yield
        finally:
            copy.flush()
            sys.stderr = stderr
