"""``edge-genre info``: the card of a model file."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import Any

from ..frontend import FrontEndParams
from ..model.file import BUNDLED, BUNDLED_MODEL, ModelFile, read_model
from ..model.manifest import TAG_KINDS, Manifest
from ..printable import printable, printable_lines

HELP = "show a model's card"

_WIDTH = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help=f"model file, or one that ships: {', '.join(BUNDLED)} (default: tiny)",
    )
    parser.add_argument("--list", action="store_true", help="print the path of each that ships")
    parser.add_argument("--json", action="store_true", help="print the manifest as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the card, the manifest, or the models that ship."""
    if args.list:
        width = max(map(len, BUNDLED))
        for name, path in BUNDLED.items():
            print(printable(f"{name:<{width}}  {path}"))
        return 0
    model = read_model(args.model or BUNDLED_MODEL)
    print(model.manifest.to_json().rstrip() if args.json else printable_lines(_card(model)))
    return 0


def _card(model: ModelFile) -> str:
    manifest = model.manifest
    sections = {
        "": _essentials(model),
        "Parity with the float model": _parity(manifest.parity),
        "Metrics": _rows(manifest.metrics),
        "Training": _rows(manifest.training),
        "Conversion": _rows(manifest.conversion),
    }
    title = f"{manifest.name} {manifest.version}"
    lines = [title, "=" * len(title)]
    width = max(len(name) for rows in sections.values() for name, _ in rows)
    for heading, rows in sections.items():
        if heading and rows:
            lines += ["", heading, "-" * len(heading)]
        for name, text in rows:
            lines += textwrap.wrap(
                text,
                _WIDTH,
                initial_indent=f"{name:<{width}}  ",
                subsequent_indent=" " * (width + 2),
                break_long_words=False,
                break_on_hyphens=False,
            ) or [name]
    return "\n".join(lines)


def _essentials(model: ModelFile) -> list[tuple[str, str]]:
    manifest = model.manifest
    params, weights, decoder = manifest.front_end, manifest.weights, manifest.decoder
    second = manifest.second_front_end
    noise = ""
    if decoder.silence_margin_db is not None:
        noise = f" within {decoder.silence_margin_db:g} dB of the noise"
    unknown = ""
    if decoder.rejection_threshold:
        unknown = f", unknown below a posterior of {decoder.rejection_threshold:g}"
    return [
        ("file", model.source),
        (
            "network",
            f"{weights.format}, quantization {weights.quantization}, {weights.bytes:,} bytes, "
            f"input {manifest.input.dtype}, output {manifest.output.dtype}",
        ),
        ("sha256", f"{weights.sha256} (weights; checked)"),
        ("labels", _labels(manifest)),
        *_tags(manifest),
        ("input", f"{params.window_seconds:g} s at {params.sample_rate} Hz: {params.summary}"),
        *([] if second is None else [("second input", _second_input(second))]),
        (
            "decoder",
            f"a label every {decoder.interval_s:g} s, genre lasts about {decoder.dwell_s:g} s, "
            f"silent below {decoder.silence_dbfs:g} dBFS{noise}{unknown}",
        ),
        ("whole tracks", _whole_tracks(manifest.window_correlation)),
        ("temperature", f"{manifest.temperature:g}"),
        ("licence", manifest.licence),
        ("attribution", manifest.attribution or "none"),
        ("needs", f"edge-genre {manifest.minimum_runtime} or newer"),
    ]


def _labels(manifest: Manifest) -> str:
    no_genre = [f"{label} (no genre)" for label in manifest.rejected]
    return ", ".join((*manifest.genres, *no_genre))


def _tags(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Tags by kind, styles by family."""
    for kind in TAG_KINDS:
        if names := [tag.path for tag in manifest.tags if tag.kind == kind]:
            yield f"tags: {kind}", ", ".join(names)
    if manifest.styles:
        families: dict[str, list[str]] = {}
        for style in manifest.styles:
            own = families.setdefault(style.family or style.name, [])
            own += [style.name] if style.name != style.family else []
        texts = [f"{name} ({', '.join(own)})" if own else name for name, own in families.items()]
        yield "styles", f"{', '.join(texts)}; named from {manifest.style_threshold:.0%} on"


def _second_input(params: FrontEndParams) -> str:
    return f"the {params.window_seconds:g} s in the middle of these: {params.summary}"


def _whole_tracks(correlation: float | None) -> str:
    if correlation is None:
        return "the mean of their windows"
    together = 10 / (1.0 + 9.0 * correlation)
    return (
        f"10 windows of one track weigh as much as {together:.3g} independent ones (correlation "
        f"{correlation:g})"
    )


def _parity(parity: dict[str, Any]) -> list[tuple[str, str]]:
    """The check's figures; a failure stands first and in capitals."""
    rows = _rows(parity)
    if parity.get("status") != "failed":
        return rows
    return [
        ("status", "FAILED: its results are not those of the model it was made from"),
        *rows[1:],
    ]


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _text(value)) for key, value in values.items()]


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
