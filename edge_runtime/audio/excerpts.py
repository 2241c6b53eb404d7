"""Windows of a whole sound, or of excerpts of it, and what was odd about them all together."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import AudioFormatError
from ..frontend import FrontEndParams
from .conditioning import Conditioner
from .mixdown import MIX, Channel
from .samples import Audio
from .sampling import Sampling
from .windows import Samples, SoundPath, cut_windows, sound_blocks


class ExcerptReader:
    """Cuts a sound, or excerpts of it, into windows of a model.

    Every excerpt is a sound of its own: filters begin anew, and no window spans two of them.

    Parameters
    ----------
    audio : Audio
    params : FrontEndParams
    channel : int or str
        As in `SoundPath`.
    sampling : Sampling, optional
        The whole sound where none is given.

    Raises
    ------
    AudioFormatError
        If there is no such channel.
    """

    def __init__(
        self,
        audio: Audio,
        params: FrontEndParams,
        channel: Channel = MIX,
        sampling: Sampling | None = None,
    ) -> None:
        self._audio, self._params, self._channel = audio, params, channel
        self._excerpts: tuple[tuple[float, float | None], ...] = ((0.0, None),)
        if sampling is not None:
            excerpts = sampling.excerpts(audio.seconds, params.window_seconds)
            if len(excerpts) > 1 or excerpts[0][1] < audio.seconds:
                self._excerpts = excerpts
        self._conditioners: list[Conditioner] = []
        self._end_s = 0.0
        self._path()  # the channel is judged before the sound is read

    @property
    def is_whole(self) -> bool:
        """Whether all of the sound is read."""
        return self._excerpts[0][1] is None

    @property
    def frames(self) -> int:
        """Samples per channel that were read."""
        return sum(conditioner.frames for conditioner in self._conditioners)

    @property
    def wanted_frames(self) -> int:
        """Samples per channel that were to be read, as far as that is known without decoding."""
        if self.is_whole:
            return self._audio.frames
        return sum(round((seconds or 0.0) * self._audio.rate) for _, seconds in self._excerpts)

    @property
    def seconds(self) -> float:
        """Duration of the whole sound; of what could be decoded, if all of it was read."""
        return self.frames / self._audio.rate if self.is_whole else self._audio.seconds

    @property
    def end_s(self) -> float:
        """Where what was read so far ends, seconds from the start of the whole sound."""
        return self._end_s + self._conditioners[-1].frames / self._audio.rate

    @property
    def non_finite_samples(self) -> int:
        """Samples that could not be used and became 0."""
        return sum(conditioner.non_finite_samples for conditioner in self._conditioners)

    @property
    def mixdown_warning(self) -> str | None:
        """What was odd about the channels, in words; None if nothing."""
        warnings = (conditioner.mixdown.warning for conditioner in self._conditioners)
        return next(filter(None, warnings), None)

    def windows(self) -> Iterator[tuple[float, Samples]]:
        """The windows, once.

        Yields
        ------
        start : float
            Seconds from the start of the whole sound.
        window : (window_samples,) float32

        Raises
        ------
        AudioFormatError
            If nothing can be decoded.
        """
        for start_s, seconds in self._excerpts:
            path = self._path()
            self._conditioners.append(path.conditioner)
            self._end_s = start_s
            blocks = sound_blocks(self._audio, path, start_s=start_s, seconds=seconds)
            for start, window in cut_windows(blocks, self._params):
                yield start_s + start, window
        if not self.frames and not self.is_whole:
            raise AudioFormatError(
                f"{self._audio.path}: is damaged: nothing can be decoded where it was sampled; "
                "copy it again"
            )

    def _path(self) -> SoundPath:
        audio = self._audio
        try:
            return SoundPath(audio.rate, audio.channels, self._params, self._channel)
        except AudioFormatError as error:
            raise AudioFormatError(f"{audio.path}: {error}") from None
