"""ONNX Runtime held to one thread."""

from __future__ import annotations

from typing import Any


def session(model: str) -> Any:
    """An ``InferenceSession`` on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
