"""How much memory TFLM's tensor arena takes, found by running."""

from __future__ import annotations

import numpy as np

from edge_runtime.errors import ExportParityError
from edge_runtime.model.file import ModelFile

from .interpreter import MicroInterpreter

LARGEST_ARENA = 1 << 26
"""64 MiB: more than any microcontroller has"""

_STEP = 16
"""TFLM aligns its tensors to this many bytes."""


def smallest_arena(model: ModelFile) -> int:
    """Size of the smallest arena in which TFLM runs the network, bytes.

    Found by bisection: a window of zeros in TFLM's reference kernels, on a 64-bit machine.

    Raises
    ------
    ExportParityError
        If TFLM cannot run the network in any arena.
    """
    MicroInterpreter(model, LARGEST_ARENA)  # the error of what is not for want of memory
    too_small, enough = 0, LARGEST_ARENA // _STEP
    while enough - too_small > 1:
        middle = (too_small + enough) // 2
        if _runs(model, middle * _STEP):
            enough = middle
        else:
            too_small = middle
    return enough * _STEP


def _runs(model: ModelFile, arena_bytes: int) -> bool:
    silence = np.zeros((1, *model.manifest.input.shape[1:]), np.float32)
    try:
        MicroInterpreter(model, arena_bytes).run(silence)
    except ExportParityError:
        return False
    return True
