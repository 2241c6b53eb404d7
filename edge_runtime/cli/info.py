"""``edge-genre info``: what a model file says about itself."""

from __future__ import annotations

import argparse
from typing import Any

from ..manifest import Manifest
from ..model_file import BUNDLED_MODEL, ModelFile, read_model

HELP = "show a model's card"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "model", nargs="?", metavar="MODEL", help="model file (default: the one that ships)"
    )
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the card or the manifest."""
    model = read_model(args.model or BUNDLED_MODEL)
    print(model.manifest.to_json().rstrip() if args.json else _card(model))
    return 0


def _card(model: ModelFile) -> str:
    manifest = model.manifest
    params, weights = manifest.front_end, manifest.weights
    rows: list[tuple[str, str]] = [
        ("file", str(model.path)),
        (
            "network",
            f"{weights.format}, quantization {weights.quantization}, {weights.bytes:,} bytes",
        ),
        ("labels", ", ".join(manifest.labels)),
        (
            "hears",
            f"{params.window_seconds:g} s at {params.sample_rate} Hz: {params.n_frames} frames of "
            f"{params.n_coefficients} {params.kind.replace('_', '-')} coefficients",
        ),
        (
            "answers",
            f"every {manifest.decoder.interval_s:g} s, genre lasts about "
            f"{manifest.decoder.dwell_s:g} s, silent below "
            f"{manifest.decoder.silence_dbfs:g} dBFS",
        ),
        *_section(manifest, "training"),
        *_section(manifest, "metrics"),
        *_section(manifest, "parity"),
        ("licence", manifest.licence),
        ("attribution", manifest.attribution),
    ]
    width = max(len(name) for name, _ in rows)
    title = f"{manifest.name} {manifest.version}"
    return "\n".join(
        [title, "=" * len(title), *(f"{name:<{width}}  {text}" for name, text in rows)]
    )


def _section(manifest: Manifest, name: str) -> list[tuple[str, str]]:
    values: dict[str, Any] = getattr(manifest, name)
    rows = []
    for key, value in values.items():
        rows.append((f"{name}: {key.replace('_', ' ')}", _text(value)))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_text(item)}" for key, item in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
