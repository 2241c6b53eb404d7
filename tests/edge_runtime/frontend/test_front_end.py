"""The front end against librosa, and against itself."""

import dataclasses
import os
import platform
import subprocess
import sys

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams
from edge_runtime.frontend.log_mel import LogMelKernel
from edge_runtime.frontend.mel import mel_filterbank

from ..sounds import RATE, noise

SEED = PRESETS["seed-mfcc13"]
N = SEED.window_samples
TIME = np.arange(N) / RATE

SIGNALS = {
    "noise": noise(N),
    "silence": np.zeros(N),
    "sine": 0.5 * np.sin(2 * np.pi * 440.0 * TIME),
    "impulse": np.eye(1, N, 30_000)[0],
    "clipped": np.clip(noise(N, scale=3.0), -1.0, 1.0),
    "very quiet": noise(N, scale=1e-6),
    "loud": noise(N, scale=8.0),
    "half silent": np.where(TIME < 1.5, 0.0, noise(N)),
    "constant": np.ones(N),
}


def seed_mfcc(samples):
    return librosa.feature.mfcc(y=samples, sr=22050, n_mfcc=13).T


@pytest.mark.parametrize("name", SIGNALS)
def test_seed_mfccs_equal_librosas(name):
    samples = SIGNALS[name].astype(np.float32)
    found = FrontEnd(SEED)(samples)
    assert found.shape == (130, 13)
    assert found.dtype == np.float32
    assert np.abs(found - seed_mfcc(samples)).max() <= 5e-4


def test_seed_mfccs_equal_librosas_on_music(gtzan_clips):
    front_end = FrontEnd(SEED)
    for clip in gtzan_clips:
        samples, rate = soundfile.read(clip, dtype="float32", start=10 * RATE, frames=N)
        assert rate == RATE
        assert np.abs(front_end(samples) - seed_mfcc(samples)).max() <= 5e-4, clip.name


BANKS = [
    {"sample_rate": 22050, "n_fft": 2048, "n_mels": 128, "fmin": 0.0, "fmax": None},
    {"sample_rate": 22050, "n_fft": 2048, "n_mels": 128, "fmin": 0.0, "fmax": 8000.0},
    {"sample_rate": 16000, "n_fft": 512, "n_mels": 40, "fmin": 20.0, "fmax": 7600.0},
    {"sample_rate": 16000, "n_fft": 1024, "n_mels": 64, "fmin": 125.0, "fmax": 7500.0},
    {"sample_rate": 44100, "n_fft": 4096, "n_mels": 96, "fmin": 30.0, "fmax": 16000.0},
    {"sample_rate": 8000, "n_fft": 256, "n_mels": 1, "fmin": 300.0, "fmax": 3400.0},
]


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("norm", ["slaney", None])
@pytest.mark.parametrize("bank", BANKS)
def test_mel_filterbank_equals_librosas_bit_for_bit(bank, scale, norm):
    found = mel_filterbank(
        FrontEndParams(kind="log_mel", hop=100, mel_scale=scale, mel_norm=norm, **bank)
    )
    expected = librosa.filters.mel(
        sr=bank["sample_rate"], n_fft=bank["n_fft"], n_mels=bank["n_mels"], fmin=bank["fmin"],
        fmax=bank["fmax"], htk=scale == "htk", norm=norm,
    )  # fmt: skip
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


LOG_MEL = {
    "defaults": {},
    "hop of a third": {"hop": 683},
    "reflect": {"padding": "reflect"},
    "no padding": {"padding": "none"},
    "hamming": {"window": "hamming"},
    "boxcar": {"window": "boxcar"},
    "all of the range": {"top_db": None},
    "40 dB": {"top_db": 40.0},
    "high floor": {"log_floor": 1e-5},
    "htk, no norm": {"mel_scale": "htk", "mel_norm": None, "fmin": 60.0, "fmax": 9000.0},
    "small frames": {"n_fft": 512, "hop": 160, "n_mels": 40, "fmin": 20.0},
    "n_fft of 1000": {"n_fft": 1000, "hop": 250, "n_mels": 33},
    "odd n_fft": {"n_fft": 1023, "hop": 256, "n_mels": 33},
    "short window": {"win_length": 1411},
    "blackman": {"window": "blackman"},
    "window no multiple of hop": {"window_samples": 20_001, "n_mels": 64},
    "one frame": {"window_samples": 2048, "padding": "none", "hop": 2048},
}


