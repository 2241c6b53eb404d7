"""edge-genre on the device: what kind of music is playing, from a file or a stream.

The shortest useful program::

    from edge_runtime import Classifier

    result = Classifier().classify("song.wav")
    print(result.label, result.confidence)

Samples that are in memory need their rate: ``Classifier().classify(samples, rate=48000)``. On a
stream, push chunks of any length as they come::

    from edge_runtime import Classifier, ClassifierStream

    stream = ClassifierStream(Classifier(), rate=48000, channels=2)
    for chunk in microphone:  # (n, 2) int16 or float32
        for event in stream.push(chunk):
            print(event.end, event.label, event.confidence)

A ``Classifier`` takes any model that ``edge-genre export`` wrote, by its path or as bytes; the
front end, the labels and the decoder's settings are read from the file. Every error that is raised
on purpose is an ``EdgeGenreError``. Needs numpy and LiteRT; everything else is imported when it is
used.
"""

from __future__ import annotations

from .version import __version__

TYPE_CHECKING = False  # typing would take longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .classification import Classification
    from .classifier import Classifier
    from .errors import EdgeGenreError
    from .frontend import FrontEnd, FrontEndParams, StreamingFrontEnd
    from .model.manifest import Manifest
    from .stream.classifier_stream import ClassifierStream
    from .stream.event import Event

_HOMES = {
    "Classification": "classification",
    "Classifier": "classifier",
    "ClassifierStream": "stream.classifier_stream",
    "EdgeGenreError": "errors",
    "Event": "stream.event",
    "FrontEnd": "frontend",
    "FrontEndParams": "frontend",
    "Manifest": "model.manifest",
    "StreamingFrontEnd": "frontend",
}

__all__ = [
    "Classification",
    "Classifier",
    "ClassifierStream",
    "EdgeGenreError",
    "Event",
    "FrontEnd",
    "FrontEndParams",
    "Manifest",
    "StreamingFrontEnd",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: who wants the front end pays for no more."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
