"""MFCCs at settings that nobody chose: equal to librosa's wherever librosa has them."""

import librosa
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEnd, FrontEndParams

from .audio import noise


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
    return params


@settings(max_examples=80, deadline=None)
@given(parameters(), st.integers(0, 9))
def test_mfccs_equal_librosas_at_any_setting(params: FrontEndParams, seed: int) -> None:
    samples = noise(params.window_samples, seed=seed)
    power = librosa.feature.melspectrogram(
        y=samples, sr=params.sample_rate, n_fft=params.n_fft, hop_length=params.hop,
        window=params.window, center=params.padding != "none",
        pad_mode="constant" if params.padding == "none" else params.padding,
        n_mels=params.n_mels, fmin=params.fmin, fmax=params.fmax,
        htk=params.mel_scale == "htk", norm=params.mel_norm,
    )  # fmt: skip
    log_mel = librosa.power_to_db(power, amin=params.log_floor, top_db=params.top_db)
    theirs = librosa.feature.mfcc(S=log_mel, n_mfcc=params.n_mfcc).T
    ours = FrontEnd(params)(samples)
    assert ours.shape == theirs.shape == (params.n_frames, params.n_mfcc)
    np.testing.assert_allclose(ours, theirs, atol=5e-4)
