"""A classifier on a stream: chunks of sound in, events out."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from ..audio.conditioning import Conditioner, offset_warning, window_level
from ..audio.mixdown import MIX, Channel
from ..audio.resample import missing_band
from ..audio.windows import Samples, lost_samples
from ..classifier import Classifier
from ..decoder import SILENCE, Decoder, DecoderSettings
from ..errors import ParameterError, StreamUseError
from ..exclusive import Exclusive
from ..tags import SHOWN_TAGS, TagFilter
from .event import Event
from .window_scheduler import ScheduledWindow, WindowScheduler


class ClassifierStream:
    """Classifies one source, window by window; memory does not grow with time.

    A stream belongs to one thread, or to several that take turns: one that comes while another is
    at work gets a `StreamUseError`. Streams of several threads may share a classifier.

    Parameters
    ----------
    classifier : Classifier
    rate : int, optional
        Sample rate of the source, hertz; the model's own where none is given.
    channels : int
        Channels of the source; they are mixed down.
    channel : int or str
        Number of the one that is used, from 1 on; ``"mix"`` is their mean, or the loudest one where
        that cancels; ``"loudest"``.
    settings : DecoderSettings, optional
        The model's own where none are given. The interval is rounded to whole frames.
    on_window : callable, optional
        Called with the samples of each window, (n,) float32 at the model's rate, and the sample
        clock of its end, before its event is made: to draw the sound. The samples are a read-only
        view that is valid during the call.
    shown_tags : int
        How many of the tags, the likeliest ones, the JSON lines of events hold.

    Examples
    --------
    >>> import numpy as np
    >>> from edge_runtime import Classifier, ClassifierStream
    >>> stream = ClassifierStream(Classifier(), rate=48000)
    >>> for second in range(4):
    ...     for event in stream.push(np.zeros(48000, dtype=np.int16)):
    ...         print(event.label)
    silence
    silence
    """

    def __init__(
        self,
        classifier: Classifier,
        *,
        rate: int | None = None,
        channels: int = 1,
        channel: Channel = MIX,
        settings: DecoderSettings | None = None,
        on_window: Callable[[npt.NDArray[np.float32], int], None] | None = None,
        shown_tags: int = SHOWN_TAGS,
    ) -> None:
        self._source_rate = classifier.manifest.front_end.sample_rate if rate is None else rate
        self._channel = channel
        self._conditioner = Conditioner(channels, channel)
        self._scheduler = WindowScheduler(classifier, settings, self._source_rate)
        self._next: WindowScheduler | None = None  # of a model that had no whole window yet
        self._decoder, self._tags = _decoder(self._scheduler), TagFilter()
        self._shown_tags = shown_tags
        self._on_window = on_window
        self._since_s = 0.0  # stream time of the first sample after the start or the last gap
        self._taken = 0  # samples (per channel) since then
        self._classified_s = 0.0  # end of the last window that was classified
        self._dropped = 0
        self._missing_s = 0.0
        self._faults_before = (0, 0)  # counted by the conditioners before this one
        self._paused = self._finished = False
        self._warned: set[str] = set()  # kinds of what was said already
        self._warnings: list[str] = []  # that were not taken yet
        self._in_use = Exclusive("ClassifierStream")

    @property
    def classifier(self) -> Classifier:
        """The one that classifies; another one from some window on after `change_model`."""
        return self._scheduler.classifier

    @property
    def warning(self) -> str | None:
        """What the source lacks of the sound of the training, in words; None if nothing."""
        return missing_band(self._source_rate, self.classifier.manifest.front_end)

    def take_warnings(self) -> list[str]:
        """What turned out odd about the sound since the last call, in words; each thing once."""
        warnings, self._warnings = self._warnings, []
        return warnings

    @property
    def interval_s(self) -> float:
        """Time between windows, seconds, after rounding to whole frames."""
        return self._scheduler.interval_s

    @property
    def seconds(self) -> float:
        """Time of the stream so far, seconds: sound taken in, and time that was missing."""
        return self._scheduler.clock_s

    def push(self, samples: npt.NDArray[np.generic], *, dropped: int = 0) -> list[Event]:
        """Take a chunk in.

        Parameters
        ----------
        samples : (n,) or (n, channels), float or int16
            Any number of samples, none included.
        dropped : int
            Samples (per channel) that were lost before this chunk. Zeros take their place, so
            that the clock of the stream stays exact.

        Returns
        -------
        list of Event
            Of the windows that became due; often empty.

        Raises
        ------
        AudioFormatError
            If the chunk does not fit the number of channels, or is neither float nor int16.
        StreamUseError
            If the stream was finished before, or is in use by another thread.
        ParameterError
            If `dropped` is negative.
        """
        with self._alone():
            if dropped < 0:
                raise ParameterError(f"dropped is {dropped}; it must be 0 or more")
            if self._paused:
                if not (dropped or np.size(samples)):
                    return []
                self._resume(missing_s=0.0)
            self._dropped += dropped
            events = [event for zeros in lost_samples(dropped) for event in self._take(zeros)]
            return events + self._take(self._conditioner(samples))

    def pause(self) -> list[Event]:
        """Classify the sound so far to its end: the source went away, and may come back.

        `resume` does the same where this was not called, but with its events as late as the
        source is. Sound after this begins anew: no window spans the pause.

        Returns
        -------
        list of Event
            Windows that were still due, and one more for what came after the last; none of sound
            that is shorter than a window.

        Raises
        ------
        StreamUseError
            If the stream was finished before, or is in use by another thread.
        """
        with self._alone():
            return self._pause()

    def _pause(self) -> list[Event]:
        if self._paused:
            return []
        self._paused = True
        events = self._classify_all(self._scheduler.finish())
        return events + (self._classify_rest() if self._scheduler.had_a_window else [])

    def resume(
        self, *, missing_s: float, rate: int | None = None, channels: int | None = None
    ) -> list[Event]:
        """Go on after a gap of the source, maybe with another rate or other channels.

        The sound before the gap is classified to its end, unless it is shorter than a window; no
        window spans the gap. The clock of the stream moves on by the time that is missing, which
        costs nothing however long it was.

        Parameters
        ----------
        missing_s : float
            Between the last sample before the gap and the first one after it, seconds.
        rate : int, optional
            Of the source from now on, hertz; as before where none is given.
        channels : int, optional
            From now on; as before where none are given.

        Returns
        -------
        list of Event
            Windows of the sound before the gap that were still due.

        Raises
        ------
        AudioFormatError
            If the rate or the number of channels is out of range. The stream is as it was then.
        StreamUseError
            If the stream was finished before, or is in use by another thread.
        ParameterError
            If `missing_s` is negative.
        """
        with self._alone():
            return self._resume(missing_s, rate, channels)

    def _resume(
        self, missing_s: float, rate: int | None = None, channels: int | None = None
    ) -> list[Event]:
        if not missing_s >= 0.0:
            raise ParameterError(f"missing_s is {missing_s}; it must be 0 or more")
        rate = self._source_rate if rate is None else rate
        channels = self._conditioner.channels if channels is None else channels
        conditioner = Conditioner(channels, self._channel)
        now_s = self._now_s + missing_s
        latest = self._next or self._scheduler
        scheduler = WindowScheduler(latest.classifier, latest.settings, rate, origin_s=now_s)
        events = self._pause()
        self._paused = False
        self._faults_before = self._faults
        self._conditioner, self._source_rate = conditioner, rate
        self._since_s, self._taken = now_s, 0
        self._missing_s += missing_s
        self._use(scheduler)
        return events

    def change_model(self, classifier: Classifier, settings: DecoderSettings | None = None) -> None:
        """Use another model, from the first of its windows on that begins after this call.

        Until that window is whole, the model before goes on: no sound is left out. At the change,
        windows stay as far apart as they were, whatever the two models' windows and rates are.

        Parameters
        ----------
        classifier : Classifier
        settings : DecoderSettings, optional
            The model's own where none are given.
        """
        with self._alone():
            # Its first window is to end where one of the model before would.
            new = WindowScheduler(classifier, settings, self._source_rate)
            late = self._now_s + new.window_s - self._scheduler.due_s
            due_s = self._scheduler.due_s + self.interval_s * max(
                0, math.ceil(late / self.interval_s)
            )
            wait = max(0, round((due_s - new.window_s - self._now_s) * self._source_rate))
            self._next = WindowScheduler(
                classifier,
                settings,
                self._source_rate,
                origin_s=self._now_s + wait / self._source_rate,
                wait=wait,
            )

    def finish(self) -> list[Event]:
        """End the stream.

        Returns
        -------
        list of Event
            Windows that were still due, and one more for what came after the last window: it
            ends with the stream. A stream shorter than a window is repeated to fill one.
        """
        with self._alone():
            due = [] if self._paused else self._classify_all(self._scheduler.finish())
            self._finished = True
            return due + self._classify_rest()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, no other thread changes this stream, which is not finished yet."""
        with self._in_use:
            self._check_open()
            yield

    def _check_open(self) -> None:
        if self._finished:
            raise StreamUseError("this stream was finished; make a new ClassifierStream")

    @property
    def _now_s(self) -> float:
        """Time of the next sample that comes, seconds."""
        return self._since_s + self._taken / self._source_rate

    @property
    def _faults(self) -> tuple[int, int]:
        non_finite, clipped = self._faults_before
        return (
            non_finite + self._conditioner.non_finite_samples,
            clipped + self._conditioner.clipped_samples,
        )

    def _take(self, mono: Samples) -> list[Event]:
        if self._next is None:
            self._taken += len(mono)
            return self._classify_all(self._scheduler.push(mono))
        events = []
        # In pieces shorter than an interval, so that the change is no later than it must be.
        step = max(1, int(self.interval_s * self._source_rate / 2))
        for first in range(0, len(mono), step):
            piece = mono[first : first + step]
            self._taken += len(piece)
            events += self._classify_all(self._with_next(piece))
        return events

    def _with_next(self, piece: Samples) -> Iterator[ScheduledWindow]:
        """Windows that are due while a second model waits for its first one, or after that."""
        windows = iter(()) if self._next is None else self._next.push(piece)
        first = next(windows, None)
        if first is None:
            yield from self._scheduler.push(piece)
            return
        assert self._next is not None
        self._use(self._next)
        for window in itertools.chain((first,), windows):
            # The model before may have classified nearly the same sound just now.
            if window.end_s - self._classified_s > self.interval_s / 2:
                yield window

    def _use(self, scheduler: WindowScheduler) -> None:
        """Take windows from this one from now on."""
        before, self._scheduler, self._next = self._scheduler, scheduler, None
        if not scheduler.decodes_like(before):
            self._decoder, self._tags = _decoder(scheduler), TagFilter()

    def _classify_all(self, windows: Iterable[ScheduledWindow]) -> list[Event]:
        events = []
        begin = time.perf_counter()
        for window in windows:
            events.append(self._classify(window, begin))
            begin = time.perf_counter()
        return events

    def _classify_rest(self) -> list[Event]:
        """What came after the last window, with as much before it as makes a window."""
        scheduler = self._scheduler
        new_s = scheduler.clock_s - max(self._classified_s, scheduler.origin_s)
        if round(new_s * scheduler.classifier.manifest.front_end.sample_rate) < 1:
            return []
        begin = time.perf_counter()
        return [self._classify(scheduler.latest(), begin)]

    def _classify(self, window: ScheduledWindow, begin: float) -> Event:
        """The event of a window; its front end began at `begin`."""
        classifier, samples = self._scheduler.classifier, window.samples
        middle = time.perf_counter()
        (posterior,), (tag_logits,) = classifier.outputs(window.features[np.newaxis])
        inference_ms = 1e3 * (time.perf_counter() - middle)
        if self._on_window is not None:
            params = classifier.manifest.front_end
            self._on_window(samples, round(window.end_s * params.sample_rate))
        level = window_level(samples, classifier.manifest.front_end.sample_rate)
        self._look_for_faults(samples)
        # In time, not in windows: what is missing between two windows has passed all the same.
        elapsed_s = window.end_s - self._classified_s
        decoded = self._decoder.update(posterior, level, elapsed_s)
        silent = decoded.label == SILENCE  # of this very window: silence needs no confirmation
        smoothed = self._tags.update(tag_logits, elapsed_s, silent=silent)
        described = classifier.tag_table.describe(smoothed, decoded.label)
        new_s = max(0.0, window.end_s - max(window.start_s, self._classified_s))
        self._classified_s = window.end_s
        non_finite, clipped = self._faults
        return Event(
            time=time.monotonic(),
            start=window.start_s,
            end=window.end_s,
            new_s=new_s,
            label=decoded.label,
            confidence=decoded.confidence,
            posterior=classifier.by_label(decoded.posterior),
            raw_posterior=classifier.by_label(posterior),
            tags=described.tags,
            styles=described.styles,
            style=described.style,
            mood=described.mood,
            level_dbfs=level.dbfs,
            front_end_ms=1e3 * (middle - begin),
            inference_ms=inference_ms,
            padded=len(samples) < classifier.manifest.front_end.window_samples,
            dropped_samples=self._dropped,
            missing_s=self._missing_s,
            non_finite_samples=non_finite,
            clipped_samples=clipped,
            shown_tags=self._shown_tags,
        )

    def _look_for_faults(self, samples: npt.NDArray[np.float32]) -> None:
        params = self.classifier.manifest.front_end
        found = {"channels": self._conditioner.mixdown.warning}
        if len(samples) == params.window_samples:  # the mean of less is no offset
            found["offset"] = offset_warning(float(samples.mean()), params)
        for kind, warning in found.items():
            if warning and kind not in self._warned:
                self._warned.add(kind)
                self._warnings.append(warning)


def _decoder(scheduler: WindowScheduler) -> Decoder:
    classifier = scheduler.classifier
    return Decoder(classifier.labels, scheduler.settings, scheduler.window_s, classifier.ignored)
