"""Time of each stage of a listener: resampling, front end, network, decoder, and all together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import Classifier, ClassifierStream
from ..audio.conditioning import Conditioner
from ..audio.file import open_audio
from ..audio.resample import StreamResampler
from ..decoder import Decoder
from ..frontend import StreamingFrontEnd
from .machine import energy_joules, joules_since

SOURCE_RATE = 48_000
"""Of a usual USB microphone, hertz"""
CHUNK_SECONDS = 0.1


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile and maximum, milliseconds."""
    values = 1e3 * np.array(seconds)
    median, p95, p99 = np.percentile(values, [50, 95, 99])
    return {
        "n": len(seconds),
        "median_ms": round(float(median), 4),
        "p95_ms": round(float(p95), 4),
        "p99_ms": round(float(p99), 4),
        "max_ms": round(float(values.max()), 4),
    }


def timed(calls: Iterator[Callable[[], object]]) -> dict[str, float]:
    """Spread of the times of calls, each once."""
    seconds = []
    for call in calls:
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return spread(seconds)


def demo_sound(rate: int = SOURCE_RATE) -> npt.NDArray[np.float32]:
    """The demo clip, mono, at a rate."""
    audio = open_audio("demo")
    resampler = StreamResampler(audio.rate, rate)
    conditioner = Conditioner(audio.channels)
    mono = np.concatenate([conditioner(block) for block in audio.blocks()])
    return np.concatenate([resampler.push(mono), resampler.push(mono[:0], last=True)])


def measure_stages(
    model: str | Path | None, threads: tuple[int, ...], rounds: int
) -> dict[str, Any]:
    """Spread of each stage's time for one window, by stage; the network by threads.

    Parameters
    ----------
    model : str, Path or None
        As `Classifier` takes it.
    threads : tuple of int
        Inference threads that are tried.
    rounds : int
        How often the demo clip passes each stage.
    """
    classifier = Classifier(model)
    params, settings = classifier.manifest.front_end, classifier.manifest.decoder
    sound = demo_sound()
    second = np.split(sound[: len(sound) // SOURCE_RATE * SOURCE_RATE], len(sound) // SOURCE_RATE)

    def resampled() -> Iterator[Callable[[], object]]:
        resampler = StreamResampler(SOURCE_RATE, params.sample_rate)
        for _ in range(rounds):
            for piece in second:
                yield lambda piece=piece: resampler.push(piece)  # type: ignore[misc]

    frames = max(1, round(settings.interval_s / params.hop_seconds))
    native = demo_sound(params.sample_rate)
    front_end = StreamingFrontEnd(params, interval=frames * params.hop)
    front_end_times, features = [], []
    for _ in range(rounds):
        windows = front_end.push(native)
        while True:
            begin = time.perf_counter()
            window = next(windows, None)
            if window is None:
                break
            # The second front end, where there is one, is a part of the first's work.
            rows = classifier.model_input.complete(window.features, window.samples)
            front_end_times.append(time.perf_counter() - begin)
            features.append(rows[np.newaxis].copy())
    networks = {}
    for count in threads:
        backend = Classifier(model, threads=count).backend
        backend.run(features[0])
        networks[str(count)] = timed(
            lambda one=one, backend=backend: backend.run(one)  # type: ignore[misc]
            for one in features
        )
    posteriors = [classifier.posteriors(one)[0] for one in features]
    decoder = Decoder(classifier.labels, settings, params.window_seconds, classifier.ignored)
    decoded = timed(
        lambda one=one: decoder.update(one, -20.0, settings.interval_s)  # type: ignore[misc]
        for one in posteriors
    )
    return {
        "resample_second": timed(resampled()),
        "front_end_window": spread(front_end_times),
        "network_window_by_threads": networks,
        "decoder_window": decoded,
        "backend": classifier.backend.name,
    }


def measure_pipeline(model: str | Path | None, rounds: int) -> dict[str, float | None]:
    """CPU and wall seconds for a second of sound, all stages together, at the model's interval.

    And the energy that the processor took meanwhile, where the kernel reports it: that of the whole
    package, with all that other programs did.
    """
    stream = ClassifierStream(Classifier(model), rate=SOURCE_RATE)
    sound = (demo_sound() * 32767.0).astype(np.int16)
    chunk = round(CHUNK_SECONDS * SOURCE_RATE)
    seconds = len(sound) / SOURCE_RATE
    cpu, wall = [], []
    energy = energy_joules()
    for _ in range(rounds):
        cpu_begin, begin = time.process_time(), time.perf_counter()
        for first in range(0, len(sound), chunk):
            stream.push(sound[first : first + chunk])
        cpu.append((time.process_time() - cpu_begin) / seconds)
        wall.append((time.perf_counter() - begin) / seconds)
    joules = joules_since(energy)
    return {
        "interval_s": round(stream.interval_s, 4),
        "cpu_s_per_s": round(float(np.median(cpu)), 6),
        "real_time_factor": round(float(np.median(wall)), 6),
        "worst_real_time_factor": round(max(wall), 6),
        "joules_per_s": None if joules is None else round(joules / (rounds * seconds), 6),
    }
