"""The model card: a README with the YAML header that the Hugging Face hub reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .artefact import Source
    from .variants import Row


def model_card(source: Source, rows: list[Row]) -> str:
    """The card of everything that was exported from one run.

    Parameters
    ----------
    source : Source
    rows : list of Row
        What became of each variant; those that failed are listed as not written.
    """
    run, description = source.run, source.description
    params = run.front_end
    made = [row for row in rows if row.passed and row.artefact is not None]
    smallest = min(made, key=lambda row: row.artefact.bytes if row.artefact else 0, default=None)
    first = smallest.file if smallest else "MODEL"
    return "\n".join(
        [
            _header(source, rows),
            f"# {description.name} {description.version}",
            "",
            "Names the genre of the music that is playing, on the device with the microphone, "
            f"with edge-genre: {', '.join(run.labels)}.",
            "",
            "```sh",
            f"edge-genre listen --model {first}",
            f"edge-genre classify song.wav --model {first}",
            "```",
            "",
            "Each file carries its own manifest (labels, front end, decoder settings): "
            f"`edge-genre info {first}`.",
            "",
            "| | |",
            "|---|---|",
            f"| input | {params.window_seconds:g} s at {params.sample_rate} Hz: {params.summary} |",
            f"| work | {source.macs / 1e6:.2f} million multiply-accumulates a window |",
            *(f"| training: {key} | {_cell(value)} |" for key, value in run.training.items()),
            *(f"| measured: {key} | {_cell(value)} |" for key, value in run.metrics.items()),
            f"| licence | {_cell(description.licence)} |",
            f"| attribution | {_cell(description.attribution or 'none')} |",
            "",
            "## Files",
            "",
            f"Each was run through the device's runtime on {source.compared_on} and compared with "
            "the float Keras model. Agreement: the share of windows with the same top label. "
            "p: McNemar's exact test of the tracks for which only one of the two is right.",
            "",
            "| file | bytes | agreement | track accuracy (Keras) | p | |",
            "|---|---|---|---|---|---|",
            *map(_row, rows),
            "",
        ]
    )


def _header(source: Source, rows: list[Row]) -> str:
    """YAML; JSON strings are YAML strings."""
    tags = ["edge-genre", "music", "music-genre-classification", "audio"]
    tags += sorted({row.variant.format for row in rows if row.passed})
    lines = [
        "---",
        "pipeline_tag: audio-classification",
        "library_name: edge-genre",
        "license: other",  # the hub knows licences by short names only
        f"license_name: {json.dumps(source.description.licence)}",
        "tags:",
        *(f"- {tag}" for tag in tags),
    ]
    best = next((row.artefact for row in rows if row.artefact is not None), None)
    if best is not None:
        data = source.run.training.get("data")
        if isinstance(data, dict):
            data = data.get("name")
        parity = best.parity
        # Of the run, not of the comparison: a model from `refit` was trained on those clips.
        measured = source.run.metrics.get("validation", {})
        accuracy = measured.get("track_accuracy", parity.float_track_accuracy)
        lines += [
            "metrics:",
            "- accuracy",
            "model-index:",
            f"- name: {json.dumps(source.description.name)}",
            "  results:",
            "  - task:",
            "      type: audio-classification",
            "      name: music genre of whole tracks",
            "    dataset:",
            f"      name: {json.dumps(str(data or 'own data'))}",
            f"      type: {json.dumps(str(data or 'own data'))}",
            "      split: validation",
            "    metrics:",
            "    - type: accuracy",
            f"      name: track accuracy, float, {parity.n_tracks} tracks",
            f"      value: {accuracy:.4f}",
        ]
    return "\n".join([*lines, "---", ""])


def _row(row: Row) -> str:
    if row.artefact is None:
        return f"| {row.file} | | | | | not converted |"
    parity = row.artefact.parity
    return (
        f"| {row.file} | {row.artefact.bytes:,} | {parity.agreement:.2%} | "
        f"{parity.track_accuracy:.4f} ({parity.float_track_accuracy:.4f}) | "
        f"{parity.mcnemar_p:.2f} | {'' if row.passed else 'did not pass, not written'} |"
    )


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_cell(item)}" for key, item in value.items())
    if value in ([], ""):
        return "none"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.split()).replace("|", "\\|")
