"""One file is all that a device needs: the network with its manifest inside.

The network is always the first ``manifest.weights.bytes`` bytes of the file, unchanged, which is
what its checksum covers; the manifest has a checksum of its own (`manifest_sha256`). It
follows the network: in a ``.tflite`` as an appended zip archive
(``unzip -l model.tflite`` lists it; the convention of TFLite Metadata for associated files), in
an ``.onnx`` as ``metadata_props`` (protobuf messages may be concatenated: fields of the second
are added to the first), in an ``.npz`` as further members of the archive, with a new directory of
all members at the end.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..atomic_write import write_atomically
from ..errors import ModelFileError, ParameterError
from ..regular_file import check_regular
from ..unicode_text import escaped
from .manifest import Manifest, verify_checksum, with_checksum

_BUNDLED = Path(__file__).parents[1] / "bundled"
BUNDLED = {name: _BUNDLED / f"{name}.tflite" for name in ("tiny", "base", "plus", "seed-cnn")}
"""Models that ship with the package, by the name that stands for their path"""

BUNDLED_MODEL = BUNDLED["tiny"]
"""The model that runs where none is named."""

MANIFEST_NAME = "manifest.json"
LABELS_NAME = "labels.txt"
ONNX_KEY = "edge_genre_manifest"

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""A fixed time stamp, so that the same export gives the same bytes."""

_LARGEST_MANIFEST = 2**24
"""Bytes. A compressed member may claim to be anything; one with a manifest is a few KB."""

_ONNX_METADATA_PROPS = 14
"""Field number of ``ModelProto.metadata_props`` (onnx.proto)."""


@dataclass(frozen=True)
class ModelFile:
    """A model that was read and whose weights match its manifest."""

    source: str
    """What messages call it: its path, or ``model`` where it came as bytes"""
    manifest: Manifest
    network: bytes
    """The TFLite flatbuffer, the ONNX protobuf or the .npz archive, without the manifest"""
    sha256: str = ""
    """Of the whole file; empty where there is none"""


def read_model(model: str | Path | bytes) -> ModelFile:
    """Read a model, validate its manifest and check its weights.

    Parameters
    ----------
    model : str, Path or bytes
        Path of a file, a name in `BUNDLED`, or the content of a file.

    Raises
    ------
    ParameterError
        If it is none of these.
    ModelFileError
        If the file is missing, is no model, has no manifest, or was changed or cut off: the
        weights, or the manifest.
    ManifestVersionError
        If it was written for a newer runtime.
    """
    if isinstance(model, bytes):
        return _parse(model, "model", may_be_onnx=True)
    if not isinstance(model, (str, os.PathLike)):
        raise ParameterError(
            f"model is a {type(model).__name__}; give the path of a file, a name "
            f"({', '.join(BUNDLED)}), or the bytes of a file"
        )
    path = BUNDLED.get(str(model), Path(model))
    try:
        check_regular(path)
        data = path.read_bytes()
    except IsADirectoryError:
        raise ModelFileError(
            f"{path}: is a folder; name a model file (edge-genre export makes one of a run)"
        ) from None
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such model file; check the path") from None
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from None
    return _parse(data, str(path), may_be_onnx=path.suffix.lower() == ".onnx")


def _parse(data: bytes, source: str, *, may_be_onnx: bool) -> ModelFile:
    """Read the content of a file; an ONNX one has nothing at its start to know it by."""
    if data[4:8] == b"TFL3" or data[:4] == b"PK\3\4":
        text = _zip_manifest(data, source)
    elif may_be_onnx:
        text = _onnx_manifest(data, source)
    else:
        raise ModelFileError(
            f"{source}: is not a model (TFLite, ONNX or NumPy); make one with: edge-genre export"
        )
    if text is None:
        raise ModelFileError(
            f"{source}: holds no edge-genre manifest, so its labels and front end are unknown; "
            "make the file with: edge-genre export"
        )
    manifest = Manifest.from_json(text, source=source)
    verify_checksum(text, source)
    network = data[: manifest.weights.bytes]
    if hashlib.sha256(network).hexdigest() != manifest.weights.sha256:
        raise ModelFileError(
            f"{source}: its weights do not match the checksum in its manifest: the file was "
            "changed or damaged; copy or export it again"
        )
    return ModelFile(source, manifest, network, hashlib.sha256(data).hexdigest())


