"""Edit the manifest of an exported model; its weights stay as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import ParameterError
from edge_runtime.model.file import ModelFile, read_model, write_model
from edge_runtime.model.manifest import Manifest


@dataclass(frozen=True)
class Changes:
    """New values; None leaves the old one."""

    labels: tuple[str, ...] | None = None
    decoder: Sequence[str] = ()
    """Settings as ``key=value``"""
    name: str | None = None
    version: str | None = None
    licence: str | None = None
    attribution: str | None = None


def edit_manifest(source: Path, target: Path, changes: Changes) -> list[str]:
    """Write a copy of a model with another manifest; returns what changed.

    The file is checked as on a device first: a damaged or hand-edited one is refused.

    Raises
    ------
    ModelFileError
        If the model cannot be read or written.
    ParameterError
        If the labels do not fit the network, or a setting makes no sense.
    """
    model = read_model(source)
    manifest = model.manifest
    if target.suffix.lower() != source.suffix.lower():
        raise ParameterError(
            f"--out {target}: the copy of a {source.suffix} file must end in {source.suffix}"
        )
    wanted = {
        "labels": changes.labels,
        "rejected": _renamed(manifest, changes.labels),
        "decoder": decoder_settings(manifest.decoder, changes.decoder),
        "name": changes.name,
        "version": changes.version,
        "licence": changes.licence,
        "attribution": changes.attribution,
    }
    new = {
        key: value
        for key, value in wanted.items()
        if value is not None and value != getattr(manifest, key)
    }
    if not new:
        raise ParameterError(
            f"{source}: nothing to change; give --labels, --decoder, --name, --model-version, "
            "--licence or --attribution"
        )
    conversion = {**manifest.conversion, "described_anew": _edited_before(model) + sorted(new)}
    write_model(
        target,
        model.network,
        dataclasses.replace(manifest, **new, conversion=conversion),  # type: ignore[arg-type]
    )
    return sorted(new)


def _renamed(manifest: Manifest, labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The rejected labels under their new names."""
    if labels is None:
        return None
    if len(labels) != len(manifest.labels):
        raise ParameterError(
            f"--labels: the network has {len(manifest.labels)} outputs for {len(labels)} labels; "
            f"name all of {', '.join(manifest.labels)}"
        )
    names = dict(zip(manifest.labels, labels, strict=True))
    return tuple(names[label] for label in manifest.rejected)


def decoder_settings(settings: DecoderSettings, changes: Sequence[str]) -> DecoderSettings:
    """Settings with some of them changed.

    Parameters
    ----------
    settings : DecoderSettings
    changes : sequence of str
        Each ``key=value``, such as ``dwell_s=60``.

    Raises
    ------
    ParameterError
        If a key is not known, or its value makes no sense.
    """
    known = [item.name for item in dataclasses.fields(settings)]
    values: dict[str, float | None] = {}
    for change in changes:
        key, separator, text = change.partition("=")
        if not separator or key not in known:
            raise ParameterError(
                f"--decoder {change!r}: must be KEY=VALUE, KEY one of {', '.join(known)}"
            )
        if (key, text) == ("silence_margin_db", "none"):
            values[key] = None
            continue
        try:
            values[key] = float(text)
        except ValueError:
            raise ParameterError(f"--decoder {change!r}: {text!r} is not a number") from None
    if "silence_dbfs" in values:  # who names a level wants it fixed
        values.setdefault("silence_margin_db", None)
    return dataclasses.replace(settings, **values)  # type: ignore[arg-type]


def _edited_before(model: ModelFile) -> list[str]:
    """What earlier edits changed, so that a second edit does not hide the first."""
    before = model.manifest.conversion.get("described_anew", [])
    return [str(name) for name in before] if isinstance(before, list) else []
