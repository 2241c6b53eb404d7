"""A network as an ``.npz``: the graph as JSON, the weights as float32 arrays.

An ``.npz`` is a zip archive of ``.npy`` files. Its members are stored, not compressed: weights
hardly shrink, and an archive can then not unpack to more than it weighs.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import ModelFileError, ParameterError
from ...model.from_json import dataclass_from_json
from .plan import Array, Weights

GRAPH_NAME = "graph.json"

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""A fixed time stamp, so that the same export gives the same bytes."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One operation; its output is called as the layer is."""

    op: str
    """Key of `edge_runtime.backends.numpy_ops.OPERATIONS`"""
    name: str
    inputs: tuple[str, ...]
    """Outputs of earlier layers, or the graph's input"""
    weights: tuple[str, ...] = ()
    """Names of its arrays, each the member ``NAME/ARRAY.npy`` of the archive"""
    attributes: dict[str, Any] = field(default_factory=dict)
    weights_of: str | None = None
    """The layer whose arrays these are, where a network calls it several times; left out elsewhere.
    Runtimes before 0.2.0 do not know it"""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network without its weights. Shapes have no batch axis: windows run one by one."""

    input: str
    output: str
    layers: tuple[Layer, ...]
    """Each after those whose outputs it takes"""

    def __post_init__(self) -> None:
        known = {self.input}
        for layer in self.layers:
            if missing := [name for name in layer.inputs if name not in known]:
                raise ParameterError(f"layer {layer.name!r} takes {missing[0]!r}, which none made")
            if layer.name in known:
                raise ParameterError(f"two layers are called {layer.name!r}")
            known.add(layer.name)
        if self.output not in known:
            raise ParameterError(f"no layer makes the output {self.output!r}")


def write_graph(graph: Graph, weights: Weights) -> bytes:
    """A network as the bytes of an ``.npz``, without a manifest.

    Parameters
    ----------
    graph : Graph
    weights : mapping of str to float32 array
        By ``LAYER/ARRAY``.
    """
    values = dataclasses.asdict(graph)
    for layer in values["layers"]:
        if layer["weights_of"] is None:
            del layer["weights_of"]
    text = json.dumps(values, indent=1) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(GRAPH_NAME, _ZIP_TIME), text)
        for name, array in weights.items():
            member = io.BytesIO()
            np.lib.format.write_array(
                member, np.ascontiguousarray(array, np.float32), allow_pickle=False
            )
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_TIME), member.getvalue())
    return buffer.getvalue()


def read_graph(network: bytes, where: str) -> tuple[Graph, dict[str, Array]]:
    """Graph and weights of an ``.npz``; the weights by ``LAYER/ARRAY``.

    Parameters
    ----------
    network : bytes
    where : str
        How to begin the message of an error.

    Raises
    ------
    ModelFileError
        If it is no such archive, its graph makes no sense, or an array is missing or damaged.
    """
    members = _members(network, where)
    if GRAPH_NAME not in members:
        raise ModelFileError(f"{where}: holds no {GRAPH_NAME}; make it with: edge-genre export")
    try:
        values = json.loads(members[GRAPH_NAME])
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{where}: its {GRAPH_NAME} is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise ModelFileError(f"{where}: its {GRAPH_NAME} is not a JSON object; export it again")
    graph = dataclass_from_json(Graph, values, f"{where}: graph")
    weights: dict[str, Array] = {}
    for layer in graph.layers:
        for array in layer.weights:
            name = f"{layer.weights_of or layer.name}/{array}"
            if name not in weights:
                if f"{name}.npy" not in members:
                    raise ModelFileError(f"{where}: weights {name} are missing; export it again")
                weights[name] = _array(members[f"{name}.npy"], f"{where}: weights {name}")
            weights[f"{layer.name}/{array}"] = weights[name]
    return graph, weights


def _members(network: bytes, where: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(network)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("a member is compressed")
            if sum(entry.file_size for entry in entries) > len(network):
                raise ValueError("its members are larger than the archive")
            return {entry.filename: archive.read(entry) for entry in entries}
    except Exception as error:  # zipfile raises half a dozen kinds for damaged archives
        raise ModelFileError(
            f"{where}: its network is damaged ({error}); copy or export the file again"
        ) from None


def _array(member: bytes, where: str) -> Array:
    """An array of a ``.npy``: numpy's own reader would believe any size that its header says."""
    stream = io.BytesIO(member)
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("not version 1.0")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
        data = member[stream.tell() :]
        if (
            dtype != np.dtype("<f4")
            or fortran_order
            or len(data) != 4 * math.prod(shape)
            or not data
        ):
            raise ValueError(f"{len(data)} bytes for {dtype} {shape}")
        array = np.frombuffer(data, "<f4").astype(np.float32).reshape(shape)
    except Exception as error:  # the header is a Python literal, and may be wrong in many ways
        reason = " ".join(str(error).split())[:120]
        raise ModelFileError(f"{where} are damaged ({reason}); export the model again") from None
    if not np.isfinite(array).all():
        raise ModelFileError(f"{where} hold NaN or infinity; export the model again")
    return array
