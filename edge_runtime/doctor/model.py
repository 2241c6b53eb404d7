"""The model: whether it loads, answers, and is fast enough here."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ..audio_file import open_audio
from ..classifier import Classifier
from ..errors import EdgeGenreError
from ..stream import ClassifierStream
from . import Finding, Verdict

_SLOW, _TOO_SLOW = 0.5, 1.0
"""Seconds of processor time for a second of sound"""


def check_model(name: str | None) -> Iterator[Finding]:
    """Load a model, and let it hear the demo clip as a stream."""
    try:
        classifier = Classifier(name)
    except EdgeGenreError as error:
        yield Finding("model", Verdict.FAULT, str(error), "see: edge-genre info")
        return
    weights = classifier.manifest.weights
    yield Finding(
        "model",
        Verdict.OK,
        f"{classifier.manifest.name} {classifier.manifest.version} ({weights.format}, "
        f"{weights.bytes / 1000:.0f} KB) runs with {classifier.backend.name}",
    )
    try:
        yield _speed(classifier)
    except EdgeGenreError as error:
        yield Finding("speed", Verdict.FAULT, str(error), "install edge-genre again")


def _speed(classifier: Classifier) -> Finding:
    audio = open_audio("demo")
    stream = ClassifierStream(classifier, rate=audio.rate, channels=audio.channels)
    begin, events = time.process_time(), []
    for block in audio.blocks():
        events += stream.push(block)
    factor = (time.process_time() - begin) / stream.seconds
    label = events[-1].label if events else "nothing"
    found = (
        f"{factor:.2%} of a core for live sound, an answer every {stream.interval_s:.2f} s; the "
        f"demo clip is {label!r} to it"
    )
    if factor >= _TOO_SLOW:
        return Finding(
            "speed", Verdict.FAULT, found, "take a smaller model, or a longer --interval"
        )
    if factor >= _SLOW:
        return Finding("speed", Verdict.WARNING, found, "a longer --interval would help")
    return Finding("speed", Verdict.OK, found)
