"""Training on several machines: who takes part, and what they add up.

Keras 3 does not fit a model that was made within ``tf.distribute.MultiWorkerMirroredStrategy``: it
hands the per-replica values of the strategy to operations that take tensors alone. So each worker
has a model of its own, and the strategy's cluster adds up the gradients of every step.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import EdgeGenreError, ParameterError
from edge_runtime.printable import printable
from edge_runtime.stderr import quiet_stderr

VARIABLE = "TF_CONFIG"
_REMEDY = (
    f'; {VARIABLE} is {{"cluster": {{"worker": ["HOST:PORT", ...]}}, '
    '"task": {"type": "worker", "index": 0}}'
)
WAIT_S = 300
"""For how long a worker waits for the others at the start"""
_CALL_S, _AGAIN_S, _CALL_BYTES, _GO = 5.0, 0.5, 65_536, b"go"
"""Of a call to the chief: time for it to speak, time between two, its length, and the answer"""
_GROUP, _GRADIENTS = 20_000, 1
"""Keys of collective operations: of all workers, and of the gradients"""


class ClusterError(EdgeGenreError):
    """Workers that cannot be reached, or that went away."""


@dataclass(frozen=True)
class Cluster:
    """The machines of a training, and which of them this one is."""

    addresses: tuple[str, ...]
    """``host:port`` of each; the first one, the chief, writes the run folder"""
    index: int
    """Of this one"""

    @property
    def is_chief(self) -> bool:
        """Whether this one writes the run folder."""
        return self.index == 0

    def own(self, files: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Indices of the windows that are this worker's: those of every n-th file.

        Parameters
        ----------
        files : (windows,) int64
            Index of each window's file.
        """
        return self._share(files, self.index)

    def sizes(self, files: npt.NDArray[np.int64]) -> list[int]:
        """How many windows each worker has."""
        return [len(self._share(files, index)) for index in range(len(self.addresses))]

    def _share(self, files: npt.NDArray[np.int64], index: int) -> npt.NDArray[np.int64]:
        rank = np.unique(files, return_inverse=True)[1]
        return np.flatnonzero(rank % len(self.addresses) == index)


def cluster_of(text: str | None) -> Cluster | None:
    """Read ``TF_CONFIG``; None where there is none, or one machine alone.

    Parameters
    ----------
    text : str or None
        Its value.

    Raises
    ------
    ParameterError
        If it makes no sense.

    Examples
    --------
    >>> task = '"task": {"type": "worker", "index": 1}'
    >>> cluster_of(f'{{"cluster": {{"worker": ["a:1", "b:1"]}}, {task}}}')
    Cluster(addresses=('a:1', 'b:1'), index=1)
    """
    if not text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"{VARIABLE} is no JSON ({printable(str(error))}){_REMEDY}") from None
    try:
        cluster, task = found["cluster"], found["task"]
        by_type = {name: list(cluster[name]) for name in ("chief", "worker") if name in cluster}
        others = sorted({*cluster} - {*by_type})
        kind, index = task["type"], task["index"]
    except (KeyError, TypeError, AttributeError):
        raise ParameterError(f"{VARIABLE} names no cluster or no task{_REMEDY}") from None
    if others or kind not in by_type:
        other = printable(str((others or [kind])[0]))
        raise ParameterError(
            f"{VARIABLE}: a training has workers and perhaps a chief, no {other}{_REMEDY}"
        )
    if len(by_type.get("chief", ())) > 1:
        raise ParameterError(f"{VARIABLE} names more than one chief{_REMEDY}")
    addresses = [address for name in ("chief", "worker") for address in by_type.get(name, ())]
    for address in addresses:
        host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ParameterError(
                f"{VARIABLE}: {printable(str(address))!r} is no address HOST:PORT{_REMEDY}"
            )
    if len(set(addresses)) < len(addresses):
        raise ParameterError(f"{VARIABLE} names one address twice{_REMEDY}")
    if type(index) is not int or not 0 <= index < len(by_type[kind]):
        raise ParameterError(
            f"{VARIABLE}: task {printable(str(index))} is none of the {len(by_type[kind])} "
            f"addresses of {kind}{_REMEDY}"
        )
    index += len(by_type.get("chief", ())) if kind == "worker" else 0
    return Cluster(tuple(addresses), index) if len(addresses) > 1 else None


