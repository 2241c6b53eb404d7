"""Sound that waits for a busy classifier."""

import threading
import time
import tracemalloc

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.sources.ring import Ring

RATE = 1000


def counted(first, n):
    """Samples that hold their own place in the stream."""
    return np.arange(first, first + n, dtype=np.int32).reshape(-1, 1)


@given(
    capacity=st.integers(1, 50),
    steps=st.lists(st.one_of(st.integers(0, 80), st.just("get")), max_size=60),
)
def test_every_sample_is_delivered_or_dropped_and_the_order_is_kept(capacity, steps):
    ring, put, clock = Ring(capacity, RATE), 0, 0
    for step in [*steps, *["get"] * 60]:
        if step == "get":
            if (chunk := ring.get(0.0)) is not None:
                clock += chunk.dropped
                assert np.array_equal(chunk.samples, counted(clock, len(chunk.samples)))
                clock += len(chunk.samples)
        else:
            ring.put(counted(put, step))
            put += step
        assert put - clock <= capacity or ring.wait(0.0)
    assert clock == put


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=20), capacity=st.integers(1, 60))
def test_it_is_the_oldest_that_is_dropped(sizes, capacity):
    ring, put = Ring(capacity, RATE), 0
    for size in sizes:
        ring.put(counted(put, size))
        put += size
    first = ring.get(0.0)
    assert first.dropped == max(0, put - capacity)
    samples = [first.samples]
    while (chunk := ring.get(0.0)) is not None:
        assert chunk.dropped == 0
        samples.append(chunk.samples)
    assert np.array_equal(np.concatenate(samples), counted(first.dropped, put - first.dropped))


def test_what_the_driver_lost_is_counted_in_its_place():
    ring = Ring(30, RATE)
    for _ in range(3):
        ring.put(counted(0, 10), lost=4)
    assert ring.get(0.0).dropped == 4
    ring.put(counted(0, 25), lost=2)
    assert [(c.dropped, len(c.samples)) for c in (ring.get(0.0), ring.get(0.0))] == [
        (4 + 10 + 4 + 5, 5),
        (2, 25),
    ]


def test_no_sample_is_lost_uncounted_between_two_threads():
    ring, total = Ring(500, RATE), 200_000
    clock, in_place = 0, []

    def capture():
        for first in range(0, total, 100):
            ring.put(counted(first, 100))
        ring.close()

    capturing = threading.Thread(target=capture)
    capturing.start()
    while (chunk := ring.get(60.0)) is not None:
        clock += chunk.dropped
        in_place.append(chunk.samples[0, 0] == clock)
        clock += len(chunk.samples)
    capturing.join()
    assert all(in_place)
    assert clock == total


def test_what_is_never_taken_needs_no_more_memory():
    ring, piece = Ring(10_000, RATE), np.zeros((1000, 1), np.int16)
    for _ in range(20):
        ring.put(piece.copy())
    tracemalloc.start()
    for _ in range(200):
        ring.put(piece.copy())
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 2 * 10 * 1000 * 2


def test_a_closed_ring_gives_what_it_holds_and_then_nothing_without_waiting():
    ring = Ring(100, RATE)
    ring.put(counted(0, 10))
    ring.close()
    assert len(ring.get(1e6).samples) == 10
    assert ring.get(1e6) is None


def test_closing_wakes_who_waits():
    ring, got = Ring(100, RATE), []
    waiting = threading.Thread(target=lambda: got.append(ring.get(1e6)))
    waiting.start()
    ring.close()
    waiting.join(60.0)
    assert got == [None]


def test_it_knows_when_its_sound_began_and_ended():
    ring, before = Ring(100, RATE), time.monotonic()
    assert ring.began is None
    ring.put(counted(0, 50))
    after = time.monotonic()
    assert before - 0.05 <= ring.began <= after - 0.05
    assert before <= ring.ended <= after
    began = ring.began
    ring.put(counted(50, 500))  # more than it holds
    assert ring.began == began
    assert ring.ended >= after
