"""One classifier in several threads, as a web service has it; streams that two threads want."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_runtime import Classifier, ClassifierStream, FrontEnd, FrontEndParams, StreamingFrontEnd
from edge_runtime.audio.file import DEMO_CLIP, open_audio
from edge_runtime.backends.numpy_ops.graph import Graph, Layer, write_graph
from edge_runtime.errors import ParameterError, StreamUseError
from edge_runtime.model.file import ModelFile
from edge_runtime.model.manifest import TensorInfo

from .manifests import manifest_for
from .sounds import RATE, noise

THREADS, CLIPS = 8, 200
WEIGHTS = np.random.default_rng(5).normal(size=(130 * 13, 3)).astype(np.float32) / 100

Clips = list[npt.NDArray[np.float32]]


@pytest.fixture(autouse=True)
def _hasty_threads() -> Iterator[None]:
    """Threads that are interrupted a hundred times as often as by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 100)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def clips() -> Clips:
    """Short cuts of the demo clip, each at its own level."""
    samples = np.concatenate([block[:, 0] for block in open_audio(DEMO_CLIP).blocks()])
    generator = np.random.default_rng(0)
    starts = generator.integers(0, len(samples) - 3 * RATE, CLIPS)
    return [
        samples[start : start + int(RATE * generator.uniform(1, 3))] * generator.uniform(0.1, 1)
        for start in starts
    ]


def in_threads(work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """``work`` of each item, in the order of the items."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def tensors() -> dict[str, TensorInfo]:
    return {
        "input": TensorInfo(name="features", shape=(-1, 130, 13), dtype="float32"),
        "output": TensorInfo(name="logits", shape=(-1, 3), dtype="float32"),
    }


def numpy_model() -> ModelFile:
    pool = Layer(op="global_average_pool", name="pool", inputs=("features",))
    dense = Layer(op="dense", name="logits", inputs=("pool",), weights=("kernel",))
    graph = Graph(input="features", output="logits", layers=(pool, dense))
    content = write_graph(graph, {"logits/kernel": 30 * WEIGHTS[:1]})
    features = TensorInfo(name="features", shape=(-1, 130, 13, 1), dtype="float32")
    shaped = {**tensors(), "input": features}
    return ModelFile("numpy", manifest_for(content, "numpy", **shaped), content)


def onnx_model() -> ModelFile:
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["features"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        ],
        "dense",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 130, 13])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    opsets = [helper.make_opsetid("", 13)]
    content = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    onnx.checker.check_model(content)
    return ModelFile("onnx", manifest_for(content, "onnx", **tensors()), content)


MODELS: dict[str, Callable[[], Any]] = {
    "litert": lambda: "seed-cnn",
    "onnx": onnx_model,
    "numpy": numpy_model,
}


@pytest.mark.parametrize("model", MODELS)
def test_a_classifier_in_eight_threads_gives_the_labels_of_one(clips: Clips, model: str) -> None:
    classifier = Classifier(MODELS[model]())

    def classify(clip: npt.NDArray[np.float32]) -> dict[str, float]:
        return classifier.classify(clip, rate=RATE).posterior

    alone = [classify(clip) for clip in clips]
    assert len({tuple(posterior.values()) for posterior in alone}) > CLIPS / 2  # they do differ
    assert in_threads(classify, clips) == alone


@pytest.mark.parametrize("model", MODELS)
def test_a_network_in_eight_threads_gives_the_posteriors_of_one(model: str) -> None:
    classifier = Classifier(MODELS[model]())
    features = np.random.default_rng(1).normal(size=(CLIPS, 1, 130, 13)).astype(np.float32)
    alone = [classifier.posteriors(window) for window in features]
    np.testing.assert_array_equal(in_threads(classifier.posteriors, features), alone)


def test_a_front_end_in_eight_threads_gives_the_features_of_one(clips: Clips) -> None:
    front_end = FrontEnd(FrontEndParams(window_samples=RATE))
    windows = [clip[:RATE] for clip in clips]
    alone = [front_end(window) for window in windows]
    np.testing.assert_array_equal(in_threads(front_end, windows), alone)


def test_streams_of_several_threads_share_a_classifier(clips: Clips) -> None:
    classifier = Classifier("seed-cnn")
    sounds = [np.concatenate(clips[first : first + 4]) for first in range(0, 64, 4)]

    def listen(sound: npt.NDArray[np.float32]) -> list[dict[str, float]]:
        stream = ClassifierStream(classifier, rate=RATE)
        return [event.raw_posterior for event in [*stream.push(sound), *stream.finish()]]

    alone = [listen(sound) for sound in sounds]
    assert in_threads(listen, sounds) == alone


def test_a_stream_that_a_second_thread_calls_at_work_raises(clips: Clips) -> None:
    second: list[Exception] = []

    def call(samples: npt.NDArray[np.float32], clock: int) -> None:
        def other() -> None:
            for use in (
                lambda: stream.push(noise(100)),
                lambda: stream.resume(missing_s=1.0),
                lambda: stream.change_model(classifier),
                stream.finish,
            ):
                try:
                    use()
                except StreamUseError as error:
                    second.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(30)

    classifier = Classifier("seed-cnn")
    stream = ClassifierStream(classifier, rate=RATE, on_window=call)
    untouched = ClassifierStream(classifier, rate=RATE)
    sound = np.concatenate(clips[:3])
    events = [*stream.push(sound), *stream.finish()]
    expected = [*untouched.push(sound), *untouched.finish()]
    assert len(second) == 4 * len(events)
    assert str(second[0]).startswith("this ClassifierStream was called while it was at work, by")
    assert [event.posterior for event in events] == [event.posterior for event in expected]


def test_a_stream_may_be_handed_from_thread_to_thread(clips: Clips) -> None:
    stream = ClassifierStream(Classifier("seed-cnn"), rate=RATE)
    thread = threading.Thread(target=stream.push, args=(clips[0],))
    thread.start()
    thread.join(30)
    assert stream.seconds == pytest.approx(len(clips[0]) / RATE)
    assert stream.finish()


def test_a_finished_stream_raises_the_same_error() -> None:
    stream = ClassifierStream(Classifier("seed-cnn"), rate=RATE)
    stream.finish()
    with pytest.raises(StreamUseError, match=r"^this stream was finished"):
        stream.push(noise(100))
    assert issubclass(StreamUseError, ParameterError)


def test_a_streaming_front_end_that_is_called_at_work_raises(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    params = FrontEndParams(window_samples=RATE)
    stream = StreamingFrontEnd(params, interval=params.hop)
    window = stream._window
    second: list[StreamUseError] = []

    def with_a_second(samples: npt.NDArray[np.float32], energy: float) -> Any:
        with pytest.raises(StreamUseError) as refused:
            stream.push(noise(100))
        second.append(refused.value)
        return window(samples, energy)

    monkeypatch.setattr(stream, "_window", with_a_second)
    (only,) = stream.push(noise(RATE))
    assert second
    np.testing.assert_array_equal(only.features, FrontEnd(params)(noise(RATE)))
