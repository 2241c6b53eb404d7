"""Whether the network gives in TFLM what it gives in LiteRT."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime import backends
from edge_runtime.backends.litert import dequantize, quantize
from edge_runtime.classifier import softmax
from edge_runtime.errors import ExportParityError
from edge_runtime.model.file import ModelFile

from .interpreter import MicroInterpreter, interpreter_version

MINIMUM_AGREEMENT = 0.985
"""Share of windows with the same top label, below which nothing is written"""

MOST_WINDOWS = 1000
"""TFLM's reference kernels take 5 to 50 ms a window."""


@dataclass(frozen=True)
class Verification:
    """TFLM against LiteRT, both int8, on real windows.

    LiteRT has several sets of kernels. Its reference kernels define what an int8 operator gives,
    and TFLM's are written after them: against them a network must hold. XNNPACK, which LiteRT takes
    by default, rounds in other places; outputs are then some steps away, and the top label is
    another where two genres are nearly as likely.
    """

    n_windows: int
    agreement: float
    """Share of windows with the same top label as LiteRT's reference kernels give"""
    minimum_agreement: float
    max_posterior_difference: float
    """From LiteRT's reference kernels"""
    xnnpack_agreement: float
    """Share of windows with the same top label as ``edge-genre classify`` gives"""
    xnnpack_max_posterior_difference: float
    arena_bytes: int
    """The smallest arena in which TFLM ran the network; also the one of this comparison"""
    tflite_micro: str
    """Version of tflite-micro"""

    def to_json(self) -> str:
        """The text of ``verification.json``."""
        values = {
            name: round(value, 6) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        return json.dumps(values, indent=2) + "\n"


def verify(model: ModelFile, windows: npt.NDArray[np.float32], arena_bytes: int) -> Verification:
    """Run windows through the interpreters.

    Parameters
    ----------
    model : ModelFile
        int8, TFLite, giving logits.
    windows : (n, frames, coefficients) float32
        Normalised features of real sound; of very many, some are taken, evenly spaced.
    arena_bytes : int

    Raises
    ------
    ExportParityError
        If the top labels agree on less than `MINIMUM_AGREEMENT` of the windows.
    """
    if len(windows) > MOST_WINDOWS:
        windows = windows[np.linspace(0, len(windows) - 1, MOST_WINDOWS).astype(int)]
    temperature = np.float32(model.manifest.temperature)
    micro = softmax(MicroInterpreter(model, arena_bytes).run(windows) / temperature)
    reference = softmax(_reference(model, windows) / temperature)
    xnnpack = softmax(backends.load(model).run(windows) / temperature)
    found = Verification(
        n_windows=len(windows),
        agreement=_agreement(micro, reference),
        minimum_agreement=MINIMUM_AGREEMENT,
        max_posterior_difference=float(np.abs(micro - reference).max()),
        xnnpack_agreement=_agreement(micro, xnnpack),
        xnnpack_max_posterior_difference=float(np.abs(micro - xnnpack).max()),
        arena_bytes=arena_bytes,
        tflite_micro=interpreter_version(),
    )
    if found.agreement < MINIMUM_AGREEMENT:
        raise ExportParityError(
            f"in TensorFlow Lite Micro the network agrees with LiteRT's reference kernels on "
            f"{found.agreement:.1%} of {found.n_windows} validation windows; at least "
            f"{MINIMUM_AGREEMENT:.1%} is required; nothing was written"
        )
    return found


def _agreement(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    return float(np.mean(one.argmax(axis=1) == other.argmax(axis=1)))


def _reference(model: ModelFile, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Outputs by LiteRT's reference kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=model.network, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    (fed,), (read,) = interpreter.get_input_details(), interpreter.get_output_details()
    results = np.empty((len(windows), len(model.manifest.labels)), np.float32)
    for window, result in zip(windows, results, strict=True):
        tensor = quantize(window.reshape(model.manifest.input.shape), model.manifest.input)
        interpreter.set_tensor(fed["index"], tensor)
        interpreter.invoke()
        result[:] = dequantize(interpreter.get_tensor(read["index"])[0], model.manifest.output)
    return results
