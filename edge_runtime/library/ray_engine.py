"""Work on all machines of a Ray cluster: Ray Data hands batches of it to a pool of actors.

Ray is imported when there is work. An actor that is lost is made again, on another machine if need
be, and its batches are worked on once more. A file that crashes its decoder does not end an actor:
each has a process of its own for that, the one of `edge_runtime.library.pool`.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import re
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from ..errors import EdgeGenreError, MissingExtraError, ParameterError
from ..processes import main_module_hidden
from ..stderr import quiet_stderr
from ..version import __version__
from .inputs import Item
from .pool import Labels, Pool
from .row import Row
from .worker import Fault

_Batch = TypeVar("_Batch")
_Result = TypeVar("_Result")

_LOCAL, _AUTO = "local", "auto"
_HOST_PORT = re.compile(r"(?:\[(?P<six>[^\]/]+)\]|(?P<host>[^:/\s\[\]]+)):(?P<port>\d+)")
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # it would report to its makers
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what its native part prints
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # what it prints here of workers that were lost: all of it
    "RAY_worker_niceness": "0",  # else 15: a busy machine would starve it
}
"""What Ray is told where the user did not, before it is imported"""
_CONNECT_S = 5.0
_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
"""The first frame of either side in HTTP/2, which gRPC speaks; its fourth byte is its type"""
_HTTP2_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SETTINGS
_TRUE = ("1", "true", "True")
_LOOK_S = 0.2
"""How often the main thread looks whether it is to stop"""
_END_S = 2.0
_RETRIES = 8
"""Actors that may be lost over one batch; Ray's default is to try for ever."""
_RESULTS_WAITING = 16
"""Results that are fetched ahead; Ray Data holds back the actors when nobody takes theirs."""
_FILES_AT_MOST = 32
"""In a batch: each costs Ray some milliseconds, whatever is in it."""
_BATCHES_EACH = 4
"""At least, for each actor: the last files are spread over all."""
_FILES_AT_ONCE = 1 << 17
"""Handed to Ray; what comes after them is not taken from the list before they are done."""


class RayAddressError(EdgeGenreError):
    """A Ray cluster that does not answer, or that cannot be joined from here."""

    exit_code = 4


class RayClusterError(EdgeGenreError):
    """A Ray cluster that failed while it was used."""


