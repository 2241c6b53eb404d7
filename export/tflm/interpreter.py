"""TensorFlow Lite Micro's own interpreter, on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from edge_runtime.backends.litert import dequantize, quantize
from edge_runtime.errors import ExportParityError, MissingExtraError
from edge_runtime.model.file import ModelFile

EXTRA = "tflm"


def require() -> None:
    """Refuse to begin without the interpreter.

    Raises
    ------
    MissingExtraError
        If tflite-micro is not installed (it has wheels for Linux on x86-64 only).
    """
    _runtime()


class MicroInterpreter:
    """A network in TFLM, with an arena of a given size.

    Parameters
    ----------
    model : ModelFile
        int8, TFLite.
    arena_bytes : int

    Raises
    ------
    ExportParityError
        If TFLM cannot run it: an operator that it does not have, or an arena that is too small.
    """

    def __init__(self, model: ModelFile, arena_bytes: int) -> None:
        self._input, self._output = model.manifest.input, model.manifest.output
        with _native_messages() as messages:
            try:
                self._interpreter = _runtime().Interpreter.from_bytes(
                    model.network, arena_size=arena_bytes
                )
            except RuntimeError as error:
                messages.seek(0)
                # TFLM prints the reason; its exception only states that there is one.
                reason = messages.read().decode(errors="replace") or str(error)
                raise ExportParityError(
                    f"TensorFlow Lite Micro cannot run the network in {arena_bytes:,} bytes: "
                    f"{' '.join(reason.split())[:200]}"
                ) from None

    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Outputs of a batch, one window at a time; see `edge_runtime.backends.Backend.run`."""
        results = np.empty((len(features), self._output.shape[-1]), np.float32)
        for window, result in zip(features, results, strict=True):
            tensor = quantize(window.reshape(self._input.shape), self._input)
            self._interpreter.set_input(tensor, 0)
            self._interpreter.invoke()
            result[:] = dequantize(self._interpreter.get_output(0)[0], self._output)
        return results


def interpreter_version() -> str:
    """Version of tflite-micro."""
    try:
        return version("tflite-micro")
    except PackageNotFoundError:  # unpacked beside the interpreter, as in a firmware tree
        return "unknown"


@contextmanager
def _native_messages() -> Iterator[IO[bytes]]:
    """A file with what native code prints on stderr inside."""
    with tempfile.TemporaryFile() as messages:
        saved = os.dup(2)
        os.dup2(messages.fileno(), 2)
        try:
            yield messages
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _runtime() -> Any:
    try:
        from tflite_micro.python.tflite_micro import runtime
    except ImportError:
        raise MissingExtraError(
            "--format tflm checks the network in TensorFlow Lite Micro (Linux on x86-64), which",
            EXTRA,
        ) from None
    return runtime
