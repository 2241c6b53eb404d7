"""How fast the front end is, against what a user could pick instead, and how exact.

``python -m benchmarks.frontend [--rounds 30] [--json FILE]``

One thread; every candidate in turn, in one run; medians. Peers that are not installed are named and
left out: ``pip install librosa scipy python_speech_features kaldi-native-fbank essentia torch``.
"""

from __future__ import annotations

from ..timing import interleaved, use_one_thread

use_one_thread()

import argparse  # noqa: E402 - the threads are counted when numpy is imported
import json  # noqa: E402
import platform  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from edge_runtime.audio.file import DEMO_CLIP  # noqa: E402
from edge_runtime.audio.pcm import PcmFormat  # noqa: E402
from edge_runtime.frontend import PRESETS, FrontEnd, StreamingFrontEnd  # noqa: E402
from edge_runtime.frontend.log_mel import BLOCK_ROWS  # noqa: E402

from .peers import Peer, available  # noqa: E402

Samples = npt.NDArray[np.float32]

PARAMS = PRESETS["seed-mfcc13"]
OVERLAPS = {"0.50": 64, "0.75": 32, "0.876": 16}
"""Hops between windows, by the overlap they make"""
STREAM_SECONDS = 60
CHUNK = 2205
_PEAK = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
PROCESSES = {
    "import numpy": f"import numpy; {_PEAK}",
    "first MFCC": "import numpy as np; from edge_runtime.frontend import PRESETS, FrontEnd; "
    f"FrontEnd(PRESETS['seed-mfcc13'])(np.zeros(66150, np.float32)); {_PEAK}",
}
"""Programs that print their peak resident memory, KiB"""


def demo_sound(seconds: float) -> Samples:
    """The demo clip, repeated to the asked-for length."""
    sound = PcmFormat.S16_LE.decode(DEMO_CLIP.read_bytes()[44:])
    return np.resize(sound, round(seconds * PARAMS.sample_rate))


