"""The kernels of a listener under pytest-benchmark, each beside a peer in the same run.

``make bench`` runs them and compares with the saved baseline of this machine, if there is one
(``pytest --benchmark-autosave`` keeps one under ``.benchmarks/``). What is asserted are ratios of
medians that were measured in turn, with room for a noisy machine; no time decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pytest_benchmark", reason="needs pip install pytest-benchmark")
librosa = pytest.importorskip("librosa", reason='needs pip install "edge-genre[train]"')

from benchmarks.timing import interleaved  # noqa: E402
from edge_runtime import Classifier, FrontEnd, FrontEndParams, StreamingFrontEnd  # noqa: E402
from edge_runtime.audio.resample import StreamResampler  # noqa: E402
from edge_runtime.decoder import Decoder, DecoderSettings  # noqa: E402

PARAMS = FrontEndParams()
RATE = PARAMS.sample_rate
SOUND = np.random.default_rng(5).uniform(-0.3, 0.3, 10 * RATE).astype(np.float32)
WINDOW = SOUND[: PARAMS.window_samples]


def ratio(ours: Callable[[], object], peer: Callable[[], object], rounds: int = 15) -> float:
    """How many times longer the peer takes, by medians of runs in turn."""
    times = interleaved({"ours": ours, "peer": peer}, rounds=rounds)
    return times["peer"] / times["ours"]


def librosa_mfcc(window: np.ndarray) -> Any:
    """What the student report did with a window."""
    return librosa.feature.mfcc(y=window, sr=RATE, n_mfcc=13, n_fft=2048, hop_length=512)


def test_mfcc_of_a_window(benchmark: Any) -> None:
    front_end = FrontEnd(PARAMS)
    benchmark(front_end, WINDOW)
    times = ratio(lambda: front_end(WINDOW), lambda: librosa_mfcc(WINDOW))
    benchmark.extra_info["peer takes"] = ["librosa.feature.mfcc", round(times, 2)]
    assert times > 2.0  # 3.5 when quiet


def test_mfcc_as_a_stream(benchmark: Any) -> None:
    interval = 16 * PARAMS.hop  # 87.6 % overlap

    def stream() -> int:
        front_end = StreamingFrontEnd(PARAMS, interval=interval)
        return sum(1 for _ in front_end.push(SOUND))

    def each_window() -> int:
        starts = range(0, len(SOUND) - PARAMS.window_samples + 1, interval)
        for start in starts:
            librosa_mfcc(SOUND[start : start + PARAMS.window_samples])
        return len(starts)

    assert benchmark(stream) == each_window()
    times = ratio(stream, each_window, rounds=5)
    benchmark.extra_info["peer takes"] = ["librosa.feature.mfcc, window by window", round(times, 2)]
    assert times > 6.0  # 12 when quiet


def test_resampling_a_second(benchmark: Any) -> None:
    second = np.random.default_rng(6).uniform(-0.3, 0.3, 48_000).astype(np.float32)
    resampler = StreamResampler(48_000, RATE)
    benchmark(resampler.push, second)
    slow = lambda: librosa.resample(second, orig_sr=48_000, target_sr=RATE, res_type="fft")  # noqa: E731
    times = ratio(lambda: resampler.push(second), slow)
    benchmark.extra_info["peer takes"] = ["librosa.resample, by one FFT", round(times, 2)]
    assert times > 0.5


@pytest.mark.parametrize("model", ["tiny", "base", "seed-cnn"])
def test_network_of_a_window(benchmark: Any, model: str) -> None:
    run = network(model)
    benchmark(run)
    if model != "base":
        times = ratio(run, network("base"))
        benchmark.extra_info["peer takes"] = ["base", round(times, 2)]
        assert times > 2.0


def network(model: str) -> Callable[[], object]:
    """A window's features through the network of a model."""
    classifier = Classifier(model)
    window = np.zeros(classifier.manifest.front_end.window_samples, np.float32)
    features = classifier.features(window)[np.newaxis]
    return lambda: classifier.backend.run(features)


def test_decoder_of_a_window(benchmark: Any) -> None:
    classifier = Classifier("tiny")
    decoder = Decoder(classifier.labels, DecoderSettings(), 3.0, classifier.ignored)
    posterior = np.full(len(classifier.labels), 1.0 / len(classifier.labels), np.float32)
    benchmark(decoder.decide, posterior, -20.0, 0.743)
