"""The model: whether it loads and classifies, and what it costs."""

from __future__ import annotations

import time
import warnings

import numpy as np

from ..audio.file import DEMO_CLIP, open_audio
from ..classifier import Classifier
from ..errors import EdgeGenreError, ModelWarning
from ..sources import CHUNK_SECONDS
from ..stream.classifier_stream import ClassifierStream
from . import Finding, fault, ok, warning

_RATE = 48_000
"""Of most microphones, hertz"""
_SECONDS = 10.0
_BUSY, _TOO_BUSY = 0.5, 0.95
"""Shares of a core; other programs need some, too"""


def classifies(model: str | None) -> tuple[Finding, Classifier | None]:
    """Whether the model loads, and classifies the demo clip."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ModelWarning)
        try:
            classifier = Classifier(model)
            result = classifier.classify(DEMO_CLIP)
        except EdgeGenreError as error:
            found, _, remedy = str(error).rpartition("; ")
            if not found:
                found, remedy = remedy, "copy the model to this machine again"
            return fault("model", found, remedy), None
    manifest = classifier.manifest
    name = f"{manifest.name} {manifest.version} by {classifier.backend.name}"
    total = sum(result.posterior.values())
    if not abs(total - 1.0) < 1e-3:  # NaN, too
        return fault(
            "model",
            f"{name} does not work: its posteriors add up to {total:g}",
            "another runtime or model; please report it",
        ), None
    found = f"{name} finds {result.label} in the demo clip ({result.confidence:.0%})"
    for message in warned:
        if issubclass(message.category, ModelWarning):
            problem, _, remedy = str(message.message).rpartition("; ")
            return warning("model", f"{found}; {problem}", remedy), classifier
    return ok("model", found), classifier


def speed(classifier: Classifier) -> Finding:
    """What listening costs: all of it, as if a microphone sent 48 kHz."""
    clip = next(open_audio(DEMO_CLIP).blocks(_SECONDS))
    samples = np.resize((32767.0 * clip).astype(np.int16), (round(_SECONDS * _RATE), 1))
    step = round(CHUNK_SECONDS * _RATE)
    stream = ClassifierStream(classifier, rate=_RATE)
    cpu, wall, slowest, events = time.process_time(), time.perf_counter(), 0.0, 0
    for begin in range(0, len(samples), step):
        for event in stream.push(samples[begin : begin + step]):
            slowest = max(slowest, event.front_end_ms + event.inference_ms)
            events += 1
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    found = (
        f"listening takes {cpu / _SECONDS:.1%} of a core; {_SECONDS:g} s of sound took {wall:.2f} s"
        f" (real-time factor {wall / _SECONDS:.4f}), the slowest of {events} windows "
        f"{slowest:.0f} ms"
    )
    share = max(cpu, wall) / _SECONDS
    remedy = "a longer --interval, or the model tiny"
    if share >= _TOO_BUSY:
        return fault("speed", f"{found}: sound would be lost", remedy)
    return warning("speed", found, remedy) if share >= _BUSY else ok("speed", found)
