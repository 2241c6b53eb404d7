"""Front-end parameters: one frozen value, written down in the manifest of every model."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError


@dataclass(frozen=True, kw_only=True)
class FrontEndParams:
    """What the front end computes; librosa's names and semantics where librosa has them.

    Raises
    ------
    ParameterError
        If a value is out of range; the message names the parameter, its value and its range.
    """

    dc_block_hz: float | None = None
    """Cut-off of the high-pass that sound passes before it is cut into windows, hertz; None for
    none (see `edge_runtime.audio.dc_block`)"""
    kind: str = "mfcc"
    """``"mfcc"`` or ``"log_mel"``"""
    sample_rate: int = 22050
    """Hertz"""
    window_samples: int = 66150
    """Length of the model's input, samples"""
    n_fft: int = 2048
    """Length of one frame, samples"""
    hop: int = 512
    """Distance between frames, samples"""
    window: str = "hann"
    """Frame window, periodic: ``"hann"``, ``"hamming"``, ``"blackman"`` or ``"boxcar"``"""
    win_length: int | None = None
    """Length of the frame window, samples, in the middle of the frame with zeros around it; None
    is the whole frame"""
    n_mels: int = 128
    """Mel bands"""
    fmin: float = 0.0
    """Lower edge of the first mel band, hertz"""
    fmax: float | None = None
    """Upper edge of the last mel band, hertz; None is half the sample rate"""
    mel_scale: str = "slaney"
    """``"slaney"`` (Auditory Toolbox) or ``"htk"``"""
    mel_norm: str | None = "slaney"
    """``"slaney"`` (bands of equal area) or None (bands of equal height)"""
    mel_triangles: str = "hertz"
    """What the sides of a band are straight over: ``"hertz"`` (as librosa's) or ``"mel"`` (as
    TensorFlow's and HTK's; `mel_norm` None)"""
    power: float = 2.0
    """What a band adds up: 2 for power, 1 for magnitude. Where these lines say mel power, they mean
    that"""
    n_mfcc: int = 13
    """Cepstral coefficients (``kind="mfcc"``)"""
    log_floor: float = 1e-10
    """Smaller mel powers are raised to this"""
    top_db: float | None = 80.0
    """Dynamic range below the window's own maximum, dB; None for no limit"""
    log_gain: float | None = None
    """Coefficients are ``log10(1 + log_gain * mel power)`` (MusiCNN's compression), and `log_floor`
    is not used; None is decibels. For ``kind="log_mel"`` with `top_db` None"""
    log_offset: float | None = None
    """Coefficients are ``ln(mel power + log_offset)`` (YAMNet's compression), and `log_floor` is
    not used; None is decibels. For ``kind="log_mel"`` with `top_db` and `log_gain` None"""
    level_db: float | None = None
    """Mean mel power that every window is brought to before it is compressed, dB, so that soft
    sound gives the features of loud; None leaves levels as they are. Magnitudes (`power` 1) are
    brought to this mean square. A strong constant offset is left out then, since it would count as
    level. With `log_gain` or `log_offset`"""
    padding: str = "constant"
    """How frames reach over the edges: ``"constant"`` (zeros), ``"reflect"``, or ``"none"``"""
    mean: tuple[float, ...] | None = None
    """Subtracted from each coefficient, in its unit; None is no normalisation"""
    std: tuple[float, ...] | None = None
    """Divides each coefficient after the mean was subtracted"""

    def __post_init__(self) -> None:
        _one_of("kind", self.kind, ("mfcc", "log_mel"))
        _one_of("window", self.window, ("hann", "hamming", "blackman", "boxcar"))
        _one_of("mel_scale", self.mel_scale, ("slaney", "htk"))
        _one_of("mel_norm", self.mel_norm, ("slaney", None))
        _one_of("mel_triangles", self.mel_triangles, ("hertz", "mel"))
        _between("power", self.power, 1.0, 2.0)
        _one_of("power", self.power, (1.0, 2.0))
        _one_of("padding", self.padding, ("constant", "reflect", "none"))
        if self.dc_block_hz is not None:
            _between("dc_block_hz", self.dc_block_hz, 0.1, 200.0)
        _between("sample_rate", self.sample_rate, 1000, 768_000)
        _between("n_fft", self.n_fft, 16, 65536)
        if self.win_length is not None:
            _between("win_length", self.win_length, 2, self.n_fft)
        _between("hop", self.hop, 1, self.n_fft)
        _between("window_samples", self.window_samples, self.n_fft, 10_000_000)
        _between("n_mels", self.n_mels, 1, self.n_fft // 2)
        _between("fmax", self.upper_hz, 1e-3, self.sample_rate / 2)
        _between("fmin", self.fmin, 0.0, self.sample_rate / 2)
        if not self.fmin < self.upper_hz:
            raise ParameterError(
                f"fmin is {self.fmin} Hz; it must be at least 0 and below fmax ({self.upper_hz} Hz)"
            )
        if self.kind == "mfcc":
            _between("n_mfcc", self.n_mfcc, 1, self.n_mels)
        # The smallest float32 with full precision is about 1e-38.
        _between("log_floor", self.log_floor, 1e-30, 1.0)
        if self.top_db is not None:
            _between("top_db", self.top_db, 1e-3, 1000.0)
        if self.mel_triangles == "mel":
            self._needs("mel_triangles", mel_norm=None)
        if self.log_gain is not None:
            _between("log_gain", self.log_gain, 1.0, 1e9)
            self._needs("log_gain", kind="log_mel", top_db=None)
        if self.log_offset is not None:
            _between("log_offset", self.log_offset, 1e-9, 1.0)
            self._needs("log_offset", kind="log_mel", top_db=None, log_gain=None)
        if self.level_db is not None:
            _between("level_db", self.level_db, -60.0, 60.0)
            if self.in_decibels:
                raise ParameterError(
                    f"level_db is {self.level_db}, log_gain and log_offset are None; level_db goes "
                    "with one of them only: in decibels, a level adds a constant"
                )
        self._check_normalisation()

    def _needs(self, parameter: str, **others: object) -> None:
        for name, needed in others.items():
            value = getattr(self, name)
            if value != needed:
                raise ParameterError(
                    f"{parameter} is {getattr(self, parameter)!r} and {name} is {value!r}; "
                    f"{parameter} goes with {name} {needed!r} only"
                )

    def _check_normalisation(self) -> None:
        for name in ("mean", "std"):
            values = getattr(self, name)
            if values is not None:
                try:  # lists and arrays are taken, too; a frozen value must not share them
                    object.__setattr__(self, name, tuple(float(value) for value in values))
                except (TypeError, ValueError):
                    raise ParameterError(f"{name} is {values!r}; it must be numbers") from None
        if (self.mean is None) != (self.std is None):
            raise ParameterError("mean and std go together; one of them is None")
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is None:
                continue
            if len(values) != self.n_coefficients:
                raise ParameterError(
                    f"{name} has {len(values)} values; it must have one for each of the "
                    f"{self.n_coefficients} coefficients"
                )
            if not np.isfinite(values).all():
                raise ParameterError(f"{name} holds a value that is not finite")
        if self.std is not None:
            _between("std", min(self.std), 1e-6, 1e6)

    @property
    def upper_hz(self) -> float:
        """Upper edge of the last mel band, hertz."""
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    @property
    def n_coefficients(self) -> int:
        """Values per frame."""
        return self.n_mfcc if self.kind == "mfcc" else self.n_mels

    @property
    def summary(self) -> str:
        """What a window becomes, in words: ``130 frames of 13 mfcc coefficients``."""
        text = f"{self.n_frames} frames of {self.n_coefficients} {self.kind.replace('_', '-')}"
        summed = "power" if self.power == 2.0 else "magnitude"
        compressed = ""
        if self.log_gain is not None:
            compressed = f", log10(1 + {self.log_gain:.10g} * {summed})"
        elif self.log_offset is not None:
            compressed = f", ln({summed} + {self.log_offset:.10g})"
        level = "" if self.level_db is None else f", power {self.level_db:.10g} dB on average"
        return f"{text} coefficients{compressed}{level}"

    @property
    def in_decibels(self) -> bool:
        """Whether log-mel is in decibels, so that sound of another level is the same plus a
        constant."""
        return self.log_gain is None and self.log_offset is None

    @property
    def leaves_offset_out(self) -> bool:
        """Whether a strong constant offset of the sound stays out of the features."""
        return self.dc_block_hz is not None or self.level_db is not None

    @property
    def n_frames(self) -> int:
        """Frames per window."""
        return 1 + (self.window_samples + 2 * self.edge - self.n_fft) // self.hop

    @property
    def edge(self) -> int:
        """Samples by which the first and the last frames reach over the window's edges."""
        return 0 if self.padding == "none" else self.n_fft // 2

    @property
    def window_seconds(self) -> float:
        """Length of the model's input, seconds."""
        return self.window_samples / self.sample_rate

    @property
    def hop_seconds(self) -> float:
        """Distance between frames, seconds."""
        return self.hop / self.sample_rate

    def normalise(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Apply mean and std, as the front end itself does.

        Parameters
        ----------
        features : (..., coefficients) float32

        Returns
        -------
        (..., coefficients) float32
            `features` itself where the parameters hold no normalisation.
        """
        if self.mean is None:
            return features
        normalised: npt.NDArray[np.float32] = (features - self._mean) / self._std
        return normalised

    @cached_property
    def _mean(self) -> npt.NDArray[np.float32]:
        return np.asarray(self.mean, np.float32)

    @cached_property
    def _std(self) -> npt.NDArray[np.float32]:
        return np.asarray(self.std, np.float32)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as it stands in the manifest."""
        return dataclasses.asdict(self)


def _one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        choices = ", ".join(map(repr, allowed))
        raise ParameterError(f"{name} is {value!r}; it must be one of {choices}")


def _between(name: str, value: float, low: float, high: float) -> None:
    kinds = int if isinstance(low, int) else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        kind = "whole number" if kinds is int else "number"
        raise ParameterError(f"{name} is {value!r}; it must be a {kind}")
    if not low <= value <= high:
        raise ParameterError(f"{name} is {value}; it must be from {low} to {high}")


PRESETS: dict[str, FrontEndParams] = {
    "seed-mfcc13": FrontEndParams(),
    "mel64": FrontEndParams(kind="log_mel", n_mels=64),
    "musicnn96": FrontEndParams(
        kind="log_mel",
        sample_rate=16000,
        window_samples=186 * 256 + 512,
        n_fft=512,
        hop=256,
        n_mels=96,
        top_db=None,
        log_gain=10000.0,
        padding="none",
    ),
    "yamnet64": FrontEndParams(
        kind="log_mel",
        sample_rate=16000,
        window_samples=287 * 160 + 512,
        n_fft=512,
        win_length=400,
        hop=160,
        n_mels=64,
        fmin=125.0,
        fmax=7500.0,
        mel_scale="htk",
        mel_norm=None,
        mel_triangles="mel",
        power=1.0,
        top_db=None,
        log_offset=0.001,
        padding="none",
    ),
}
# The level of the median window of mastered music, so that these are changed least.
PRESETS["musicnn96-level"] = dataclasses.replace(PRESETS["musicnn96"], level_db=-6.0)
PRESETS["yamnet64-level"] = dataclasses.replace(PRESETS["yamnet64"], level_db=11.3)
"""Named settings. ``seed-mfcc13`` is that of the student report: librosa's default MFCCs; ``mel64``
is log-mel of 64 bands from the same frames. ``musicnn96`` is the input of MusiCNN (J. Pons and
X. Serra, "musicnn: pre-trained convolutional neural networks for music audio tagging", ISMIR 2019,
late-breaking): 187 frames, none of them padded, as MusiCNN cut its windows out of the spectrogram
of a whole track. ``yamnet64`` is the input of YAMNet (M. Plakal and D. Ellis, TensorFlow Model
Garden, 2019): 288 frames, which are three of its patches. ``musicnn96-level`` and
``yamnet64-level`` bring every window to one level first."""
