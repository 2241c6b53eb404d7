"""Raw sample formats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.audio.pcm import PcmFormat

LITERALS = [
    ("U8", "00 80 ff c0", [-1.0, 0.0, 127 / 128, 0.5]),
    ("S16_LE", "0080 0000 ff7f 0040", [-1.0, 0.0, 32767 / 32768, 0.5]),
    ("S24_3LE", "000080 000000 ffff7f 000040", [-1.0, 0.0, 8388607 / 8388608, 0.5]),
    ("S32_LE", "00000080 00000000 00000040", [-1.0, 0.0, 0.5]),
    ("FLOAT_LE", "000080bf 00000000 0000003f", [-1.0, 0.0, 0.5]),
    ("FLOAT64_LE", "000000000000f0bf 000000000000e03f", [-1.0, 0.5]),
]


@pytest.mark.parametrize(("name", "stored", "expected"), LITERALS)
def test_samples_have_full_scale_at_one(name, stored, expected):
    samples = PcmFormat(name).decode(bytes.fromhex(stored))
    assert samples.dtype == np.float32
    assert samples.tolist() == np.float32(expected).tolist()


@pytest.mark.parametrize(
    ("name", "size"),
    [("U8", 1), ("S16_LE", 2), ("S24_3LE", 3), ("S32_LE", 4), ("FLOAT_LE", 4), ("FLOAT64_LE", 8)],
)
def test_a_sample_has_the_size_that_arecord_gives_it(name, size):
    assert PcmFormat(name).sample_bytes == size
    assert len(PcmFormat(name).decode(b"\0" * size * 5)) == 5


@given(st.integers(-(2**23), 2**23 - 1))
def test_every_24_bit_step_is_exact(step):
    stored = step.to_bytes(3, "little", signed=True)
    assert PcmFormat.S24_3LE.decode(stored)[0] == step / 2**23


@given(st.integers(-(2**15), 2**15 - 1))
def test_every_16_bit_step_is_exact(step):
    stored = step.to_bytes(2, "little", signed=True)
    assert PcmFormat.S16_LE.decode(stored)[0] == step / 2**15


@pytest.mark.parametrize("form", list(PcmFormat))
def test_no_bytes_are_no_samples(form):
    assert form.decode(b"").shape == (0,)


@pytest.mark.filterwarnings("error")
def test_a_double_too_large_for_float32_becomes_infinite():
    stored = np.array([1e300, -1e300, 1.0], "<f8").tobytes()
    assert PcmFormat.FLOAT64_LE.decode(stored).tolist() == [np.inf, -np.inf, 1.0]


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="S20_3LE"):
        PcmFormat("S20_3LE")