@pytest.mark.parametrize("name", LOG_MEL)
def test_log_mel_equals_librosas(name):
    params = FrontEndParams(kind="log_mel", **LOG_MEL[name])
    samples = noise(params.window_samples, seed=1)
    power = librosa.feature.melspectrogram(
        y=samples, sr=params.sample_rate, n_fft=params.n_fft, hop_length=params.hop,
        win_length=params.win_length, window=params.window, center=params.padding != "none",
        pad_mode="constant" if params.padding == "none" else params.padding,
        n_mels=params.n_mels, fmin=params.fmin, fmax=params.fmax,
        htk=params.mel_scale == "htk", norm=params.mel_norm,
    )  # fmt: skip
    expected = librosa.power_to_db(power, amin=params.log_floor, top_db=params.top_db).T
    found = FrontEnd(params)(samples)
    assert found.shape == expected.shape == (params.n_frames, params.n_mels)
    assert np.abs(found - expected).max() <= 5e-5


def musicnn_log_mel(samples):
    mel = librosa.feature.melspectrogram(
        y=samples, sr=16000, n_fft=512, hop_length=256, n_mels=96, center=False
    )
    return np.log10(1 + 10000 * mel).T


@pytest.mark.parametrize("name", SIGNALS)
def test_musicnns_input_equals_librosas(name):
    samples = SIGNALS[name][:48128].astype(np.float32)
    found = FrontEnd(PRESETS["musicnn96"])(samples)
    assert found.shape == (187, 96)
    assert np.abs(found - musicnn_log_mel(samples)).max() <= 1e-4


def test_musicnns_input_equals_librosas_on_music(gtzan_clips):
    front_end = FrontEnd(PRESETS["musicnn96"])
    for clip in gtzan_clips:
        # At another pitch; it is music all the same.
        samples, _ = soundfile.read(clip, dtype="float32", start=10 * RATE, frames=48128)
        assert np.abs(front_end(samples) - musicnn_log_mel(samples)).max() <= 1e-4, clip.name


def tensorflows_mel(params):
    """As the original makes it: (n_mels, bins) float64."""
    import tensorflow as tf

    weights = tf.signal.linear_to_mel_weight_matrix(
        params.n_mels, params.n_fft // 2 + 1, params.sample_rate, params.fmin, params.upper_hz,
        dtype=tf.float64,
    )  # fmt: skip
    return weights.numpy().T


def test_triangles_over_mel_are_tensorflows():
    params = PRESETS["yamnet64"]
    for other in (
        params,
        dataclasses.replace(params, n_fft=1024, win_length=None, n_mels=96, fmin=20.0, fmax=None),
        dataclasses.replace(params, sample_rate=44100, n_fft=2048, n_mels=40, fmax=16000.0),
    ):
        np.testing.assert_allclose(mel_filterbank(other), tensorflows_mel(other), atol=1e-6)
    straight = mel_filterbank(dataclasses.replace(params, mel_triangles="hertz"))
    assert np.abs(straight - tensorflows_mel(params)).max() > 1e-3


@pytest.mark.parametrize("name", SIGNALS)
def test_yamnets_input_equals_tensorflows(name):
    import tensorflow as tf

    params = PRESETS["yamnet64"]
    samples = np.resize(SIGNALS[name], params.window_samples).astype(np.float32)
    # TensorFlow has a short window at the beginning of the frame, not in its middle.
    begin = (params.n_fft - params.win_length) // 2
    frames = tf.signal.stft(
        tf.constant(samples[begin:], tf.float64), params.win_length, params.hop, params.n_fft
    )
    magnitude = tf.abs(frames).numpy()[: params.n_frames]
    expected = np.log(magnitude @ tensorflows_mel(params).T + 0.001)
    found = FrontEnd(params)(samples)
    assert found.shape == expected.shape == (288, 64)
    assert np.abs(found - expected).max() <= 1e-5


