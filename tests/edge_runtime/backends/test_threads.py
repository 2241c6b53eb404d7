"""``--threads`` reaches the library that runs the network."""

from __future__ import annotations

import contextlib
import sys
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edge_runtime.backends import litert, load, numpy_executor
from edge_runtime.backends.numpy_executor import NumpyBackend
from edge_runtime.model.file import read_model

MODEL = read_model("seed-cnn")


def tensors(form: str, name: str, shape: tuple[int, ...]) -> Any:
    """A model of a form, as far as its backend looks at it."""
    tensor = SimpleNamespace(name=name, shape=shape, dtype="float32")
    weights = SimpleNamespace(format=form)
    manifest = SimpleNamespace(input=tensor, output=tensor, weights=weights)
    return SimpleNamespace(source="m", network=b"", manifest=manifest)


@pytest.mark.parametrize("threads", [1, 3])
def test_litert_gets_the_number_of_threads(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    made: list[dict[str, Any]] = []
    real = litert.importlib.import_module("ai_edge_litert.interpreter").Interpreter

    def interpreter(**how: Any) -> Any:
        made.append(how)
        return real(**how)

    stand_in = SimpleNamespace(Interpreter=interpreter)
    monkeypatch.setattr(litert.importlib, "import_module", lambda _: stand_in)
    load(MODEL, threads=threads)
    assert [how["num_threads"] for how in made] == [threads]


@pytest.mark.parametrize("threads", [1, 3])
def test_onnx_runtime_gets_the_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    options = SimpleNamespace()
    node = SimpleNamespace(name="x", shape=[1, 3])
    session = SimpleNamespace(get_inputs=lambda: [node], get_outputs=lambda: [node])
    stand_in = SimpleNamespace(
        set_default_logger_severity=lambda _: None, SessionOptions=lambda: options,
        InferenceSession=lambda network, options, providers: session, __version__="1",
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "onnxruntime", stand_in)
    assert load(tensors("onnx", "x", (1, 3)), threads=threads).name == "onnxruntime 1"
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (threads, threads)


def test_numpys_products_are_held_to_the_number_of_threads_while_they_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[int] = []

    def limit(*, limits: int, noted: list[int] = limits) -> Any:
        noted.append(limits)
        return contextlib.nullcontext()

    monkeypatch.setattr(numpy_executor, "_blas", lambda: SimpleNamespace(limit=limit))
    backend = NumpyBackend.__new__(NumpyBackend)
    backend._input, backend._output = np.zeros((2, 2), np.float32), np.zeros(3, np.float32)
    backend._steps, backend._threads, backend._lock = (), 3, threading.Lock()
    assert backend.run(np.zeros((4, 2, 2), np.float32)).shape == (4, 3)
    assert limits == [3]
