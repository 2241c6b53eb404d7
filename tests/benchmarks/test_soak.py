"""The soak's own count of windows: it must notice what was lost."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.soak.account import Account
from edge_runtime.sources import Chunk
from tests.edge_runtime.sinks.events import event

RATE = 1000
MODEL = SimpleNamespace(manifest=SimpleNamespace(front_end=SimpleNamespace(window_seconds=3.0)))


def account(*chunks: Chunk, seconds: float = 0.0) -> Account:
    """Of a stream with windows of 3 s, 1 s apart, that took these chunks."""
    source: Any = SimpleNamespace(
        name="mic", rate=RATE, channels=1, chunks=lambda stop: iter(chunks)
    )  # fmt: skip
    stream: Any = SimpleNamespace(interval_s=1.0, classifier=MODEL, seconds=seconds)
    return Account(source, stream)


def sound(seconds: float, **values: Any) -> Chunk:
    return Chunk(np.zeros((round(seconds * RATE), 1), np.int16), **values)


def lost(counted: Account, *ends_by_chunk: tuple[float, ...]) -> int:
    """Windows lost where these came behind each chunk, and the stream is over then."""
    chunks = counted.chunks(SimpleNamespace(is_set=lambda: False))
    for _, ends in zip(chunks, ends_by_chunk, strict=True):
        for end in ends:
            counted.take(event(time=end))
    counted.finish_all()
    return counted.windows_lost


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((3.0, 4.0, 5.0, 6.0), 0),
        ((3.0, 4.2, 5.0, 6.0), 0),  # a little more than a step is a change of models
        ((3.0, 5.0, 6.0), 1),
        ((3.0, 6.0), 2),
        ((4.0, 5.0, 6.0), 1),  # the first
        ((3.0, 4.0, 5.0), 1),  # the last
        ((3.0, 4.0), 2),
    ],
)
def test_a_window_that_is_left_out_is_noticed(ends: tuple[float, ...], expected: int) -> None:
    counted = account(sound(6.0))
    assert lost(counted, ends) == expected
    assert counted.windows == len(ends)


def test_a_gap_is_no_loss_and_sound_before_it_is_heard_to_its_end() -> None:
    chunks = sound(4.0), sound(3.0, missing_s=10.0)
    assert lost(account(*chunks), (3.0, 4.0), (17.0,)) == 0
    assert lost(account(*chunks), (3.0,), (4.0, 17.0)) == 0, "its end comes late"
    assert lost(account(*chunks), (3.0,), (17.0,)) == 1


def test_the_clock_counts_sound_what_was_dropped_and_what_was_missing() -> None:
    chunks = sound(2.0), sound(1.0, dropped=500), sound(1.0, missing_s=2.25)
    for seconds, error in ((6.75, 0), (6.76, 10), (6.745, 5)):
        counted = account(*chunks, seconds=seconds)
        for _ in counted.chunks(SimpleNamespace(is_set=lambda: False)):
            pass
        assert counted.clock_error_samples == error
        assert counted.missing_s == 2.25
