"""The timeline of a long recording: which label holds from when to when."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..audio.file import naming
from ..audio.mixdown import MIX, Channel
from ..audio.samples import Audio, shortfall
from ..classifier import Classifier
from ..decoder import SILENCE, UNKNOWN, DecoderSettings, genre_or_unknown
from ..smoothing import smoothed_posteriors
from ..stream.classifier_stream import ClassifierStream
from ..stream.event import Event


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording with one label."""

    start: float
    """Seconds from the start of the recording"""
    end: float
    """Seconds from the start of the recording"""
    label: str
    """A genre, ``other`` or ``not music`` where the model has them, ``silence`` or ``unknown``"""
    confidence: float
    """Mean smoothed posterior of the label; of the likeliest one in ``unknown``; 0 in silence"""


@dataclass(frozen=True)
class Timeline:
    """The segments of a recording: the end of each is the start of the next."""

    segments: tuple[Segment, ...]
    seconds: float
    """Duration of the recording"""
    interval_s: float
    """Time between the windows that were classified, seconds"""
    warnings: tuple[str, ...] = ()
    """What was odd about the file, though it could be classified"""


@dataclass
class Windows:
    """What a model says of the windows of a recording, in their order.

    A window takes 17 bytes and 4 for each label: those of ten hours, one every 0.743 s, by a model
    of twelve labels 3.2 MB.
    """

    labels: tuple[str, ...]
    window_s: float
    """Length of one, seconds"""
    ends: array[float] = field(default_factory=lambda: array("d"))
    """Seconds from the start of the recording"""
    starts: array[float] = field(default_factory=lambda: array("d"))
    silent: array[int] = field(default_factory=lambda: array("b"))
    """Whether each is below the silence gate"""
    values: array[float] = field(default_factory=lambda: array("f"))
    """The network's posteriors, one window after the other"""

    def add(self, event: Event) -> None:
        """One more window."""
        self.starts.append(event.start)
        self.ends.append(event.end)
        self.silent.append(event.label == SILENCE)
        self.values.extend(event.raw_posterior[label] for label in self.labels)

    @property
    def posteriors(self) -> npt.NDArray[np.float32]:
        """(windows, labels)."""
        return np.frombuffer(self.values, np.float32).reshape(-1, len(self.labels))


def segment_audio(
    classifier: Classifier,
    audio: Audio,
    *,
    settings: DecoderSettings | None = None,
    channel: Channel = MIX,
    on_progress: Callable[[float], None] = lambda seconds: None,
) -> Timeline:
    """Which label holds from when to when in a recording of any length.

    Windows are those of a stream, and decoded by the same hidden Markov model with the same
    settings; but each moment is judged by what comes after it as well, so that nothing has to be
    confirmed and no label comes late. The sound itself is not kept.

    Parameters
    ----------
    classifier : Classifier
    audio : Audio
        A file that was opened, or samples that were checked.
    settings : DecoderSettings, optional
        The model's own where none are given; ``confirm_s`` is for streams and has no effect.
    channel : int or str
        Which of several channels is used.
    on_progress : callable
        Called with the seconds of sound that are done, every second of sound.

    Raises
    ------
    AudioFormatError
        If the recording cannot be read or decoded.
    """
    settings = settings or classifier.manifest.decoder
    windows = Windows(classifier.labels, classifier.manifest.front_end.window_seconds)
    with naming(audio.path):
        stream = ClassifierStream(
            classifier,
            rate=audio.rate,
            channels=audio.channels,
            channel=channel,
            settings=settings,
        )
        frames = zeroed = 0
        for block in audio.blocks():
            frames += len(block)
            for event in stream.push(block):
                windows.add(event)
            on_progress(frames / audio.rate)
        for event in stream.finish():
            windows.add(event)
            zeroed = event.non_finite_samples
    seconds = frames / audio.rate
    segments = segments_of(windows, seconds, settings, ignored=classifier.ignored)
    warnings = tuple(_warnings(stream, audio, frames, zeroed))
    return Timeline(segments, seconds, stream.interval_s, warnings)