def fft_floor(n_frames: int = PARAMS.n_frames) -> Callable[[], None]:
    """The FFTs of so many frames and nothing else."""
    rows = -(-n_frames // 4) * 4
    frames = np.zeros((BLOCK_ROWS, PARAMS.n_fft), np.float32) + demo_sound(0.1)[: PARAMS.n_fft]
    spectrum = np.zeros((BLOCK_ROWS, PARAMS.n_fft // 2 + 1), np.complex64)

    def run() -> None:
        for start in range(0, rows, BLOCK_ROWS):
            n = min(BLOCK_ROWS, rows - start)
            np.fft.rfft(frames[:n], norm="forward", out=spectrum[:n])

    return run


def window_times(peers: dict[str, Peer], rounds: int) -> dict[str, float]:
    """Seconds for one 3 s window."""
    window = demo_sound(20.0)[-PARAMS.window_samples :].copy()
    front_end = FrontEnd(PARAMS)
    candidates: dict[str, Callable[[], object]] = {
        "edge-genre": lambda: front_end(window),
        "FFTs alone": fft_floor(),
    }
    for name, peer in peers.items():
        candidates[name] = lambda peer=peer: peer(window)
    return interleaved(candidates, rounds=rounds, calls=5)


def stream_times(hops: int, peers: dict[str, Peer], rounds: int) -> dict[str, float]:
    """Seconds for a 60 s stream: ours in chunks of 0.1 s, the peers window by window."""
    sound = demo_sound(STREAM_SECONDS)
    interval, length = hops * PARAMS.hop, PARAMS.window_samples
    starts = range(0, len(sound) - length + 1, interval)
    stream = StreamingFrontEnd(PARAMS, interval=interval)

    def ours() -> None:
        stream.reset()
        for start in range(0, len(sound), CHUNK):
            for _ in stream.push(sound[start : start + CHUNK]):
                pass

    # A window needs its new frames, and the four at its edges.
    rows = min(PARAMS.n_frames, hops + 4)
    floor = fft_floor(rows)
    candidates: dict[str, Callable[[], object]] = {
        "edge-genre": ours,
        "FFTs alone": lambda: [floor() for _ in starts],
    }
    for name, peer in peers.items():
        candidates[name] = lambda peer=peer: [
            peer(sound[start : start + length]) for start in starts
        ]
    return interleaved(candidates, rounds=rounds)


def largest_error(reference: Peer) -> float:
    """Largest difference from librosa's MFCC over signals of many kinds."""
    n = PARAMS.window_samples
    generator = np.random.default_rng(0)
    t = np.arange(n) / PARAMS.sample_rate
    demo = demo_sound(27.0)
    signals = [
        np.zeros(n),
        np.eye(1, n, n // 3)[0],
        np.sin(2 * np.pi * 440 * t),
        np.sin(2 * np.pi * 5000 * t**2),
        *(level * generator.standard_normal(n) for level in (1e-6, 1e-3, 0.1)),
        np.clip(3 * generator.standard_normal(n), -1, 1),
        *demo.reshape(9, n),
        *(gain * demo[n : 2 * n] for gain in (1e-4, 0.01, 4.0)),
    ]
    front_end = FrontEnd(PARAMS)
    errors = []
    for signal in signals:
        window = signal.astype(np.float32)
        errors.append(float(np.abs(front_end(window) - reference(window)).max()))
    return max(errors)


def allocations() -> dict[str, float]:
    """Traced bytes that a push of one hop takes at its peak, and that stay, per hop."""
    sound = demo_sound(STREAM_SECONDS)
    stream = StreamingFrontEnd(PARAMS, interval=32 * PARAMS.hop)
    hops = [sound[start : start + PARAMS.hop] for start in range(0, len(sound), PARAMS.hop)]
    for hop in hops[:400]:
        list(stream.push(hop))
    peaks, due_peaks = np.zeros(400), np.zeros(400)
    n = n_due = 0
    tracemalloc.start()
    begin, _ = tracemalloc.get_traced_memory()
    for hop in hops[400:800]:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        due = list(stream.push(hop))
        _, peak = tracemalloc.get_traced_memory()
        if due:
            due_peaks[n_due], n_due = peak - before, n_due + 1
        else:
            peaks[n], n = peak - before, n + 1
        del due
    remaining = tracemalloc.get_traced_memory()[0] - begin
    tracemalloc.stop()
    return {
        "peak_bytes_per_hop": float(np.median(peaks[:n])),
        "peak_bytes_per_window": float(np.median(due_peaks[:n_due])),
        "kept_bytes_per_hop": remaining / 400,
    }


def first_mfcc(rounds: int) -> dict[str, dict[str, float]]:
    """Wall time (ms) and peak memory (MiB) of new processes up to their first MFCC."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in PROCESSES}
    for _ in range(rounds):
        for name, program in PROCESSES.items():
            begin = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", program], check=True, capture_output=True, text=True
            )
            milliseconds = 1e3 * (time.perf_counter() - begin)
            samples[name].append((milliseconds, int(done.stdout) / 1024))
    return {
        name: {
            "ms": statistics.median(ms for ms, _ in rows),
            "peak_rss_mib": statistics.median(size for _, size in rows),
        }
        for name, rows in samples.items()
    }


def measure(rounds: int) -> dict[str, Any]:
    """Everything, as the JSON holds it."""
    peers, missing = available()
    librosa = peers.get("librosa")
    windows = window_times(peers, rounds)
    ours = windows["edge-genre"]
    streams = {
        name: stream_times(hops, peers, max(1, rounds // 5)) for name, hops in OVERLAPS.items()
    }
    results: dict[str, Any] = {
        "segment_ms": {name: 1e3 * seconds for name, seconds in windows.items()},
        "segment_vs": {name: seconds / ours for name, seconds in windows.items()},
        "segment_vs_fft_floor": ours / windows["FFTs alone"],
        "stream_us_per_second_of_audio": {
            name: 1e6 * row["edge-genre"] / STREAM_SECONDS for name, row in streams.items()
        },
        "stream_vs": {
            name: {peer: seconds / row["edge-genre"] for peer, seconds in row.items()}
            for name, row in streams.items()
        },
        "allocations": allocations(),
        "new_process": first_mfcc(max(3, rounds // 2)),
        "missing_peers": missing,
        "machine": {
            "processor": platform.machine(),
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
    }
    if librosa is not None:
        results["segment_vs_librosa"] = windows["librosa"] / ours
        results["stream_vs_librosa"] = {
            name: row["librosa"] / row["edge-genre"] for name, row in streams.items()
        }
        results["max_abs_error_mfcc"] = largest_error(librosa)
    return results


def table(results: dict[str, Any]) -> str:
    """What a person reads."""
    lines = [f"{'one 3 s window':<26} {'ms':>8} {'times ours':>11}"]
    for name, ms in sorted(results["segment_ms"].items(), key=lambda item: item[1]):
        lines.append(f"{name:<26} {ms:>8.3f} {results['segment_vs'][name]:>11.2f}")
    lines += [f"{name:<26} not installed" for name in results["missing_peers"]]
    overlaps = results["stream_us_per_second_of_audio"]
    lines += ["", f"{'60 s stream, overlap':<26}" + "".join(f"{name:>9}" for name in overlaps)]
    lines.append(
        f"{'ours, us per s of sound':<26}" + "".join(f"{us:>9.0f}" for us in overlaps.values())
    )
    for peer in results["stream_vs"]["0.50"]:
        ratios = (f"{results['stream_vs'][name][peer]:>8.1f}x" for name in overlaps)
        lines.append(f"{peer:<26}" + "".join(ratios))
    process, memory = results["new_process"], results["allocations"]
    lines += [
        "",
        f"largest error against librosa    {results.get('max_abs_error_mfcc', float('nan')):.1e}",
        f"ours / FFTs alone                {results['segment_vs_fft_floor']:.2f}",
        *(
            f"new process, {name:<20} {row['ms']:.0f} ms, {row['peak_rss_mib']:.1f} MiB"
            for name, row in process.items()
        ),
        f"bytes per hop                    {memory['peak_bytes_per_hop']:.0f} at the peak, "
        f"{memory['kept_bytes_per_hop']:.1f} kept",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    results = measure(args.rounds)
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
