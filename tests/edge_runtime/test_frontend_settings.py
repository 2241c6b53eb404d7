"""MFCCs at settings that nobody chose: equal to librosa's wherever librosa has them."""

import librosa
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEnd, FrontEndParams

from .audio import noise

SIGNALS = {
    "noise": lambda t: noise(len(t)),
    "tone": lambda t: 0.5 * np.sin(2 * np.pi * 440 * t),
    "chirp": lambda t: 0.5 * np.sin(2 * np.pi * 3000 * t**2),
    "constant": lambda t: np.full(len(t), 0.25),
    "step": lambda t: 0.5 * (t > t.mean()),
}


@st.composite
def parameters(draw) -> FrontEndParams:
    n_fft = 2 * draw(st.integers(64, 2048))
    rate = draw(st.sampled_from([8000, 16000, 22050, 44100, 48000]))
    n_mels = draw(st.integers(2, 128))
    fmin = draw(st.floats(0.0, rate / 8))
    try:
        params = FrontEndParams(
            sample_rate=rate,
            n_fft=n_fft,
            hop=draw(st.integers(n_fft // 8, n_fft)),
            window_samples=draw(st.integers(n_fft, 6 * n_fft)),
            window=draw(st.sampled_from(["hann", "hamming", "boxcar"])),
            n_mels=n_mels,
            fmin=fmin,
            fmax=draw(st.one_of(st.none(), st.floats(fmin + rate / 8, rate / 2))),
            mel_scale=draw(st.sampled_from(["slaney", "htk"])),
            mel_norm=draw(st.sampled_from(["slaney", None])),
            n_mfcc=draw(st.integers(1, n_mels)),
            top_db=draw(st.one_of(st.none(), st.floats(5.0, 120.0))),
            log_floor=draw(st.sampled_from([1e-10, 1e-7, 1e-3])),
            padding=draw(st.sampled_from(["constant", "reflect", "none"])),
        )
        FrontEnd(params)
    except ParameterError:  # a band without a bin, or more bands than bins
        assume(False)
    # librosa pads the last frames by themselves, and where a frame begins half an n_fft before the
    # end, its reflection runs into the beginning of that piece and turns round one sample early.
    assume(params.padding != "reflect" or params.window_samples % params.hop)
    return params


@settings(max_examples=80, deadline=None)
@given(parameters(), st.sampled_from(sorted(SIGNALS)), st.sampled_from([1.0, 0.1, 1e-3]))
def test_mfccs_equal_librosas_at_any_setting(
    params: FrontEndParams, signal: str, gain: float
) -> None:
    t = np.arange(params.window_samples) / params.sample_rate
    # Single precision sees 90 dB: less than what lies between a pure tone and a bank of narrow
    # bands that leaves it out. With the bands of the preset, tones are tested beside this.
    single = params.top_db is not None and params.top_db <= 90
    samples = (gain * SIGNALS["noise" if single else signal](t)).astype(np.float32)
    theirs = librosa_mfcc(params, samples)
    ours = FrontEnd(params)(samples)
    assert ours.shape == theirs.shape == (params.n_frames, params.n_mfcc)
    # Where all of the dynamic range is kept, bands that cancel to almost nothing are seen, and
    # librosa's own single precision is off by more than that.
    doubt = np.abs(theirs - librosa_mfcc(params, samples.astype(np.float64))).max()
    np.testing.assert_allclose(ours, theirs, atol=max(1e-3, 4 * doubt), rtol=0)


def librosa_mfcc(params: FrontEndParams, samples: np.ndarray) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=samples, sr=params.sample_rate, n_fft=params.n_fft, hop_length=params.hop,
        window=params.window, center=params.padding != "none",
        pad_mode="constant" if params.padding == "none" else params.padding,
        n_mels=params.n_mels, fmin=params.fmin, fmax=params.fmax,
        htk=params.mel_scale == "htk", norm=params.mel_norm,
    )  # fmt: skip
    log_mel = librosa.power_to_db(power, amin=params.log_floor, top_db=params.top_db)
    return librosa.feature.mfcc(S=log_mel, n_mfcc=params.n_mfcc).T
