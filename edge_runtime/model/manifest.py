"""The manifest: everything that the runtime knows of a model.

It travels inside the model file (see `edge_runtime.model.file`) as JSON. The field names here
are the JSON keys.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..decoder import SILENCE, UNKNOWN, DecoderSettings
from ..errors import ManifestVersionError, ModelFileError, ParameterError
from ..frontend import FrontEndParams, input_shape
from ..unicode_text import escaped
from ..version import __version__
from .from_json import dataclass_from_json

SCHEMA_VERSION = "1.3"
"""Minor versions add keys, which older runtimes ignore; a new major version is refused."""

CHECKSUM_KEY = "manifest_sha256"
"""Key of the checksum; it covers all other keys and their values, whatever the layout."""


@dataclass(frozen=True, kw_only=True)
class TensorInfo:
    """One tensor of the network, as it must be fed or read."""

    name: str
    shape: tuple[int, ...]
    """Batch first; -1 where any size goes"""
    dtype: str
    """numpy's name: ``"float32"``, ``"int8"``"""
    scale: float | None = None
    """Quantization step; None for floats"""
    zero_point: int | None = None
    """Quantized value of 0.0; None for floats"""

    def __post_init__(self) -> None:
        if len(self.shape) < 2:
            raise ParameterError(
                f"tensor {self.name!r} has shape {self.shape}; it must have 2 axes"
            )
        if self.dtype not in ("float32", "int8", "uint8", "int16"):
            raise ParameterError(f"tensor {self.name!r} has dtype {self.dtype!r}, which is not run")
        if self.dtype == "float32":
            return
        if self.scale is None or self.zero_point is None:
            raise ParameterError(
                f"tensor {self.name!r} is {self.dtype} without scale or zero_point"
            )
        if not 1e-12 < self.scale < 1e12:
            raise ParameterError(f"tensor {self.name!r} has scale {self.scale}; it must be above 0")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The network itself: the first `bytes` bytes of the model file."""

    format: str
    """``"tflite"``, ``"onnx"`` or ``"numpy"``"""
    quantization: str
    """``"none"``, ``"float16"``, ``"dynamic"``, ``"int8"``, ``"int8-float-io"`` or
    ``"int8-mixed"``"""
    bytes: int
    sha256: str

    def __post_init__(self) -> None:
        if self.format not in ("tflite", "onnx", "numpy"):
            raise ParameterError(
                f"weights format is {self.format!r}; it must be tflite, onnx or numpy"
            )


TAG_KINDS = ("genre", "mood", "voice", "instrument", "era")


@dataclass(frozen=True, kw_only=True)
class Tag:
    """Something else that a network says of music, true or not whatever the genre is."""

    name: str
    kind: str
    """``"genre"``, ``"mood"``, ``"voice"``, ``"instrument"`` or ``"era"``"""
    family: str | None = None
    """Of a style: what it is a kind of, such as ``electronic`` of ``techno``"""
    slope: float = 1.0
    """Calibration: the probability is the logistic function of ``slope * output + bias``"""
    bias: float = 0.0
    base_rate: float
    """Mean probability of music as it comes; what a tag says is how far it is above that"""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ParameterError("a tag has no name")
        if self.kind not in TAG_KINDS:
            raise ParameterError(
                f"tag {self.name!r} is of kind {self.kind!r}; it must be one of "
                f"{', '.join(TAG_KINDS)}"
            )
        if not 0.0 < self.slope <= 100.0 or not -100.0 <= self.bias <= 100.0:
            raise ParameterError(
                f"tag {self.name!r} has slope {self.slope} and bias {self.bias}; they must be "
                "above 0 to 100, and from -100 to 100"
            )
        if not 0.0 < self.base_rate < 1.0:
            raise ParameterError(
                f"tag {self.name!r} has base_rate {self.base_rate}; it must be between 0 and 1"
            )

    @property
    def path(self) -> str:
        """Family and name: ``electronic > techno``; the name alone where it is the family's."""
        if self.family in (None, self.name):
            return self.name
        return f"{self.family} > {self.name}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything that a device needs to know of a model."""

    schema_version: str = SCHEMA_VERSION
    name: str
    version: str
    labels: tuple[str, ...]
    """Genres, and whatever else the network has an output for, in the order of its outputs"""
    rejected: tuple[str, ...] = ()
    """Those of `labels` that are no genre: ``not music``, and ``other``, which is music of no
    genre that the model knows"""
    tags: tuple[Tag, ...] = ()
    """What the outputs behind those of `labels` are"""
    styles: tuple[Tag, ...] = ()
    """What the outputs behind those of `tags` are: styles of music, each with its family"""
    style_threshold: float = 0.3
    """A style with less probability is not named"""
    front_end: FrontEndParams
    second_front_end: FrontEndParams | None = None
    """A second one, of the same rate, that is given the samples in the middle of the window. Its
    coefficients, row after row, are further rows of the network's input"""
    input: TensorInfo
    output: TensorInfo
    output_kind: str
    """``"logits"`` or ``"posterior"``"""
    temperature: float = 1.0
    """Logits are divided by this before the softmax (calibration)"""
    window_correlation: float | None = None
    """How much the windows of one track say the same again, 0 to 1: the posterior of n windows is
    the product of theirs to the power of ``1 / (1 + (n - 1) * window_correlation)``. With null it
    is their mean"""
    decoder: DecoderSettings = field(default_factory=DecoderSettings)
    weights: Weights
    training: dict[str, Any]
    """Data set, split id and hash, command, commit, versions"""
    metrics: dict[str, Any]
    """Figures, each with the protocol it was measured by"""
    parity: dict[str, Any]
    """How the exported model compares with the one it was made from; its ``status`` is
    ``"passed"`` or ``"failed"`` (the file was written all the same, with ``--force``)"""
    conversion: dict[str, Any] = field(default_factory=dict)
    """How the network was converted: libraries, opset, representative windows"""
    licence: str
    attribution: str
    minimum_runtime: str
    """Oldest edge-genre that runs this file"""

    def __post_init__(self) -> None:
        check_labels(self.labels)
        strange = [label for label in self.rejected if label not in self.labels]
        if strange or len(set(self.rejected)) != len(self.rejected):
            raise ParameterError(
                f"rejected is {list(self.rejected)}; it must be different ones of the labels "
                f"{list(self.labels)}"
            )
        if len(self.genres) < 1:
            raise ParameterError("rejected names every label; at least one must be a genre")
        if self.output_kind not in ("logits", "posterior"):
            raise ParameterError(
                f"output_kind is {self.output_kind!r}; it must be 'logits' or 'posterior'"
            )
        self._check_outputs()
        expected = input_shape(self.front_end, self.second_front_end)
        if tuple(self.input.shape[1:3]) != expected:
            raise ParameterError(
                f"the network takes {self.input.shape[1:3]}, the front end makes {expected} "
                "(frames, coefficients)"
            )
        if not 0.01 <= self.temperature <= 100.0:
            raise ParameterError(f"temperature is {self.temperature}; it must be from 0.01 to 100")
        if self.window_correlation is not None and not 0.0 <= self.window_correlation <= 1.0:
            raise ParameterError(
                f"window_correlation is {self.window_correlation}; it must be from 0 to 1"
            )

    def _check_outputs(self) -> None:
        check_tags(self.tags, self.styles, self.style_threshold)
        named = len(self.labels) + len(self.tags) + len(self.styles)
        if self.output.shape[-1] != named:
            more = [f"{len(x)} {n}" for n in ("tags", "styles") if (x := getattr(self, n))]
            *before, last = f"{len(self.labels)} labels", *more
            raise ParameterError(
                f"the network has {self.output.shape[-1]} outputs for "
                f"{', '.join(before)}{' and ' * bool(before)}{last}"
            )
        if (self.tags or self.styles) and self.output_kind != "logits":
            raise ParameterError(
                f"output_kind is {self.output_kind!r}; with tags or styles it must be 'logits'"
            )

    @property
    def genres(self) -> tuple[str, ...]:
        """The labels that are not rejected."""
        return tuple(label for label in self.labels if label not in self.rejected)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """The text that is written into a model file."""
        return _to_text(self.to_dict())

    @classmethod
    def from_json(cls, text: str, *, source: str) -> Manifest:
        """Read and validate a manifest.

        Parameters
        ----------
        text : str
        source : str
            What to call the file in messages.

        Raises
        ------
        ManifestVersionError
            If it was written for a newer runtime.
        ModelFileError
            If it is not JSON, or a key is missing, of the wrong type, or makes no sense.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{source}: its manifest is not JSON ({error})") from None
        if not isinstance(values, dict):
            raise ModelFileError(f"{source}: its manifest is not a JSON object; export it again")
        _check_versions(values, __version__, source)
        return dataclass_from_json(cls, values, f"{source}: manifest")


def check_labels(labels: Sequence[str]) -> None:
    """Refuse what cannot be the labels of a model.

    Raises
    ------
    ParameterError
        If there are fewer than two, two are the same, or one is the runtime's own.
    """
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise ParameterError(f"labels are {list(labels)}; there must be 2 different ones")
    if {SILENCE, UNKNOWN} & set(labels):
        raise ParameterError(f"labels must not be {SILENCE!r} or {UNKNOWN!r}: the runtime's own")


def check_tags(tags: Sequence[Tag], styles: Sequence[Tag], style_threshold: float) -> None:
    """Refuse what cannot be the tags and styles of a model.

    Raises
    ------
    ParameterError
        If two are the same, a style has no family, or the threshold makes no sense.
    """
    for name, of_kind in (("tags", tags), ("styles", styles)):
        paths = [tag.path for tag in of_kind]
        if len(set(paths)) < len(paths):
            raise ParameterError(f"{name} are {paths}; no two may be the same")
    if without := [style.name for style in styles if not style.family]:
        raise ParameterError(f"style {without[0]!r} has no family")
    if not 0.0 <= style_threshold < 1.0:
        raise ParameterError(f"style_threshold is {style_threshold}; it must be from 0 to below 1")


def _check_versions(values: dict[str, Any], runtime: str, source: str) -> None:
    schema = str(values.get("schema_version", ""))
    if schema.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".", maxsplit=1)[0]:
        raise ManifestVersionError(
            f"{source}: its manifest has schema version {schema or 'none'!r}, this runtime "
            f"({runtime}) reads {SCHEMA_VERSION}; upgrade edge-genre or export the model again"
        )
    needed = str(values.get("minimum_runtime", "0"))
    if _version_key(needed) > _version_key(runtime):
        raise ManifestVersionError(
            f"{source}: needs edge-genre {needed} or newer, this is {runtime}: "
            "pip install --upgrade edge-genre"
        )


def _version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def with_checksum(text: str) -> str:
    """A manifest's JSON with its checksum as the last key.

    It tells a file that was edited by hand, or damaged, from one that ``edge-genre export`` wrote.
    It is no signature: anyone can compute it anew.
    """
    values = json.loads(text)
    values[CHECKSUM_KEY] = _digest(values)
    return _to_text(values)


def _to_text(values: dict[str, Any]) -> str:
    return escaped(json.dumps(values, indent=2, ensure_ascii=False)) + "\n"


def verify_checksum(text: str, source: str) -> None:
    """Refuse a manifest that was changed after it was written.

    Manifests of schema 1.0 were written without a checksum and are let through; so is what is no
    JSON object, which `Manifest.from_json` refuses.

    Raises
    ------
    ModelFileError
        If the checksum does not match, or is missing where there must be one.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(values, dict):
        return
    expected = values.pop(CHECKSUM_KEY, None)
    if expected is None and values.get("schema_version") == "1.0":
        return
    if expected != _digest(values):
        raise ModelFileError(
            f"{source}: its manifest does not match its own checksum: it was edited by hand or "
            "damaged; to change labels or decoder settings use: edge-genre export --from"
        )


def _digest(values: dict[str, Any]) -> str:
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
