"""What LiteRT's tensors hold for real values, and what real values they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.backends.litert import dequantize, quantize
from edge_runtime.model.manifest import TensorInfo


def tensor(dtype: str, scale: float | None = None, zero_point: int | None = None) -> TensorInfo:
    return TensorInfo(name="x", shape=(1, 4), dtype=dtype, scale=scale, zero_point=zero_point)


def quantized(values: list[float], info: TensorInfo) -> list[int]:
    found = quantize(np.array(values, np.float32), info)
    assert found.dtype == info.dtype
    return [int(value) for value in found]


def test_values_become_whole_steps_from_the_zero_point() -> None:
    info = tensor("int8", scale=0.25, zero_point=-3)
    assert quantized([0.0, 0.25, -0.25, 1.0, 5.0], info) == [-3, -2, -4, 1, 17]
    assert quantized([0.1, 0.2, -0.1, -0.2], info) == [-3, -2, -3, -4]


def test_halves_go_to_the_even_step_before_the_zero_point_is_added() -> None:
    values = [0.25, 0.75, 1.25, -0.25, -0.75, -1.25]  # 0.5, 1.5, 2.5 steps, and below 0
    assert quantized(values, tensor("int8", scale=0.5, zero_point=0)) == [0, 2, 2, 0, -2, -2]
    assert quantized(values, tensor("int8", scale=0.5, zero_point=1)) == [1, 3, 3, 1, -1, -1]


@pytest.mark.parametrize(
    ("dtype", "zero_point", "lowest", "highest"),
    [("int8", 5, -128, 127), ("uint8", 100, 0, 255), ("int16", 0, -32768, 32767)],
)
def test_values_out_of_range_saturate_at_both_ends(
    dtype: str, zero_point: int, lowest: int, highest: int
) -> None:
    info = tensor(dtype, scale=1.0, zero_point=zero_point)
    inside = [float(lowest - zero_point), float(highest - zero_point)]
    assert quantized(inside, info) == [lowest, highest]
    beyond = [inside[0] - 1.0, inside[1] + 1.0, -1e30, 1e30, -np.inf, np.inf]
    assert quantized(beyond, info) == [lowest, highest] * 3


def test_steps_stand_for_their_distance_from_the_zero_point() -> None:
    info = tensor("int8", scale=0.25, zero_point=-3)
    real = dequantize(np.array([-128, -3, -2, 127], np.int8), info)
    assert real.dtype == np.float32
    assert real.tolist() == [-31.25, 0.0, 0.25, 32.5]
    wide = tensor("uint8", scale=0.5, zero_point=128)
    assert dequantize(np.array([0, 128, 255], np.uint8), wide).tolist() == [-64.0, 0.0, 63.5]


def test_a_float_tensor_holds_the_values_themselves() -> None:
    values = np.array([-1e30, 0.3, 1e30], np.float32)
    info = tensor("float32")
    assert quantize(values, info).tobytes() == values.tobytes()
    assert dequantize(values, info).tobytes() == values.tobytes()