@dataclass(frozen=True)
class RayCluster:
    """Where the work is done.

    Parameters
    ----------
    address : str, optional
        ``HOST:PORT`` of the head, or ``auto``, of the cluster that this machine belongs to. None
        takes ``$RAY_ADDRESS``; where that is not set, Ray is started on this machine, and ended
        with the work.
    actors : int, optional
        How many share the work; one for each CPU of the cluster if not given.
    """

    address: str | None = None
    actors: int | None = None

    def check(self) -> None:
        """Find out in good time what could not work.

        Raises
        ------
        MissingExtraError
            If Ray is not installed.
        ParameterError
            If the address is none.
        RayAddressError
            If nobody answers there.
        """
        _imported()
        address = self._address
        if address in (_LOCAL, _AUTO):
            return
        if address.startswith("ray://"):
            raise ParameterError(
                f"{self._source} {address}: Ray Data does not run over a Ray Client; send the "
                "command to the cluster with ray job submit (docs/how-to/scale.md)"
            )
        found = _HOST_PORT.fullmatch(address)
        if found is None or int(found["port"]) >= 1 << 16:
            raise ParameterError(
                f"{self._source} is {address!r}, which is no address of Ray; give HOST:PORT or "
                f"{_AUTO}"
            )
        try:
            to = found["six"] or found["host"], int(found["port"])
            _greet(to)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise RayAddressError(
                f"{self._source} {address}: no Ray cluster answers there ({reason}); start one "
                "with ray start --head, or check the address"
            ) from None

    def map(
        self,
        make: Callable[[], Callable[[_Batch], _Result]],
        batches: Callable[[int], Iterable[Sequence[_Batch]]],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[_Result]:
        """Results of batches, as they are finished.

        Parameters
        ----------
        make : callable
            Is pickled. Called once in each actor, and gives what is called with batches there.
        batches : callable
            Gives them, in lots of which each is finished before the next one is taken, for a number
            of actors.
        stopped : callable
            Whether to end early; asked several times a second.

        Raises
        ------
        EdgeGenreError
            The one that an actor met; or, as a `RayAddressError` or `RayClusterError`, that of Ray.
        """
        self.check()
        with self._joined() as ray:
            actors = self.actors or max(1, int(ray.cluster_resources().get("CPU", 1)))
            made = ray.put(_Made(__version__, str(Path.cwd()), pickle.dumps(make)))
            for lot in batches(actors):
                yield from _results(_dataset(ray, lot, made, actors), stopped)
                if stopped():
                    return

    @property
    def _address(self) -> str:
        return self.address or os.environ.get("RAY_ADDRESS") or _LOCAL

    @property
    def _source(self) -> str:
        return "--address" if self.address else "RAY_ADDRESS"

    @contextmanager
    def _joined(self) -> Iterator[Any]:
        """Ray, joined, or started on this machine; left again afterwards."""
        address = self._address
        ray = _imported()
        own: dict[str, Any] = {}
        if address == _LOCAL:
            own = {"num_cpus": self.actors, "include_dashboard": False}
        terminate = signal.getsignal(signal.SIGTERM)
        try:
            with warnings.catch_warnings(action="ignore"), quiet_stderr():
                ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, **own)
        except SystemExit:
            raise
        except Exception as error:  # of many kinds: whatever the first request to it met
            if own:
                raise RayAddressError(f"Ray cannot be started ({_first_line(error)})") from None
            raise RayAddressError(
                f"{self._source} {address}: cannot be joined ({_first_line(error)}); this machine "
                "must belong to the cluster, and if that wants a token RAY_AUTH_MODE=token be set"
            ) from None
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminate)  # Ray has put its own there
        _silence(ray)
        try:
            yield ray
        finally:
            with quiet_stderr():
                ray.shutdown()