@given(
    sizes=st.lists(st.integers(1, 70), min_size=1, max_size=6),
    n_fft=st.sampled_from([256, 500, 2048]),
    seed=st.integers(0, 99),
)
def test_a_row_depends_on_its_own_frame_only(sizes, n_fft, seed):
    params = FrontEndParams(kind="log_mel", n_fft=n_fft, hop=n_fft // 2, n_mels=24)
    frames = noise(sum(sizes) * n_fft, seed=seed).reshape(-1, n_fft)
    together = np.zeros((len(frames), 24), np.float32)
    LogMelKernel(params)(frames, together)

    kernel, grouped = LogMelKernel(params), np.zeros_like(together)
    first = 0
    for size in sizes:
        kernel(frames[first : first + size], grouped[first : first + size])
        first += size
    assert np.array_equal(together, grouped)


_ROWS_TOGETHER_AND_ALONE = """
import numpy as np
from edge_runtime.frontend import PRESETS
from edge_runtime.frontend.log_mel import LogMelKernel
frames = np.random.default_rng(7).standard_normal((90, 2048)).astype(np.float32)
for name in ("seed-mfcc13", "musicnn96", "yamnet64"):
    kernel = LogMelKernel(PRESETS[name])
    rows = frames[:, : PRESETS[name].n_fft]
    together, alone = (np.zeros((90, PRESETS[name].n_mels), np.float32) for _ in range(2))
    kernel(rows, together)
    for first in range(0, 90, 5):
        kernel(rows[first : first + 5], alone[first : first + 5])
    assert np.array_equal(together, alone), name
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="OpenBLAS's kernels of x86-64")
@pytest.mark.parametrize("kernel", ["Haswell", "Nehalem"])
def test_a_row_depends_on_its_own_frame_only_with_the_kernels_of_older_processors(kernel):
    # The AVX2 kernel rounds a row as its place in the product has it, the AVX-512 one does not.
    subprocess.run(
        [sys.executable, "-c", _ROWS_TOGETHER_AND_ALONE],
        env=os.environ | {"OPENBLAS_CORETYPE": kernel},
        check=True,
    )


def test_an_instance_keeps_nothing_of_the_window_before():
    front_end = FrontEnd(SEED)
    first = front_end(SIGNALS["sine"])
    kept = first.copy()
    front_end(SIGNALS["loud"])
    assert np.array_equal(first, kept)
    assert np.array_equal(front_end(SIGNALS["sine"]), kept)


def test_a_window_may_have_any_float_type_byte_order_and_stride():
    samples = noise(N)
    expected = FrontEnd(SEED)(samples)
    read_only = samples.copy()
    read_only.flags.writeable = False
    strided = np.zeros((N, 3), np.float32)
    strided[:, 1] = samples
    forms = {
        "float64": samples.astype(np.float64),
        "big-endian": samples.astype(">f4"),
        "read-only": read_only,
        "strided": strided[:, 1],
        "reversed": samples[::-1].copy()[::-1],
    }
    for name, form in forms.items():
        assert np.array_equal(FrontEnd(SEED)(form), expected), name
    assert np.abs(FrontEnd(SEED)(samples.astype(np.float16)) - expected).max() < 1.0


@pytest.mark.parametrize("dtype", ["<i2", ">i2"])
def test_int16_is_taken_at_full_scale(dtype):
    steps = np.random.default_rng(3).integers(-32768, 32768, N)
    expected = FrontEnd(SEED)((steps / 32768.0).astype(np.float32))
    assert np.array_equal(FrontEnd(SEED)(steps.astype(dtype)), expected)


@pytest.mark.parametrize("square", [1.0, 0.5])
def test_floats_that_happen_to_be_whole_numbers_are_sound(square):
    samples = (square * np.sign(np.sin(2 * np.pi * 100 * TIME))).astype(np.float32)
    assert np.abs(FrontEnd(SEED)(samples) - seed_mfcc(samples)).max() <= 5e-4
    FrontEnd(SEED)(np.float32(3.7) * samples)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "uint16", "bool", "complex64"])
def test_other_types_are_refused(dtype):
    with pytest.raises(ParameterError, match=f"window has dtype {dtype}"):
        FrontEnd(SEED)(np.zeros(N, dtype))


def test_a_list_is_refused():
    with pytest.raises(ParameterError, match="window is a list"):
        FrontEnd(SEED)([0.0] * N)


@pytest.mark.parametrize("shape", [(N - 1,), (N + 1,), (0,), (1, N), (N, 1)])
def test_another_length_is_refused(shape):
    with pytest.raises(ParameterError, match=r"must be \(66150,\)"):
        FrontEnd(SEED)(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("position", [0, 40_000, N - 1])
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_samples_that_are_not_finite_are_refused(value, position):
    samples = noise(N)
    samples[position] = value
    with pytest.raises(ParameterError, match="NaN or infinity"):
        FrontEnd(SEED)(samples)


@pytest.mark.filterwarnings("error")
def test_a_refusal_comes_without_a_numpy_warning():
    for value in (1e30, 1e300):
        with pytest.raises(ParameterError):
            FrontEnd(SEED)(np.full(N, value))


@pytest.mark.parametrize("kind", ["mfcc", "log_mel"])
def test_mean_and_std_are_applied_to_each_coefficient(kind):
    plain = FrontEndParams(kind=kind, n_mels=40)
    mean = tuple(np.linspace(-20.0, 5.0, plain.n_coefficients))
    std = tuple(np.linspace(0.5, 9.0, plain.n_coefficients))
    params = dataclasses.replace(plain, mean=mean, std=std)
    expected = (FrontEnd(plain)(noise(N)) - np.asarray(mean)) / np.asarray(std)
    assert np.allclose(FrontEnd(params)(noise(N)), expected, rtol=1e-5, atol=1e-4)


BAD_PARAMETERS = {
    "kind": {"kind": "plp"},
    "window": {"window": "hanning"},
    "mel_scale": {"mel_scale": "bark"},
    "mel_norm": {"mel_norm": "l1"},
    "mel_triangles": {"mel_triangles": "bark"},
    "power": {"power": 1.5},
    "padding": {"padding": "edge"},
    "sample_rate": {"sample_rate": 0},
    "n_fft": {"n_fft": 15},
    "win_length": {"win_length": 2049},
    "hop": {"hop": 0},
    "window_samples": {"window_samples": 2047},
    "n_mels": {"n_mels": 0},
    "fmax": {"fmax": 11025.1},
    "fmin": {"fmin": -1.0},
    "n_mfcc": {"n_mfcc": 129},
    "log_floor": {"log_floor": 0.0},
    "top_db": {"top_db": 0.0},
    "log_gain": {"kind": "log_mel", "top_db": None, "log_gain": 0.5},
    "log_offset": {"kind": "log_mel", "top_db": None, "log_offset": 0.0},
    "level_db": {"kind": "log_mel", "top_db": None, "log_gain": 1e4, "level_db": 61.0},
    "mean": {"mean": (0.0,) * 12, "std": (1.0,) * 13},
    "std": {"mean": (0.0,) * 13, "std": (1.0,) * 12 + (0.0,)},
}


@pytest.mark.parametrize("name", BAD_PARAMETERS)
def test_a_bad_parameter_is_named(name):
    with pytest.raises(ParameterError, match=rf"\b{name}\b") as caught:
        FrontEndParams(**BAD_PARAMETERS[name])
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "values",
    [
        {"hop": 4096},
        {"n_fft": 131_072},
        {"fmin": 9000.0, "fmax": 8000.0},
        {"fmax": float("nan")},
        {"top_db": float("nan")},
        {"log_floor": float("nan")},
        {"kind": "log_mel", "top_db": None, "log_gain": float("nan")},
        {"kind": "log_mel", "top_db": None, "log_gain": 1.1e9},
        {"kind": "log_mel", "top_db": None, "log_gain": "loud"},
        {"kind": "log_mel", "top_db": None, "log_offset": float("nan")},
        {"kind": "log_mel", "top_db": None, "log_offset": 1.1},
        {"power": True},
        {"power": "2"},
        {"kind": "log_mel", "top_db": None, "level_db": -6.0},
        {"kind": "log_mel", "top_db": None, "log_gain": 1e4, "level_db": float("nan")},
        {"mean": (0.0,) * 13},
        {"mean": (float("inf"),) * 13, "std": (1.0,) * 13},
    ],
)
def test_parameters_that_contradict_each_other_are_refused(values):
    with pytest.raises(ParameterError):
        FrontEndParams(**values)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"log_gain": 1e4, "top_db": None}, "log_gain is 10000.0 and kind is 'mfcc'; log_gain"),
        ({"log_gain": 1e4, "kind": "log_mel"}, "log_gain is 10000.0 and top_db is 80.0"),
        ({"log_offset": 0.1, "top_db": None}, "log_offset is 0.1 and kind is 'mfcc'; log_offset"),
        ({"log_offset": 0.1, "kind": "log_mel"}, "log_offset is 0.1 and top_db is 80.0"),
        (
            {"log_offset": 0.1, "kind": "log_mel", "top_db": None, "log_gain": 1e4},
            "log_offset is 0.1 and log_gain is 10000.0; log_offset goes with log_gain None only",
        ),
        ({"mel_triangles": "mel"}, "mel_triangles is 'mel' and mel_norm is 'slaney'"),
        (
            {"kind": "log_mel", "top_db": None, "level_db": -6.0},
            "level_db is -6.0, log_gain and log_offset are None",
        ),
    ],
)
def test_a_parameter_names_what_it_does_not_go_with(values, complaint):
    with pytest.raises(ParameterError, match=complaint):
        FrontEndParams(**values)


def test_a_mel_band_without_a_bin_is_refused():
    params = FrontEndParams(n_fft=512, hop=128, n_mels=256)
    with pytest.raises(ParameterError, match=r"mel band \d+ .* n_mels is 256"):
        FrontEnd(params)


def test_sound_may_be_twenty_decibels_above_full_scale_and_no_louder():
    assert np.isfinite(FrontEnd(SEED)(np.full(N, 9.9))).all()
    with pytest.raises(ParameterError, match="window reaches 10; floats must have full scale at 1"):
        FrontEnd(SEED)(np.full(N, 10.1))


def test_whole_numbers_are_int16_however_few_and_soft_they_are():
    samples = np.zeros(N, np.float32)
    samples[30_000] = 2.0
    with pytest.raises(ParameterError, match="window reaches 2; floats must have full scale at 1"):
        FrontEnd(SEED)(samples)


@pytest.mark.parametrize(
    "values",
    [
        {"win_length": 2}, {"win_length": 2048}, {"hop": 1}, {"hop": 2048}, {"n_fft": 65536,
        "window_samples": 65536}, {"window_samples": 2048}, {"n_mels": 1024}, {"fmax": 11025.0},
        {"n_mfcc": 128}, {"top_db": 1000.0}, {"log_floor": 1.0}, {"dc_block_hz": 0.1},
        {"dc_block_hz": 200.0}, {"sample_rate": 768_000},
        {"kind": "log_mel", "top_db": None, "log_gain": 1.0, "level_db": -60.0},
        {"kind": "log_mel", "top_db": None, "log_gain": 1e9, "level_db": 60.0},
        {"kind": "log_mel", "top_db": None, "log_offset": 1e-9, "level_db": 60.0},
        {"kind": "log_mel", "top_db": None, "log_offset": 1.0, "power": 1.0},
    ],
)  # fmt: skip
def test_the_outermost_values_are_taken(values):
    params = FrontEndParams(**values)
    assert {name: getattr(params, name) for name in values} == values


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"win_length": 1}, "win_length is 1; it must be from 2 to 2048"),
        ({"hop": 2049}, "hop is 2049; it must be from 1 to 2048"),
        ({"n_mels": 1025}, "n_mels is 1025; it must be from 1 to 1024"),
        ({"dc_block_hz": 201.0}, "dc_block_hz is 201.0; it must be from 0.1 to 200.0"),
        ({"top_db": 1001.0}, "top_db is 1001.0; it must be from 0.001 to 1000.0"),
        ({"sample_rate": 999}, "sample_rate is 999; it must be from 1000 to 768000"),
    ],
)
def test_a_value_just_beyond_them_is_refused_with_its_range(values, complaint):
    with pytest.raises(ParameterError, match=complaint):
        FrontEndParams(**values)


def test_the_presets_are_those_of_the_models_that_ship():
    assert PRESETS["musicnn96-level"].level_db == -6.0
    assert PRESETS["musicnn96"].log_gain == 10000.0
    assert PRESETS["yamnet64"].log_offset == 0.001
    assert PRESETS["yamnet64-level"].level_db == 11.3
    assert PRESETS["mel64"].n_mels == 64
    frames = {name: (params.n_frames, params.n_coefficients) for name, params in PRESETS.items()}
    assert frames == {
        "seed-mfcc13": (130, 13), "mel64": (130, 64),
        "musicnn96": (187, 96), "musicnn96-level": (187, 96),
        "yamnet64": (288, 64), "yamnet64-level": (288, 64),
    }  # fmt: skip