class Workers:
    """This machine among the others: all of them call the same methods in the same order.

    Parameters
    ----------
    cluster : Cluster

    Raises
    ------
    ClusterError
        If not all of them are there in time.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._strategy = _joined(cluster)
        self._keys = itertools.count(_GRADIENTS + 1)

    def _add_up(self, values: Sequence[Any], key: int) -> list[Any]:
        """Sums of tensors over all workers.

        Parameters
        ----------
        values : sequence of tensors
            Of the same shapes and the one dtype everywhere.
        key : int
            One for each set of shapes.
        """
        import tensorflow as tf

        shapes = [tf.shape(value) for value in values]
        sizes = [tf.size(value) for value in values]
        with tf.device("CPU:0"):
            flat = tf.concat([tf.reshape(value, [-1]) for value in values], axis=0)
            total = tf.raw_ops.CollectiveReduceV2(
                input=flat,
                group_size=len(self.cluster.addresses),
                group_key=_GROUP,
                instance_key=key,
                ordering_token=[],
                merge_op="Add",
                final_op="Id",
                communication_hint="ring",
            )
        parts = tf.split(total, sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, shapes, strict=True)]

    def total(self, values: Sequence[float]) -> list[float]:
        """Sums of numbers."""
        import tensorflow as tf

        (sums,) = self._add_up([tf.constant(values, tf.float64)], next(self._keys))
        return [float(value) for value in sums.numpy()]

    def from_chief(self, values: Sequence[float]) -> list[float]:
        """The chief's numbers."""
        return self.total(values if self.cluster.is_chief else [0.0] * len(values))

    def copy_chief(self, variables: Sequence[Any]) -> None:
        """Give variables the values that they have at the chief."""
        self._assign(variables, 1.0 if self.cluster.is_chief else 0.0)

    def average(self, variables: Sequence[Any]) -> None:
        """Give variables the mean of their values: statistics of batches differ between workers."""
        self._assign(variables, 1.0 / len(self.cluster.addresses))

    def _assign(self, variables: Sequence[Any], weight: float) -> None:
        import tensorflow as tf

        values = [tf.cast(tf.convert_to_tensor(one), tf.float64) * weight for one in variables]
        for variable, value in zip(variables, self._add_up(values, next(self._keys)), strict=True):
            variable.assign(tf.cast(value, variable.dtype))

    def add_up_gradients(self, optimizer: Any) -> None:
        """Make an optimizer take the mean of the gradients of all workers."""
        apply: Callable[..., Any] = optimizer.apply
        n = len(self.cluster.addresses)

        def apply_mean(gradients: Any, variables: Any = None) -> Any:
            gradients = [gradient / n for gradient in gradients]
            return apply(self._add_up(gradients, _GRADIENTS), variables)

        optimizer.apply = apply_mean

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it, a worker that goes away is an error of its own kind.

        Raises
        ------
        ClusterError
            If one went away.
        """
        import tensorflow as tf

        try:
            yield
        except tf.errors.OpError as error:
            reason = printable(str(error.message).partition("\n")[0])[:200]
            raise ClusterError(
                f"{VARIABLE}: another worker ended or cannot be reached any more ({reason}); start "
                "all of them again, with --resume"
            ) from None


def _joined(cluster: Cluster) -> Any:
    for address in cluster.addresses:
        host, _, port = address.rpartition(":")
        try:
            socket.getaddrinfo(host.strip("[]"), int(port))
        except OSError as error:
            raise ClusterError(
                f"{VARIABLE}: {printable(address)} cannot be found ({error.strerror}); check the "
                "name"
            ) from None
    names = ", ".join(a for i, a in enumerate(cluster.addresses) if i != cluster.index)
    print(f"waiting for {printable(names)}", file=sys.stderr, flush=True)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _meet(cluster)
    with quiet_stderr():
        import tensorflow as tf

        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except (tf.errors.OpError, RuntimeError) as error:
            reason = printable(str(error).partition("\n")[0])[:200]
            raise ClusterError(
                f"{VARIABLE}: {cluster.addresses[cluster.index]} cannot be used ({reason}); name "
                "a free port of this machine"
            ) from None


def _meet(cluster: Cluster) -> None:
    """Wait until all workers are there: TensorFlow would wait for an hour, and take no Ctrl-C.

    The others call the chief at the very port that TensorFlow takes next.
    """
    deadline = time.monotonic() + WAIT_S
    try:
        if cluster.is_chief:
            _receive(cluster, deadline)
        else:
            _call(cluster, deadline)
    except TimeoutError as error:
        raise ClusterError(
            f"{VARIABLE}: {error} within {WAIT_S} s; start edge-genre train on each machine with "
            "the same cluster, and let the ports through"
        ) from None
    except OSError as error:
        raise ClusterError(
            f"{VARIABLE}: {printable(cluster.addresses[0])} cannot be used ({error.strerror}); "
            "name a free port of this machine"
        ) from None


def _receive(cluster: Cluster, deadline: float) -> None:
    port = int(cluster.addresses[0].rpartition(":")[2])
    lacking = set(range(1, len(cluster.addresses)))
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("", port)))
        calls = []
        while lacking:
            names = ", ".join(printable(cluster.addresses[index]) for index in sorted(lacking))
            server.settimeout(_left(deadline, f"no call from {names}"))
            try:
                call = stack.enter_context(server.accept()[0])
                call.settimeout(_CALL_S)
                addresses, index = json.loads(call.recv(_CALL_BYTES))
            except (ValueError, TypeError, OSError):
                continue  # a stranger, or one that has gone again; or the time is over
            if tuple(addresses) == cluster.addresses and index in lacking:
                lacking.remove(index)
                calls.append(call)
        for call in calls:
            call.sendall(_GO)


def _call(cluster: Cluster, deadline: float) -> None:
    host, _, port = cluster.addresses[0].rpartition(":")
    chief = printable(cluster.addresses[0])
    while True:
        left = _left(deadline, f"no answer from {chief}, or it waits for others,")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=left) as call:
                call.sendall(json.dumps([cluster.addresses, cluster.index]).encode())
                if call.recv(len(_GO)) == _GO:
                    return
        except OSError:
            pass
        time.sleep(_AGAIN_S)


def _left(deadline: float, fault: str) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(fault)
    return left
