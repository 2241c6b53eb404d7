"""The student report's network behind librosa's and essentia's MFCCs, in Keras and in LiteRT.

Its Keras file is a test's data and its int8 file ships; both are one training. Windows are 3 s
without overlap, whole ones only; the result is the mean of their softmax.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edge_runtime.model.file import BUNDLED, read_model

from .worker import Ready

if TYPE_CHECKING:
    from .worker import Classify

Array = npt.NDArray[np.float32]

KERAS_FILE = Path(__file__).parents[2] / "tests" / "export" / "default_model.keras"
RATE, N_FFT, HOP, N_MELS, N_MFCC, N_FRAMES, WINDOW = 22_050, 2048, 512, 128, 13, 130, 66_150
TOP_DB = 80


def librosa_mfcc() -> Callable[[Array], Array]:
    """``librosa.feature.mfcc``, as the report calls it; gives (frames, coefficients)."""
    import librosa

    return lambda window: (
        librosa.feature.mfcc(y=window, sr=RATE, n_mfcc=N_MFCC, n_fft=N_FFT, hop_length=HOP).T
    )


def essentia_mfcc() -> Callable[[Array], Array]:
    """essentia's MFCC, with the settings of its own that come nearest to librosa's.

    What it does not offer is librosa's ``top_db``: a floor 80 dB below the window's loudest band.
    """
    algorithm = _essentia()
    return lambda window: np.stack([algorithm(frame)[1] for frame in _frames(window)])


def essentia_bands() -> Callable[[Array], Array]:
    """The mel bands of essentia's MFCC; the floor and the DCT in numpy, as librosa has them."""
    from edge_runtime.frontend.mel import dct_matrix

    algorithm = _essentia()
    dct = dct_matrix(N_MELS, N_MFCC).astype(np.float32)

    def run(window: Array) -> Array:
        bands = np.stack([algorithm(frame)[0] for frame in _frames(window)])
        log_mel = 10 * np.log10(np.maximum(bands, 1e-10))
        found: Array = np.maximum(log_mel, log_mel.max() - TOP_DB) @ dct
        return found

    return run


def _frames(window: Array) -> list[Array]:
    """Frames as librosa centres them; essentia makes one more."""
    from essentia import standard

    frames = standard.FrameGenerator(window, frameSize=N_FFT, hopSize=HOP, startFromZero=False)
    return list(frames)[:N_FRAMES]


def _essentia() -> Callable[[Array], tuple[Array, Array]]:
    """From a frame to its mel bands and MFCCs."""
    import essentia
    from essentia import standard

    essentia.log.infoActive = False
    taper = standard.Windowing(
        type="hann", size=N_FFT, normalized=False, zeroPhase=False, symmetric=False
    )
    spectrum = standard.PowerSpectrum(size=N_FFT)
    mfcc = standard.MFCC(
        inputSize=N_FFT // 2 + 1, numberBands=N_MELS, numberCoefficients=N_MFCC, sampleRate=RATE,
        highFrequencyBound=RATE / 2, warpingFormula="slaneyMel", weighting="linear",
        normalize="unit_tri", type="magnitude", logType="dbpow",
    )  # fmt: skip
    return lambda frame: mfcc(spectrum(taper(frame)))


def librosa_keras() -> Ready:
    """librosa and ``model.predict``, all windows of a clip in one call: the kindest reading."""
    import keras

    from .tensorflow_threads import one_thread

    one_thread()
    model = keras.saving.load_model(KERAS_FILE, compile=False)

    def predict(features: Array) -> Array:
        posteriors: Array = model.predict(features[..., np.newaxis], verbose=0)
        return posteriors

    return Ready(_classify(librosa_mfcc(), predict), KERAS_FILE.stat().st_size)


def librosa_litert() -> Ready:
    """librosa and the int8 network that ships."""
    return Ready(_classify(librosa_mfcc(), _litert()), BUNDLED["seed-cnn"].stat().st_size)


def essentia_litert() -> Ready:
    """essentia's MFCC and the int8 network that ships."""
    return Ready(_classify(essentia_mfcc(), _litert()), BUNDLED["seed-cnn"].stat().st_size)


def essentia_bands_litert() -> Ready:
    """essentia's mel bands and the int8 network that ships."""
    return Ready(_classify(essentia_bands(), _litert()), BUNDLED["seed-cnn"].stat().st_size)


def _litert() -> Callable[[Array], Array]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(BUNDLED["seed-cnn"]), num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    exit_ = interpreter.get_output_details()[0]["index"]

    def predict(features: Array) -> Array:
        logits = []
        for window in features:
            interpreter.set_tensor(entry, window[np.newaxis, ..., np.newaxis])
            interpreter.invoke()
            logits.append(interpreter.get_tensor(exit_)[0])
        powers = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        posterior: Array = powers / powers.sum(axis=1, keepdims=True)
        return posterior

    return predict


def _classify(mfcc: Callable[[Array], Array], predict: Callable[[Array], Array]) -> Classify:
    manifest = read_model(BUNDLED["seed-cnn"]).manifest
    labels = manifest.labels
    mean = np.array(manifest.front_end.mean, np.float32)
    std = np.array(manifest.front_end.std, np.float32)

    def classify(samples: Array, rate: int) -> dict[str, float]:
        if rate != RATE:
            import librosa

            samples = librosa.resample(samples, orig_sr=rate, target_sr=RATE)
        windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
        features = np.stack([mfcc(window) for window in windows])
        posterior = predict((features - mean) / std).mean(axis=0)
        return dict(zip(labels, posterior, strict=True))

    return classify


def main() -> None:
    """``python -m benchmarks.peers.seed_network CLIP.npy``: essentia's distance from librosa."""
    samples, librosas = np.load(sys.argv[1]), librosa_mfcc()
    windows = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW)
    expected = np.stack([librosas(window) for window in windows])
    differences = {}
    for name, theirs in (("mfcc", essentia_mfcc()), ("bands", essentia_bands())):
        distance = np.abs(np.stack([theirs(window) for window in windows]) - expected)
        differences[name] = {"median": float(np.median(distance)), "max": float(distance.max())}
    print(json.dumps(differences))


if __name__ == "__main__":
    main()
