"""What a user could pick instead of our front end; each is left out where it does not install.

All of them compute 13 cepstral coefficients of 128 mel bands from frames of 2048 samples every 512,
at 22,050 Hz. librosa, scipy.fft and torch compute the same numbers; the others are the nearest that
they offer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams
from edge_runtime.frontend.mel import dct_matrix, mel_filterbank

Samples = npt.NDArray[np.float32]
Peer = Callable[[Samples], npt.NDArray[np.float32]]

RATE, N_FFT, HOP, N_MELS, N_MFCC = 22_050, 2048, 512, 128, 13


def librosa_mfcc() -> Peer:
    """``librosa.feature.mfcc``; gives (frames, coefficients) as ours does."""
    import librosa

    return lambda samples: librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=N_MFCC).T


def scipy_pipeline() -> Peer:
    """The textbook pipeline in numpy, with scipy's FFT: one call over all frames, a dense bank."""
    import scipy.fft

    params = FrontEndParams()
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)
    mel, dct = mel_filterbank(params).T.copy(), dct_matrix(N_MELS, N_MFCC).astype(np.float32)

    def mfcc(samples: Samples) -> npt.NDArray[np.float32]:
        padded = np.pad(samples, N_FFT // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[::HOP] * window
        spectrum = scipy.fft.rfft(frames)
        power = spectrum.real**2 + spectrum.imag**2
        log_mel = 10 * np.log10(np.maximum(power @ mel, 1e-10))
        return np.maximum(log_mel, log_mel.max() - 80) @ dct

    return mfcc


def scipy_in_our_kernel() -> Peer:
    """Our own front end, with scipy's FFT in the place of numpy's."""
    import scipy.fft

    from edge_runtime.frontend import FrontEnd, log_mel

    class ScipyKernel(log_mel.LogMelKernel):
        def _transform(self, frames: Samples, spectrum: npt.NDArray[np.complex64]) -> None:
            spectrum[:] = scipy.fft.rfft(frames, norm="forward")

    front_end = FrontEnd(FrontEndParams())
    front_end.kernel = ScipyKernel(FrontEndParams())
    return front_end


def torch_pipeline() -> Peer:
    """The same pipeline in PyTorch, on one thread."""
    import torch

    torch.set_num_threads(1)
    params = FrontEndParams()
    window = torch.hann_window(N_FFT)
    mel = torch.from_numpy(mel_filterbank(params).T.copy())
    dct = torch.from_numpy(dct_matrix(N_MELS, N_MFCC).astype(np.float32))

    def mfcc(samples: Samples) -> npt.NDArray[np.float32]:
        spectrum = torch.stft(
            torch.from_numpy(samples), N_FFT, HOP, window=window, center=True,
            pad_mode="constant", return_complex=True,
        )  # fmt: skip
        power = spectrum.real.square() + spectrum.imag.square()
        log_mel = 10 * torch.log10(torch.clamp(power.T @ mel, min=1e-10))
        return (torch.maximum(log_mel, log_mel.max() - 80) @ dct).numpy()

    return mfcc


def python_speech_features_mfcc() -> Peer:
    """``python_speech_features.mfcc``: HTK mel, natural logarithm, no padding."""
    import python_speech_features

    return lambda samples: python_speech_features.mfcc(
        samples, RATE, N_FFT / RATE, HOP / RATE, N_MFCC, N_MELS, N_FFT,
        preemph=0, ceplifter=0, appendEnergy=False,
    )  # fmt: skip


def kaldi_native_fbank_mfcc() -> Peer:
    """``kaldi_native_fbank``: Kaldi's MFCC in C++."""
    import kaldi_native_fbank

    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = RATE
    options.frame_opts.frame_length_ms = 1000 * N_FFT / RATE
    options.frame_opts.frame_shift_ms = 1000 * HOP / RATE
    options.frame_opts.dither = 0
    options.frame_opts.window_type = "hanning"
    options.mel_opts.num_bins = N_MELS
    options.num_ceps = N_MFCC

    def mfcc(samples: Samples) -> npt.NDArray[np.float32]:
        online = kaldi_native_fbank.OnlineMfcc(options)
        online.accept_waveform(RATE, samples.tolist())  # its binding takes no array
        online.input_finished()
        return np.stack([online.get_frame(i) for i in range(online.num_frames_ready)])

    return mfcc


def essentia_mfcc() -> Peer:
    """essentia's standard algorithms: Windowing, Spectrum, MFCC, frame by frame in C++."""
    import essentia
    from essentia import standard

    essentia.log.infoActive = False
    window = standard.Windowing(type="hann", size=N_FFT, normalized=False)
    spectrum = standard.Spectrum(size=N_FFT)
    mfcc = standard.MFCC(
        inputSize=N_FFT // 2 + 1, numberBands=N_MELS, numberCoefficients=N_MFCC,
        sampleRate=RATE, highFrequencyBound=RATE / 2,
    )  # fmt: skip

    def run(samples: Samples) -> npt.NDArray[np.float32]:
        frames = standard.FrameGenerator(samples, frameSize=N_FFT, hopSize=HOP, startFromZero=False)
        return np.stack([mfcc(spectrum(window(frame)))[1] for frame in frames])

    return run


PEERS: dict[str, Callable[[], Peer]] = {
    "librosa": librosa_mfcc,
    "scipy.fft, our kernel": scipy_in_our_kernel,
    "scipy.fft, textbook": scipy_pipeline,
    "torch": torch_pipeline,
    "python_speech_features": python_speech_features_mfcc,
    "kaldi-native-fbank": kaldi_native_fbank_mfcc,
    "essentia": essentia_mfcc,
}


def available() -> tuple[dict[str, Peer], dict[str, str]]:
    """The peers that run here, and why the others do not."""
    peers, missing = {}, {}
    for name, make in PEERS.items():
        try:
            peers[name] = make()
        except ImportError as error:
            missing[name] = str(error)
    return peers, missing
