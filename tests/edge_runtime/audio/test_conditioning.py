"""Mixing down, faulty samples and levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_runtime.audio.conditioning import Conditioner, level_dbfs
from edge_runtime.errors import AudioFormatError

from ..sounds import noise


def test_channels_are_averaged():
    stereo = np.array([[0.5, -0.25], [1.0, 0.0], [0.25, 0.75]], np.float32)
    assert Conditioner(2)(stereo).tolist() == [0.125, 0.5, 0.5]


def test_a_flat_array_of_several_channels_is_interleaved():
    flat = np.array([0.5, -0.25, 1.0, 0.0], np.float64)
    assert Conditioner(2)(flat).tolist() == [0.125, 0.5]


def test_mono_passes_unchanged_flat_or_as_a_column():
    samples = np.array([0.5, -0.25, 0.125], np.float32)
    assert Conditioner(1)(samples).tolist() == samples.tolist()
    assert Conditioner(1)(samples[:, np.newaxis]).tolist() == samples.tolist()


@pytest.mark.parametrize("dtype", ["<i2", ">i2"])
def test_int16_has_full_scale_at_one(dtype):
    steps = np.array([-32768, 16384, 0, 32767], dtype)
    assert Conditioner(1)(steps).tolist() == [-1.0, 0.5, 0.0, 32767 / 32768]


@pytest.mark.filterwarnings("error")
def test_samples_that_are_no_sound_become_zero_and_are_counted():
    conditioner = Conditioner(2)
    faulty = np.array([[np.nan, 0.5], [np.inf, -np.inf], [1e300, 0.25], [0.5, 0.5]])
    assert conditioner(faulty).tolist() == [0.25, 0.0, 0.125, 0.5]
    assert conditioner.non_finite_samples == 4
    conditioner(np.array([[np.nan, 0.0]], np.float32))
    assert conditioner.non_finite_samples == 5


def test_clipped_samples_are_counted_from_the_largest_int16_on():
    conditioner = Conditioner(1)
    conditioner(np.array([32767, 32766, -32767, -32766, -32768, 0], np.int16))
    assert conditioner.clipped_samples == 3
    conditioner(np.array([1.0, -1.0, 0.99, 2.0], np.float32))
    assert conditioner.clipped_samples == 6


def test_the_caller_keeps_its_samples():
    samples = np.array([np.nan, 0.5], np.float32)
    out = Conditioner(1)(samples)
    out[:] = 7.0
    assert np.isnan(samples[0])
    assert samples[1] == 0.5


@pytest.mark.parametrize(("channels", "shape"), [(1, (0,)), (2, (0,)), (2, (0, 2)), (1, (0, 1))])
def test_no_samples_stay_no_samples(channels, shape):
    assert Conditioner(channels)(np.zeros(shape, np.float32)).shape == (0,)


@pytest.mark.parametrize(
    ("channels", "shape"), [(2, (5,)), (2, (4, 1)), (1, (4, 2)), (2, (2, 2, 2)), (1, ())]
)
def test_a_chunk_of_other_channels_is_refused(channels, shape):
    with pytest.raises(AudioFormatError, match=rf"{channels} channel"):
        Conditioner(channels)(np.zeros(shape, np.float32))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64", "bool", "complex64", "U3"])
def test_other_types_are_refused(dtype):
    with pytest.raises(AudioFormatError, match=r"give float .* or int16"):
        Conditioner(1)(np.zeros(4, dtype))


def test_what_is_no_array_is_refused():
    with pytest.raises(AudioFormatError, match="samples are a bytes, not a numpy array"):
        Conditioner(1)(b"\0\0")


@pytest.mark.parametrize("channels", [0, -1, 65])
def test_a_senseless_number_of_channels_is_refused(channels):
    with pytest.raises(AudioFormatError, match=f"{channels} channels"):
        Conditioner(channels)


@given(arrays(np.float32, st.tuples(st.integers(0, 50), st.just(3))))
def test_whatever_comes_in_what_goes_out_is_sound(samples):
    try:
        out = Conditioner(3)(samples)
    except AudioFormatError as error:
        assert "full scale" in str(error)
        assert np.nanmax(np.abs(samples)) > 10.0
        return
    assert out.shape == (len(samples),)
    assert np.isfinite(out).all()
    assert np.abs(out).max(initial=0.0) <= 100.0


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (np.tile([1.0, -1.0], 500), 0.0),
        (np.tile([0.1, -0.1], 500), -20.0),
        (np.tile([0.6, 0.4], 500), -20.0),
        (np.full(1000, 0.1), -120.0),
        (np.sin(np.linspace(0, 200 * np.pi, 100_000)), -3.01),
        (np.zeros(1000), -120.0),
        (np.zeros(0), -120.0),
        (np.full(1000, 1e-9), -120.0),
    ],
)
def test_the_level_is_the_rms_in_db_of_full_scale(samples, expected):
    assert level_dbfs(samples.astype(np.float32)) == pytest.approx(expected, abs=0.01)


def test_a_few_glitches_become_zeros():
    samples = noise(2205)
    samples[[5, 700]] = 3e4
    conditioner = Conditioner(1)
    cleaned = conditioner(samples)
    assert conditioner.non_finite_samples == 2
    assert cleaned[[5, 700]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("level", [1000.0, 20.0, 3.0])
def test_floats_of_another_scale_are_refused_not_misheard(level):
    samples = np.rint(noise(2205) / noise(2205).std() * np.float32(level))
    with pytest.raises(AudioFormatError, match="floats must have full scale at 1"):
        Conditioner(1)(samples)


def test_clipping_is_counted_in_any_channel():
    stereo = np.zeros((100, 2), np.float32)
    stereo[:7, 0] = 1.0
    conditioner = Conditioner(2)
    conditioner(stereo)
    assert conditioner.clipped_samples == 7


@pytest.mark.parametrize("size", [1, 16, 999, 5000])
def test_a_glitch_is_a_glitch_in_a_chunk_of_any_length(size):
    samples = noise(5000)
    samples[3] = 5e4
    conditioner = Conditioner(1)
    pieces = [conditioner(samples[at : at + size]) for at in range(0, 5000, size)]
    samples[3] = 0.0
    assert np.array_equal(np.concatenate(pieces), samples)
    assert conditioner.non_finite_samples == 1


def with_glitches(n, size, channels=1):
    """Noise in which the first `n` samples are 90 dB above full scale."""
    samples = noise(size * channels)
    samples[:n] = 3e4
    return samples.reshape(size, channels)


def test_one_sample_in_a_hundred_may_be_a_glitch_over_all_channels():
    conditioner = Conditioner(2)
    conditioner(with_glitches(20, 1000, channels=2))
    assert conditioner.non_finite_samples == 20
    with pytest.raises(AudioFormatError, match="samples reach 30000"):
        Conditioner(2)(with_glitches(21, 1000, channels=2))


def test_glitches_are_a_share_of_all_that_was_heard_not_of_their_chunk():
    conditioner = Conditioner(1)
    conditioner(noise(9000))
    conditioner(with_glitches(50, 1000))
    assert conditioner.non_finite_samples == 50
    with pytest.raises(AudioFormatError, match="full scale at 1"):
        Conditioner(1)(with_glitches(50, 1000))


def test_a_glitch_is_not_counted_as_clipped():
    conditioner = Conditioner(1)
    conditioner(np.array([3e4, 1.0, 0.0], np.float32))
    assert (conditioner.non_finite_samples, conditioner.clipped_samples) == (1, 1)


def test_sixty_four_channels_are_the_most():
    assert Conditioner(64)(np.full((3, 64), 0.5, np.float32)).tolist() == [0.5, 0.5, 0.5]
