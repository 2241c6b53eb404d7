"""Coefficients at random settings: equal to librosa's wherever librosa has them."""

import dataclasses

import librosa
import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import PRESETS, FrontEnd, FrontEndParams
from edge_runtime.frontend.mel import mel_filterbank

from ..sounds import noise

SIGNALS = {
    "noise": lambda t, hz: noise(len(t)),
    "tone": lambda t, hz: 0.5 * np.sin(2 * np.pi * hz * t),
    "faint noise": lambda t, hz: 0.5 * np.sin(2 * np.pi * hz * t) + noise(len(t), scale=1e-5),
    "square": lambda t, hz: 0.5 * np.sign(np.sin(2 * np.pi * hz * t)),
    "chirp": lambda t, hz: 0.5 * np.sin(2 * np.pi * hz * t**2 / t[-1]),
    "constant": lambda t, hz: np.full(len(t), 0.25),
    "step": lambda t, hz: 0.5 * (t > t.mean()),
    "impulse": lambda t, hz: np.eye(1, len(t), len(t) // 3)[0],
}  # fmt: skip


@st.composite
def parameters(draw) -> FrontEndParams:
    # Powers of two with all of the spectrum are where single precision may do.
    n_fft = draw(st.one_of(st.sampled_from([256, 512, 1024, 2048]), st.integers(128, 2500)))
    rate = draw(st.sampled_from([8000, 16000, 22050, 44100, 48000]))
    n_mels = draw(st.integers(2, 128))
    fmin = draw(st.one_of(st.just(0.0), st.floats(0.0, rate / 8)))
    try:
        params = FrontEndParams(
            sample_rate=rate,
            n_fft=n_fft,
            win_length=draw(st.one_of(st.none(), st.integers(n_fft // 2, n_fft))),
            hop=draw(st.integers(n_fft // 8, n_fft)),
            window_samples=draw(st.integers(n_fft, 6 * n_fft)),
            window=draw(st.sampled_from(["hann", "hamming", "blackman", "boxcar"])),
            n_mels=n_mels,
            fmin=fmin,
            fmax=draw(st.one_of(st.none(), st.floats(fmin + rate / 8, rate / 2))),
            mel_scale=draw(st.sampled_from(["slaney", "htk"])),
            mel_norm=draw(st.sampled_from(["slaney", None])),
            n_mfcc=draw(st.integers(1, n_mels)),
            top_db=draw(st.one_of(st.none(), st.just(80.0), st.floats(5.0, 120.0))),
            log_floor=draw(st.sampled_from([1e-10, 1e-7, 1e-3])),
            padding=draw(st.sampled_from(["constant", "reflect", "none"])),
        )
        FrontEnd(params)
    except ParameterError:  # a band without a bin, or more bands than bins
        assume(False)
    return params


@given(
    parameters(),
    st.sampled_from(sorted(SIGNALS)),
    st.floats(0.002, 0.49),
    st.sampled_from([1.0, 0.1, 1e-3]),
)
def test_mfccs_equal_librosas_at_any_setting(params, signal, frequency, gain):
    compare(params, sound(params, signal, frequency, gain))


@given(
    st.sampled_from(sorted(SIGNALS)),
    st.floats(0.002, 0.49),
    st.sampled_from([1.0, 0.1, 1e-3]),
)
def test_seed_mfccs_equal_librosas_for_any_sound(signal, frequency, gain):
    params = PRESETS["seed-mfcc13"]
    compare(params, sound(params, signal, frequency, gain))


@given(
    st.sampled_from(sorted(SIGNALS)),
    st.floats(0.002, 0.49),
    st.sampled_from([1.0, 0.1, 1e-3]),
)
def test_musicnns_compression_is_right_for_any_sound(signal, frequency, gain):
    params = PRESETS["musicnn96"]
    compare_compressed(params, sound(params, signal, frequency, gain))


@given(st.sampled_from(sorted(SIGNALS)), st.floats(0.002, 0.49), st.sampled_from([1.0, 1e-2, 1e-3]))
def test_soft_sound_gives_the_features_of_loud(signal, frequency, gain):
    params = PRESETS["musicnn96-level"]
    samples = sound(params, signal, frequency, gain)
    exact = samples.astype(np.float64)
    if abs(exact.mean()) > 0.05 * exact.std():  # a constant offset is no part of the level
        exact -= exact.mean()
    power = librosa_mel(params, exact).T
    level = 10.0 ** (params.level_db / 10.0)
    power *= min(level / max(power.mean(), 1e-30), 1e6)
    exact = np.log10(1.0 + params.log_gain * power)
    np.testing.assert_allclose(FrontEnd(params)(samples), exact, atol=2e-4, rtol=0)


@given(st.sampled_from(sorted(SIGNALS)), st.floats(0.002, 0.49), st.sampled_from([1.0, 1e-2, 1e-3]))
def test_soft_sound_gives_yamnet_the_features_of_loud(signal, frequency, gain):
    params = PRESETS["yamnet64-level"]
    samples = sound(params, signal, frequency, gain)
    exact = samples.astype(np.float64)
    if abs(exact.mean()) > 0.05 * exact.std():
        exact -= exact.mean()
    magnitude = mel_magnitude(params, exact)
    level = 10.0 ** (params.level_db / 10.0)
    magnitude *= min(level / max((magnitude**2).mean(), 1e-30), 1e6) ** 0.5
    exact = np.log(magnitude + params.log_offset)
    np.testing.assert_allclose(FrontEnd(params)(samples), exact, atol=2e-4, rtol=0)


def test_a_level_is_the_mean_power_of_what_is_compressed():
    for change in ({"log_gain": 1e4}, {"log_offset": 1e-3}):
        for power in (1.0, 2.0):
            params = dataclasses.replace(
                PRESETS["musicnn96"], **{"log_gain": None, **change}, power=power, level_db=-3.0
            )
            found = FrontEnd(params)(sound(params, "noise", 0.1, 0.3)).astype(np.float64)
            mel = (10.0**found - 1.0) / 1e4 if params.log_gain else np.exp(found) - 1e-3
            level = 10.0 * np.log10((mel ** (2.0 / power)).mean())
            assert abs(level + 3.0) < 1e-3


@given(
    parameters(),
    st.floats(0.0, 9.0),
    st.sampled_from(sorted(SIGNALS)),
    st.floats(0.002, 0.49),
)
def test_compression_is_right_at_any_setting(params, exponent, signal, frequency):
    params = dataclasses.replace(params, kind="log_mel", top_db=None, log_gain=10.0**exponent)
    compare_compressed(params, sound(params, signal, frequency, 1.0))


def test_sound_outside_all_bands_is_not_overlooked():
    # The energy of a step lies below the first band; its noise was in all the others.
    params = FrontEndParams(
        sample_rate=8000, window_samples=40324, n_fft=4096, hop=914, n_mels=21, mel_norm=None
    )
    for signal in ("step", "constant"):
        compare(params, sound(params, signal, 0.1, 1e-3))


def sound(params: FrontEndParams, signal: str, frequency: float, gain: float) -> np.ndarray:
    """`frequency` is in cycles per sample."""
    t = np.arange(params.window_samples) / params.sample_rate
    return (gain * SIGNALS[signal](t, frequency * params.sample_rate)).astype(np.float32)


def compare(params: FrontEndParams, samples: np.ndarray) -> None:
    """Hold our MFCCs against librosa's, computed in double from the same samples.

    With float32 samples librosa rounds its mel powers and its DCT to single precision, which is
    off by up to 1e-3 where MFCCs are near 1000.
    """
    ours = FrontEnd(params)(samples)
    exact = librosa_mfcc(params, samples.astype(np.float64))
    usual = librosa_mfcc(params, samples)
    assert ours.shape == usual.shape == (params.n_frames, params.n_mfcc)
    np.testing.assert_allclose(ours, exact, atol=5e-4, rtol=0)
    np.testing.assert_allclose(ours, usual, atol=5e-4 + np.abs(usual - exact).max(), rtol=0)


def compare_compressed(params: FrontEndParams, samples: np.ndarray) -> None:
    exact = np.log10(1.0 + params.log_gain * librosa_mel(params, samples.astype(np.float64)).T)
    ours = FrontEnd(params)(samples)
    assert ours.shape == exact.shape == (params.n_frames, params.n_mels)
    np.testing.assert_allclose(ours, exact, atol=1e-4, rtol=0)


def mel_magnitude(params: FrontEndParams, samples: np.ndarray) -> np.ndarray:
    """In double, with triangles over mel, which librosa does not have."""
    begin = (params.n_fft - params.win_length) // 2
    window = np.zeros(params.n_fft)
    window[begin : begin + params.win_length] = np.hanning(params.win_length + 1)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(samples, params.n_fft)[:: params.hop]
    return np.abs(np.fft.rfft(frames * window)) @ mel_filterbank(params).astype(np.float64).T


def librosa_mfcc(params: FrontEndParams, samples: np.ndarray) -> np.ndarray:
    power = librosa_mel(params, samples)
    log_mel = librosa.power_to_db(power, amin=params.log_floor, top_db=params.top_db)
    return librosa.feature.mfcc(S=log_mel, n_mfcc=params.n_mfcc).T


def librosa_mel(params: FrontEndParams, samples: np.ndarray) -> np.ndarray:
    if params.padding == "reflect":
        # librosa pads the last frames by themselves, and where a frame begins half an n_fft before
        # the end, its reflection runs into the beginning of that piece and turns round one sample
        # early; so numpy pads for it.
        samples = np.pad(samples, params.n_fft // 2, mode="reflect")
    return librosa.feature.melspectrogram(
        y=samples, sr=params.sample_rate, n_fft=params.n_fft, hop_length=params.hop,
        win_length=params.win_length, window=params.window,
        center=params.padding == "constant", pad_mode="constant",
        n_mels=params.n_mels, fmin=params.fmin, fmax=params.fmax,
        htk=params.mel_scale == "htk", norm=params.mel_norm, power=params.power,
    )  # fmt: skip
