"""Computing the features of many clips on all cores, shard by shard."""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path

from edge_runtime.cli import warn
from edge_runtime.errors import AudioFormatError, DataSetError, MissingDependencyError
from edge_runtime.frontend import FrontEnd
from edge_runtime.frontend.model_input import ModelInput
from edge_runtime.library.ray_engine import RayCluster
from edge_runtime.processes import can_start_processes, die_with_parent, interrupts_held

from .clip import Clip, clip_features
from .store import FeatureStore, ShardWriter, StoreSettings

_CLIPS_PER_SHARD = 8
"""At least; a killed worker loses one shard at most, which is a second's work or less."""
_SHARDS_PER_RUN = 256
"""At most: each that is mapped into memory is an open file, and 1024 of them is a usual limit."""


@dataclass(frozen=True)
class Finished:
    """A shard that is on disk."""

    n_clips: int
    index: Path | None
    """None for an empty one"""
    unreadable: tuple[tuple[Clip, str], ...]
    """Clips that cannot be read on this machine now: the store says nothing of them"""


def compute(
    store: FeatureStore,
    clips: Sequence[Clip],
    workers: int,
    cluster: RayCluster | None = None,
) -> Iterator[Finished]:
    """Features of clips, put into a store.

    A worker is a process, not a thread, so that a decoder that crashes takes only its own shard
    along, and Python's lock is no limit on many cores. Memory does not grow with the number of
    clips: features go from a worker to disk window by window.

    Parameters
    ----------
    store : FeatureStore
    clips : sequence of Clip
        Not in the store yet.
    workers : int
        Processes; of up to eight clips, none is started.
    cluster : RayCluster, optional
        Does the work, whatever `workers` is; its machines write into the store's folder.

    Raises
    ------
    DataSetError
        If the store cannot be written, or workers are killed again and again.
    """
    size = max(_CLIPS_PER_SHARD, math.ceil(len(clips) / _SHARDS_PER_RUN))
    batches = [clips[start : start + size] for start in range(0, len(clips), size)]
    if cluster is not None:
        yield from _on_cluster(store, batches, cluster)
        return
    workers = min(workers, len(batches))
    if workers > 1 and can_start_processes():
        yield from _in_processes(store, batches, workers)
    # What is left: all of it, where no processes can be started.
    for batch in batches:
        finished = _write_shard(store.folder, store.settings, batch, lambda: False)
        _take_up(store, finished)
        yield finished


def _in_processes(
    store: FeatureStore, batches: list[Sequence[Clip]], workers: int
) -> Iterator[Finished]:
    for attempt in (1, 2):
        futures: dict[Future[Finished], Sequence[Clip]] = {}
        try:
            pool, stop = _pool(workers)
        except (OSError, ImportError) as error:
            warn(no_processes(error))
            return
        try:
            try:
                with interrupts_held():
                    for batch in batches:
                        futures[pool.submit(_write_shard_in_worker, *_of(store), batch)] = batch
            except OSError as error:  # a limit on processes or open files
                raise DataSetError(
                    f"{store.folder}: processes that compute features cannot be started "
                    f"({error.strerror}); what was finished is kept: run the same command again "
                    "with --workers 1"
                ) from None
            for future in as_completed(futures):
                if isinstance(future.exception(), BrokenProcessPool):
                    continue
                finished = future.result()
                batches.remove(futures[future])
                _take_up(store, finished)
                yield finished
        except BrokenProcessPool:
            pass  # a worker died before all was handed out
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
        if not batches:
            return
        if attempt == 1:
            warn(
                "a process that computes features was killed (out of memory?); what was "
                "finished is kept, and the rest is tried once more"
            )
    raise DataSetError(
        f"{store.folder}: processes that compute features were killed twice (out of memory?); "
        "what was finished is kept: run the same command again, with fewer --workers if memory is "
        "short"
    )


def _on_cluster(
    store: FeatureStore, batches: list[Sequence[Clip]], cluster: RayCluster
) -> Iterator[Finished]:
    for finished in cluster.map(partial(_ShardWork, *_of(store)), lambda _: [batches]):
        if finished.index is not None and not finished.index.exists():
            raise DataSetError(
                f"{store.folder}: what machines of the cluster write there is not seen here; name "
                "a folder that they all share (--cache or --out)"
            )
        _take_up(store, finished)
        yield finished


class _ShardWork:
    """Writes shards, on a machine of a cluster."""

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        from threadpoolctl import threadpool_limits

        threadpool_limits(1)  # every core has a worker already
        self._folder, self._settings = folder, settings

    def __call__(self, clips: Sequence[Clip]) -> Finished:
        return _write_shard(self._folder, self._settings, clips, lambda: False)


def no_processes(error: OSError | ImportError) -> str:
    """What to say where processes that share the work cannot be made; one does it then."""
    reason = getattr(error, "strerror", None) or error
    return (
        f"/dev/shm: cannot be used ({reason}), and without it no processes can share the work; one "
        "does it all, as with --workers 1"
    )


def _pool(workers: int) -> tuple[ProcessPoolExecutor, Event]:
    """Processes that are started when there is work, and what tells them to stop."""
    # A process that is forked from one with threads may hang; a spawned one may not.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    return ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(stop,)
    ), stop


def _of(store: FeatureStore) -> tuple[Path, StoreSettings]:
    return store.folder, store.settings


def _take_up(store: FeatureStore, finished: Finished) -> None:
    if finished.index is not None and not store.add(finished.index):
        raise DataSetError(
            f"{finished.index}: was changed as soon as it was written; does another process "
            "use this folder? Run the same command again"
        )


_stop: Event | None = None
"""In a worker: set when no more clips are wanted."""


def _start_worker(stop: Event) -> None:
    global _stop  # noqa: PLW0603  # an initializer has no other way to leave something behind
    _stop = stop
    # Ctrl-C reaches every process of the terminal; the main one stops the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=die_with_parent, daemon=True).start()
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # every core has a worker already


def _write_shard_in_worker(
    folder: Path, settings: StoreSettings, clips: Sequence[Clip]
) -> Finished:
    stop = _stop
    return _write_shard(folder, settings, clips, lambda: stop is not None and stop.is_set())


def _write_shard(
    folder: Path, settings: StoreSettings, clips: Sequence[Clip], stopped: Callable[[], bool]
) -> Finished:
    second = None if settings.second is None else FrontEnd(settings.second)
    front_end = ModelInput(FrontEnd(settings.params), second)
    unreadable = []
    with ShardWriter(folder, settings) as shard:
        for clip in clips:
            if stopped():
                break
            digest, starts = hashlib.sha256(), []
            windows = clip_features(
                clip,
                settings.params,
                front_end,
                settings.step,
                augmentation=settings.augmentation,
                digest=digest,
            )
            try:
                for start, features in windows:
                    shard.write(features)
                    starts.append(start)
            except AudioFormatError as error:
                reason = str(error).removeprefix(f"{clip.path}: ")
                shard.drop_clip(clip.sha256, clip.copy, reason)
            except (
                MissingDependencyError,
                OSError,
            ) as error:  # a missing library, a lost network folder
                shard.forget_clip()
                unreadable.append((clip, _reason(clip, error)))
            else:
                shard.end_clip(clip.sha256, clip.copy, digest.hexdigest(), starts)
    return Finished(len(clips), shard.index, tuple(unreadable))


def _reason(clip: Clip, error: MissingDependencyError | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return str(error).removeprefix(f"{clip.path}: ")