def segments_of(
    windows: Windows, seconds: float, settings: DecoderSettings, *, ignored: tuple[str, ...] = ()
) -> tuple[Segment, ...]:
    """The segments that windows tell of.

    A window speaks for its middle: what is nearer to it than to the middle of another one. But all
    of a silent window is silence.

    Parameters
    ----------
    windows : Windows
        One at least.
    seconds : float
        Duration of the recording.
    settings : DecoderSettings
    ignored : tuple of str
        Labels that the user does not want: ``unknown`` where they are the likeliest.
    """
    starts, ends = np.array(windows.starts), np.array(windows.ends)
    silent = np.array(windows.silent, bool)
    elapsed_s = np.diff(ends, prepend=ends[0] - windows.window_s)
    smoothed = smoothed_posteriors(
        windows.posteriors, silent, elapsed_s, settings, windows.window_s
    )
    labels = [
        genre_or_unknown(row, windows.labels, ignored, threshold=settings.rejection_threshold)
        for row in smoothed
    ]
    middles = (starts + ends) / 2
    own_edges = (middles[1:] + middles[:-1]) / 2  # where one window's middle ends
    first = np.flatnonzero(silent & ~np.concatenate([[False], silent[:-1]]))
    last = np.flatnonzero(silent & ~np.concatenate([silent[1:], [False]]))
    silences = np.column_stack([starts[first], ends[last]]).clip(0.0, seconds)
    if silent[-1]:
        silences[-1, 1] = seconds  # the resampler may have ended a moment before
    edges = np.unique(np.concatenate([[0.0, seconds], own_edges, silences.ravel()]))
    edges = edges[(edges >= 0.0) & (edges <= seconds)]

    def pieces() -> Iterator[Segment]:
        for start, end in itertools.pairwise(map(float, edges)):
            moment = (start + end) / 2
            nth = int(np.searchsorted(silences[:, 0], moment)) - 1
            if nth >= 0 and moment < silences[nth, 1]:
                yield Segment(start, end, SILENCE, 0.0)
                continue
            index = int(np.searchsorted(own_edges, moment))
            label, row = labels[index], smoothed[index]
            sure = row.max() if label == UNKNOWN else row[windows.labels.index(label)]
            yield Segment(start, end, label, float(sure))

    return without_short(joined(pieces()), settings.minimum_s)


def joined(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    """Neighbours of one label made one; the confidence is the mean over their time."""
    found: list[Segment] = []
    for piece in pieces:
        if found and found[-1].label == piece.label:
            before = found[-1]
            length, more = before.end - before.start, piece.end - piece.start
            sure = (before.confidence * length + piece.confidence * more) / (length + more)
            found[-1] = Segment(before.start, piece.end, piece.label, sure)
        else:
            found.append(piece)
    return tuple(found)


def without_short(segments: tuple[Segment, ...], minimum_s: float) -> tuple[Segment, ...]:
    """Segments shorter than that given to their neighbours, the shortest first.

    One between two of the same label becomes theirs, another one goes to the longer neighbour.
    Silence stays, and what lies between two silences.

    Parameters
    ----------
    segments : tuple of Segment
    minimum_s : float
        Seconds.
    """
    found = list(segments)
    while True:
        short = [
            (segment.end - segment.start, index)
            for index, segment in enumerate(found)
            if segment.label != SILENCE
            and segment.end - segment.start < minimum_s
            and _neighbours(found, index)
        ]
        if not short:
            return tuple(found)
        _, index = min(short)
        heir = max(_neighbours(found, index), key=lambda near: near.end - near.start)
        gone = found[index]
        # It says nothing for the label that it is given: the confidence stays that of the heir.
        found[index] = Segment(gone.start, gone.end, heir.label, heir.confidence)
        found[max(0, index - 1) : index + 2] = joined(found[max(0, index - 1) : index + 2])


def _neighbours(segments: list[Segment], index: int) -> list[Segment]:
    near = segments[max(0, index - 1) : index] + segments[index + 1 : index + 2]
    return [segment for segment in near if segment.label != SILENCE]


def _warnings(stream: ClassifierStream, audio: Audio, frames: int, zeroed: int) -> Iterator[str]:
    if audio.warning:
        yield audio.warning
    lacking = shortfall(audio, frames)
    if lacking:
        yield lacking
    seconds = frames / audio.rate
    window_s = stream.classifier.manifest.front_end.window_seconds
    if seconds < window_s:
        yield (
            f"{audio.path}: {seconds:.2f} s is shorter than the model's window of {window_s:.0f} "
            "s; it was repeated to fill one, so the label is less certain"
        )
    for warning in (stream.warning, *stream.take_warnings()):
        if warning:
            yield f"{audio.path}: {warning}"
    if zeroed:
        yield (
            f"{audio.path}: {zeroed} samples are NaN, infinite or absurdly large, or could not be "
            "decoded; they were taken as zero"
        )
