"""The front end on a stream: chunks of any length in, the windows that became due out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ParameterError
from ..exclusive import Exclusive
from .front_end import FrontEnd, check_level, check_samples, take_samples
from .log_mel import BLOCK_ROWS
from .params import FrontEndParams


@dataclass(frozen=True)
class Window:
    """One window of a stream."""

    start: int
    """Sample clock of its first sample, counted from the start of the stream"""
    samples: npt.NDArray[np.float32]
    """(window_samples,); a read-only view that is valid until the next window is asked for"""
    features: npt.NDArray[np.float32]
    """(frames, coefficients), as `FrontEnd` gives them for these samples, bit for bit"""


class StreamingFrontEnd:
    """Features of overlapping windows, each frame computed once.

    Window k starts at ``k * interval`` samples. Neighbouring windows share all frames but those
    that reach over a window's edges, where the offline front end sees padding: the shared ones
    are kept as unclipped log-mel, the few at the edges are computed for each window, and what
    depends on the whole window (``top_db``, the DCT, normalisation) is done last. Frames are
    computed in blocks when a window is due: one at a time they cost four times as much.

    Memory is allocated once, about 2.5 MB for the seed's setting; a chunk longer than two windows
    is copied as well.

    Parameters
    ----------
    params : FrontEndParams
    interval : int
        Samples between the starts of windows: a whole number of hops. Where it is longer than a
        window, what lies between them is passed over.

    Raises
    ------
    ParameterError
        If the interval is not a whole number of hops.

    Examples
    --------
    >>> import numpy as np
    >>> stream = StreamingFrontEnd(FrontEndParams(), interval=32 * 512)
    >>> for chunk in np.split(np.zeros(100_000, dtype=np.float32), 10):
    ...     for window in stream.push(chunk):
    ...         print(window.start, window.features.shape)
    0 (130, 13)
    16384 (130, 13)
    32768 (130, 13)
    """

    def __init__(self, params: FrontEndParams, *, interval: int) -> None:
        length, hop = params.window_samples, params.hop
        if not isinstance(interval, int) or interval % hop or interval < hop:
            raise ParameterError(
                f"interval is {interval!r}; it must be a whole number of hops of {hop} samples"
            )
        self.params, self.interval = params, interval
        self._front_end = FrontEnd(params)
        self._in_use = Exclusive("StreamingFrontEnd")
        edge = params.edge
        self._edge = edge
        # Frames first ... last (of a window) lie wholly inside it.
        self._first = -(-edge // hop)
        self._last = (length + edge - params.n_fft) // hop
        # Samples and rows move to the front when their buffers are full: one copy of a window for
        # every two windows of sound.
        self._buffer = np.zeros(3 * length, np.float32)
        self._buffer_frames = _frames(self._buffer, params)
        self._rows = np.zeros((3 * params.n_frames, params.n_mels), np.float32)
        self._head = self._edge_buffer(self._first)
        self._head_frames = _frames(self._head, params)[:: params.hop]
        self._tail = self._edge_buffer(params.n_frames - 1 - self._last)
        self._tail_frames = _frames(self._tail, params)[:: params.hop]
        self.reset()

    def reset(self) -> None:
        """Forget everything; the sample clock starts at 0 again."""
        self._begin = 0  # index in the buffer of the next window's first sample, or beyond it
        self._end = 0  # index in the buffer behind the last sample
        self._next_start = 0  # sample clock of the next window
        self._row = 0  # index in the rows of the next window's first frame
        self._known = 0  # rows of the next window, from `_first` on, that are computed already
        self._rows_hold = True  # whether the rows are those of the latest window
        self._waiting: list[npt.NDArray[np.float32]] = []  # of chunks longer than the buffer

    @property
    def clock(self) -> int:
        """Samples taken in so far."""
        waiting = sum(map(len, self._waiting))
        return self._next_start + self._end - self._begin + waiting

    @property
    def due(self) -> int:
        """Sample clock of the end of the next window."""
        return self._next_start + self.params.window_samples

    @property
    def recent(self) -> npt.NDArray[np.float32]:
        """Up to a window of the latest samples, once all windows were asked for.

        A read-only view that is valid until the next push.
        """
        return _read_only(self._buffer[max(0, self._end - self.params.window_samples) : self._end])

    def push(self, samples: npt.NDArray[np.generic]) -> Iterator[Window]:
        """Take a chunk in and hand out the windows that are due.

        The chunk is taken in at once and may be reused; its windows are computed as they are asked
        for. Those that are not taken are handed out by the next push.

        Parameters
        ----------
        samples : (n,) float or int16
            Any number of samples at the front end's rate, none included. int16 is scaled by
            1/32768.

        Yields
        ------
        Window

        Raises
        ------
        StreamUseError
            If another thread is in the midst of using this stream.
        ParameterError
            If the chunk is not one-dimensional, of another type, or holds NaN or infinity: then
            nothing of it is taken in. From the iterator: if a window is far louder than full
            scale; the stream goes on with the next one.
        """
        check_samples(samples, "chunk")
        if samples.ndim != 1:
            raise ParameterError(f"chunk has shape {samples.shape}; it must be (samples,)")
        room = 0 if self._waiting else self._room()
        rest = None
        if len(samples) > room:
            rest = np.empty(len(samples) - room, np.float32)
            take_samples(samples[room:], rest, "chunk")
        with self._in_use:
            self._append(samples[:room])
            if rest is not None:
                self._waiting.append(rest)
        return self._due()

    def _due(self) -> Iterator[Window]:
        while True:
            with self._in_use:
                window = self._next_window()
            if window is None:
                return
            yield window

    def _next_window(self) -> Window | None:
        length = self.params.window_samples
        while self._end - self._begin < length:
            if not self._waiting:
                return None
            chunk = self._waiting.pop(0)
            room = self._room()
            self._append(chunk[:room])
            if len(chunk) > room:
                self._waiting.insert(0, chunk[room:])
        samples = self._buffer[self._begin : self._begin + length]
        energy = float(np.dot(samples, samples))
        try:
            check_level(samples, energy, "window")
            return self._window(samples, energy)
        finally:
            self._advance()

    def _room(self) -> int:
        """Samples that can be appended; makes room by moving what is needed to the front."""
        # What `recent` needs lies before `_begin`; it moves along.
        keep = max(0, min(self._begin, self._end - self.params.window_samples))
        if len(self._buffer) - self._end < self.params.window_samples and keep:
            self._buffer[: self._end - keep] = self._buffer[keep : self._end]
            self._begin, self._end = self._begin - keep, self._end - keep
        return len(self._buffer) - self._end

    def _append(self, samples: npt.NDArray[np.generic]) -> None:
        place = self._buffer[self._end : self._end + len(samples)]
        take_samples(samples, place, "chunk")
        self._end += len(samples)

    def _advance(self) -> None:
        """Move on to the next window; the rows they share move to their new places."""
        shift, n_frames = self.interval // self.params.hop, self.params.n_frames
        self._known = max(0, self._last - self._first + 1 - shift) if self._rows_hold else 0
        self._row = self._row + shift if self._known else 0
        if self._row + n_frames > len(self._rows):
            known = self._rows[self._row + self._first :][: self._known]
            self._rows[self._first : self._first + self._known] = known
            self._row = 0
        self._begin += self.interval
        self._next_start += self.interval

    def _window(self, samples: npt.NDArray[np.float32], energy: float) -> Window:
        # The offset differs from window to window, so that such windows share no frames.
        self._rows_hold = not self._front_end.offset(samples, energy)
        if not self._rows_hold:
            return Window(self._next_start, _read_only(samples), self._front_end(samples))
        rows = self._rows[self._row : self._row + self.params.n_frames]
        self._fill_edges(samples)
        self._compute_rows(rows)
        return Window(self._next_start, _read_only(samples), self._front_end.finish(rows))

    def _compute_rows(self, rows: npt.NDArray[np.float32]) -> None:
        """Fill the window's rows that are not known yet, all in as few blocks as can be.

        The rows at the head were inner frames of earlier windows, those at the tail will be of
        later ones; neither is one of a later window's known rows, which begin behind the former
        and end before the latter.
        """
        kernel = self._front_end.kernel
        first_new = self._first + self._known
        inside = self._begin + first_new * self.params.hop - self._edge
        n_inside = self._last + 1 - first_new
        pieces = (
            (self._head_frames, 0),
            (self._buffer_frames[inside :: self.params.hop][:n_inside], first_new),
            (self._tail_frames, self._last + 1),
        )
        loaded: list[tuple[int, int]] = []  # (row of the window, how many), in block order
        n = 0
        for frames, row in pieces:
            done = 0
            while done < len(frames):
                count = min(len(frames) - done, BLOCK_ROWS - n)
                kernel.load(frames[done : done + count], n)
                loaded.append((row + done, count))
                n, done = n + count, done + count
                if n == BLOCK_ROWS:
                    _store(kernel.compute(n), loaded, rows)
                    loaded, n = [], 0
        if n:
            _store(kernel.compute(n), loaded, rows)

    def _edge_buffer(self, n_frames: int) -> npt.NDArray[np.float32]:
        """Room for the sound of `n_frames` frames that reach over an edge."""
        if not n_frames:
            return np.zeros(0, np.float32)
        return np.zeros(self.params.n_fft + (n_frames - 1) * self.params.hop, np.float32)

    def _fill_edges(self, samples: npt.NDArray[np.float32]) -> None:
        """Sound and padding of the frames before `_first` and behind `_last`."""
        edge, length = self._edge, len(samples)
        reflect = self.params.padding == "reflect"
        head, tail = self._head, self._tail
        if len(head):
            head[edge:] = samples[: len(head) - edge]
            if reflect:
                head[:edge] = samples[edge:0:-1]
        if len(tail):
            # The tail begins with frame `_last` + 1 and ends inside the padding.
            begin = (self._last + 1) * self.params.hop - edge
            inside = length - begin
            tail[:inside] = samples[begin:]
            if reflect:
                outside = len(tail) - inside
                tail[inside:] = samples[length - 2 : length - 2 - outside : -1]


def _read_only(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    view = samples.view()
    view.flags.writeable = False
    return view


def _store(
    computed: npt.NDArray[np.float32], places: list[tuple[int, int]], rows: npt.NDArray[np.float32]
) -> None:
    position = 0
    for row, count in places:
        rows[row : row + count] = computed[position : position + count]
        position += count


def _frames(samples: npt.NDArray[np.float32], params: FrontEndParams) -> npt.NDArray[np.float32]:
    """Every stretch of n_fft samples, as a view."""
    if len(samples) < params.n_fft:
        return np.zeros((0, params.n_fft), np.float32)
    return np.lib.stride_tricks.sliding_window_view(samples, params.n_fft)
