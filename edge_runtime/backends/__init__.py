"""What runs a network: LiteRT for ``.tflite``, ONNX Runtime for ``.onnx``, numpy for ``.npz``.

A backend takes normalised features as float32 and gives the network's outputs as float32;
it quantizes its inputs and outputs itself.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..model.file import ModelFile


class Backend(Protocol):
    """A network that is ready to run.

    Several threads may use one: where it has memory of its own, they take turns.
    """

    name: str
    """Which library runs it, with its version where it has one"""

    def run(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Outputs of a batch.

        Parameters
        ----------
        features : (n, frames, coefficients) float32

        Returns
        -------
        (n, classes) float32
            Logits or posteriors, as the manifest's ``output_kind`` says.
        """
        ...


def load(model: ModelFile, *, threads: int = 1) -> Backend:
    """The backend for a model file.

    Parameters
    ----------
    model : ModelFile
    threads : int
        Inference threads; one is best for small networks and kind to the rest of the device.

    Raises
    ------
    MissingExtraError
        If the library that runs this format is not installed.
    ModelFileError
        If the library refuses the network.
    """
    if model.manifest.weights.format == "tflite":
        from .litert import LiteRTBackend

        return LiteRTBackend(model, threads=threads)
    if model.manifest.weights.format == "numpy":
        from .numpy_executor import NumpyBackend

        return NumpyBackend(model, threads=threads)
    from .onnx import OnnxBackend

    return OnnxBackend(model, threads=threads)