def label_on_ray(
    labeller: Labels,
    items: Iterable[Item],
    cluster: RayCluster,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Row]:
    """As `edge_runtime.library.pool.label_items`, on a cluster.

    Parameters
    ----------
    labeller : Labels
        Is pickled; it must not need what is on this machine alone.
    items : iterable of Item
        Taken in lots. Each machine must reach them by the same name.
    cluster : RayCluster
    stopped : callable
        Whether to end early; asked several times a second.

    Raises
    ------
    EdgeGenreError
        As for `label_items`, and those of `RayCluster.map`.
    """
    remaining = iter(items)

    def batches(actors: int) -> Iterator[Sequence[list[Item]]]:
        while lot := list(islice(remaining, _FILES_AT_ONCE)):
            size = min(max(len(lot) // (actors * _BATCHES_EACH), 1), _FILES_AT_MOST)
            yield [lot[start : start + size] for start in range(0, len(lot), size)]

    for rows in cluster.map(partial(_LabelWork, labeller), batches, stopped):
        yield from rows


class _LabelWork:
    """Labels batches of files in a process of its own, which holds the model."""

    def __init__(self, labeller: Labels) -> None:
        self._pool = Pool(labeller, 1)

    def __call__(self, items: list[Item]) -> list[Row]:
        with main_module_hidden():  # it is Ray's, and would import all of Ray
            return list(self._pool.label(items))


class _Made(NamedTuple):
    version: str
    folder: str
    """Names of files may be relative to it"""
    work: bytes


class _Actor:
    """What Ray makes once in a process, and calls with batches."""

    def __init__(self, made: list[Any]) -> None:
        self._made = made  # in a list it stays a reference: Ray passes it on
        self._work: Callable[[Any], Any] | None = None

    def __call__(self, row: dict[str, bytes]) -> dict[str, bytes]:
        try:
            if self._work is None:  # not before: what goes wrong here is one line there
                self._work = self._loaded()
            result = self._work(pickle.loads(row["batch"]))
        except EdgeGenreError as error:
            result = Fault(str(error), error.exit_code)
        return {"result": pickle.dumps(result)}

    def _loaded(self) -> Callable[[Any], Any]:
        import ray

        made: _Made = ray.get(self._made[0])
        if made.version != __version__:
            raise RayClusterError(
                f"{socket.gethostname()}: edge-genre {__version__} is installed on this machine of "
                f"the cluster, and {made.version} where the command runs; install the same"
            )
        with suppress(OSError):  # it may have none such; whole names can be found all the same
            os.chdir(made.folder)
        make: Callable[[], Callable[[Any], Any]] = pickle.loads(made.work)
        return make()


def _greet(address: tuple[str, int]) -> None:
    """Find out whether a server of gRPC is there: Ray itself tries for minutes."""
    with socket.create_connection(address, timeout=_CONNECT_S) as connection:
        if os.environ.get("RAY_USE_TLS") in _TRUE:
            return
        connection.settimeout(_CONNECT_S)
        connection.sendall(_HTTP2_GREETING)
        answer = connection.recv(len(_SETTINGS))
        if answer[3:4] != _SETTINGS[3:4]:
            raise OSError("what answers is no Ray")


def _imported() -> Any:
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError:
        raise MissingExtraError("--engine ray", "ray") from None
    return ray


def _silence(ray: Any) -> None:
    """Leave the terminal to the command: what Ray Data logs is in its files, too."""
    ray.data.DataContext.get_current().enable_progress_bars = False
    log = logging.getLogger("ray.data")
    log.handlers = [one for one in log.handlers if not isinstance(one, logging.StreamHandler)]


def _dataset(ray: Any, batches: Sequence[Any], made: Any, actors: int) -> Any:
    rows = [{"batch": pickle.dumps(batch)} for batch in batches]
    with warnings.catch_warnings(action="ignore"):  # there is no other way to limit the retries
        return ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            _Actor,
            fn_constructor_args=([made],),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
            num_cpus=1,
            max_task_retries=_RETRIES,
        )


def _results(dataset: Any, stopped: Callable[[], bool]) -> Iterator[Any]:
    """Ray Data blocks until there is a result; here one looks every now and then."""
    found: queue.Queue[bytes | Exception | None] = queue.Queue(_RESULTS_WAITING)
    left = threading.Event()

    def put(result: bytes | Exception | None) -> None:
        while not left.is_set():
            with suppress(queue.Full):
                found.put(result, timeout=_LOOK_S)
                break

    def pull() -> None:
        try:
            for row in dataset.iter_rows():
                put(row["result"])
                if left.is_set():
                    return
            put(None)
        except Exception as error:
            put(error)

    thread = threading.Thread(target=pull, daemon=True)
    thread.start()
    try:
        while not stopped():
            try:
                packed = found.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if packed is None:
                return
            if isinstance(packed, Exception):
                raise _cluster_error(packed) from None
            result = pickle.loads(packed)
            if isinstance(result, Fault):
                error = EdgeGenreError(result.message)
                error.exit_code = result.exit_code
                raise error
            yield result
    finally:
        left.set()
        thread.join(_END_S)  # Ray Data ends its own threads then; what works longer is cut off


def _cluster_error(error: Exception) -> EdgeGenreError:
    if "No module named 'edge_runtime'" in str(error):
        return RayClusterError(
            f"machines of the Ray cluster have no edge-genre; install {__version__} on them all"
        )
    return RayClusterError(
        f"Ray gave up ({_first_line(error)}); what was finished is kept: run the same command again"
    )


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__