def write_model(path: Path, network: bytes, manifest: Manifest) -> None:
    """Write network and manifest as one file; the old file stays until the new one is whole.

    Parameters
    ----------
    path : Path
    network : bytes
    manifest : Manifest
        Its ``weights`` must describe `network`.

    Raises
    ------
    ModelFileError
        If the file cannot be written.
    """
    write_atomically(path, model_bytes(network, manifest))


def model_bytes(network: bytes, manifest: Manifest) -> bytes:
    """The content of the file that `write_model` writes."""
    text = with_checksum(manifest.to_json())
    if manifest.weights.format == "onnx":
        return network + _onnx_entry(ONNX_KEY, text)
    return network + _zip_tail(
        network, {MANIFEST_NAME: text, LABELS_NAME: escaped(_lines(manifest.labels))}
    )


def _lines(labels: tuple[str, ...]) -> str:
    return "".join(f"{label}\n" for label in labels)


def _zip_manifest(data: bytes, source: str) -> str | None:
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.getinfo(MANIFEST_NAME).file_size > _LARGEST_MANIFEST:
                raise ValueError("it is absurdly large")
            return archive.read(MANIFEST_NAME).decode()
    except KeyError:
        return None
    except Exception as error:  # zipfile and zlib raise half a dozen kinds for damaged archives
        raise ModelFileError(
            f"{source}: its manifest is damaged ({error}); copy or export the file again"
        ) from None


def _zip_tail(network: bytes, members: dict[str, str]) -> bytes:
    buffer = io.BytesIO(network)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        # Behind the network, all of it: zipfile would write over the directory of an .npz, which
        # the checksum covers. The new directory lists the old members, too.
        archive.start_dir = len(network)
        for name, text in members.items():
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return buffer.getvalue()[len(network) :]


def _onnx_manifest(data: bytes, source: str) -> str | None:
    """The manifest out of an ONNX protobuf, without the onnx package.

    Walks the top-level fields of the wire format (protobuf.dev, "Encoding"); the large ones are
    skipped, not read.
    """
    try:
        position, manifest = 0, None
        while position < len(data):
            key, position = _varint(data, position)
            number, wire_type = key >> 3, key & 7
            if wire_type == 0:
                _, position = _varint(data, position)
                continue
            if wire_type != 2:
                raise ValueError(f"wire type {wire_type}")
            length, position = _varint(data, position)
            field = data[position : position + length]
            if len(field) < length:
                raise ValueError("cut off")
            position += length
            if number == _ONNX_METADATA_PROPS:
                name, value = _onnx_entry_parts(field)
                manifest = value if name == ONNX_KEY else manifest
        return manifest
    except (ValueError, IndexError) as error:
        raise ModelFileError(f"{source}: is not an ONNX model or is damaged ({error})") from None


def _onnx_entry_parts(entry: bytes) -> tuple[str, str]:
    """Key and value of a ``StringStringEntryProto``."""
    parts = {1: "", 2: ""}
    position = 0
    while position < len(entry):
        key, position = _varint(entry, position)
        length, position = _varint(entry, position)
        parts[key >> 3] = entry[position : position + length].decode()
        position += length
    return parts[1], parts[2]


def _onnx_entry(key: str, value: str) -> bytes:
    """A ``ModelProto`` that holds one ``metadata_props`` entry and nothing else."""
    entry = b"".join(
        bytes([number << 3 | 2]) + _to_varint(len(text)) + text
        for number, text in ((1, key.encode()), (2, value.encode()))
    )
    return bytes([_ONNX_METADATA_PROPS << 3 | 2]) + _to_varint(len(entry)) + entry


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise ValueError("varint of more than 64 bits")


def _to_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
