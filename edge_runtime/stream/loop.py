"""The loop of ``listen``: a source's chunks in, events out, through gaps and changes of model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..audio.file import naming
from ..classifier import Classifier
from ..decoder import DecoderSettings
from ..sources import Source, Stop
from .classifier_stream import ClassifierStream
from .event import Event


@dataclass(frozen=True)
class LoadedModel:
    """A model, and how the user wants it decoded."""

    classifier: Classifier
    settings: DecoderSettings


def events_of(
    source: Source,
    stream: ClassifierStream,
    stop: Stop,
    new_model: Callable[[], LoadedModel | None] = lambda: None,
) -> Iterator[Event]:
    """Events until the source ends or `stop` is set.

    The sound until then is classified, whatever ended it; an error of the source is raised after
    that.

    Parameters
    ----------
    source : Source
    stream : ClassifierStream
        For the source's rate and channels.
    stop : Stop
        Checked by the source.
    new_model : callable
        Called with each chunk; returns a model that is to take over, or None, at once.

    Yields
    ------
    Event
    """
    try:
        for chunk in source.chunks(stop):
            if chunk.rate is not None or chunk.missing_s:
                yield from stream.resume(
                    rate=chunk.rate, channels=chunk.samples.shape[1], missing_s=chunk.missing_s
                )
            if (new := new_model()) is not None:
                stream.change_model(new.classifier, new.settings)
            with naming(source.name):
                yield from stream.push(chunk.samples, dropped=chunk.dropped)
                if chunk.away:  # what was heard is told now, not when the source is back
                    yield from stream.pause()
    finally:
        # Not where the caller closed this generator: nobody would take these events.
        if not isinstance(sys.exc_info()[1], GeneratorExit):
            yield from stream.finish()
