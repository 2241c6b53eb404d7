"""Manifests and networks that are as small as they can be."""

from __future__ import annotations

import hashlib
from typing import Any

import onnx
from onnx import TensorProto, helper

from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.manifest import Manifest, TensorInfo, Weights

LABELS = ("blues", "jazz", "métal")

FAKE_TFLITE = b"\x1c\0\0\0TFL3" + bytes(range(256))
"""Has the identifier of a TFLite flatbuffer, and nothing else of one."""


def manifest_for(network: bytes, form: str = "tflite", **values: Any) -> Manifest:
    """A manifest that fits `network`; `values` replace its fields."""
    weights = Weights(
        format=form,
        quantization="none",
        bytes=len(network),
        sha256=hashlib.sha256(network).hexdigest(),
    )
    fields: dict[str, Any] = {
        "name": "tiny",
        "version": "1.2",
        "labels": LABELS,
        "front_end": FrontEndParams(n_mels=40, mean=(0.5,) * 13, std=(2.0,) * 13),
        "input": TensorInfo(name="features", shape=(1, 130, 13), dtype="float32"),
        "output": TensorInfo(name="logits", shape=(1, 3), dtype="int8", scale=0.25, zero_point=-3),
        "output_kind": "logits",
        "weights": weights,
        "training": {"data": "none", "epochs": 0},
        "metrics": {"accuracy": 0.5},
        "parity": {},
        "licence": "CC0-1.0",
        "attribution": "nobody – «nirgends»",
        "minimum_runtime": "0.1.0",
    }
    return Manifest(**{**fields, **values})


def tiny_onnx() -> bytes:
    """A real ONNX network: the identity."""
    shape = [1, 3]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "identity",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    entry = model.metadata_props.add()
    entry.key, entry.value = "made by", "a test"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
