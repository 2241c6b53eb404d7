"""The model card: a README with the YAML header that the Hugging Face hub reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from edge_runtime.decoder import NOT_MUSIC, OTHER

if TYPE_CHECKING:
    from edge_runtime.model.manifest import Tag

    from .artefact import Source
    from .run import Run
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
            *_answers(run),
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
            *(f"| {name} | {_cell(text)} |" for name, text in _more(source)),
            f"| work | {source.macs / 1e6:.2f} million multiply-accumulates a window |",
            *(f"| training: {key} | {_cell(value)} |" for key, value in run.training.items()),
            *(f"| measured: {key} | {_cell(value)} |" for key, value in source.metrics.items()),
            f"| licence | {_cell(description.licence)} |",
            f"| attribution | {_cell(description.attribution or 'none')} |",
            "",
            "## Files",
            "",
            f"Each was run through the device's runtime on {source.compared_on} and compared with "
            "the float Keras model. Agreement: the share of windows with the same top label. "
            "p: McNemar's exact test of the tracks for which only one of the two is right.",
            *([_TAGS_COMPARED] if run.tags or run.styles else []),
            "",
            "| file | bytes | agreement | track accuracy (Keras) | p | |",
            "|---|---|---|---|---|---|",
            *map(_row, rows),
            "",
        ]
    )


_TAGS_COMPARED = (
    "Tags and styles: the share of windows with the same three likeliest, and the mean difference "
    "of a probability."
)
_IN_WORDS = {
    OTHER: "`other` is music of another genre",
    NOT_MUSIC: "`not music` is speech, noise and other sound",
}


def _answers(run: Run) -> list[str]:
    """What it names, and what it answers besides."""
    genres = [label for label in run.labels if label not in run.rejected]
    lines = [
        "Names the genre of the music that is playing, on the device with the microphone, "
        f"with edge-genre: {', '.join(genres)}.",
    ]
    if run.rejected:
        besides = [_IN_WORDS.get(label, f"`{label}` is no genre") for label in run.rejected]
        lines += ["", f"Other answers: {'; '.join(besides)}."]
    return lines


def _more(source: Source) -> Iterator[tuple[str, str]]:
    """Rows of the table that not every model has."""
    run = source.run
    if run.second_front_end is not None:
        second = run.second_front_end
        yield (
            "second input",
            f"the {second.window_seconds:g} s in the middle of them: {second.summary}",
        )
    for kind, tags in _grouped(run.tags, lambda tag: tag.kind):
        yield f"tags: {kind}", ", ".join(tag.name for tag in tags)
    for family, styles in _grouped(run.styles, lambda tag: tag.family or ""):
        yield f"styles: {family}", ", ".join(tag.name for tag in styles)
    if source.window_correlation is not None:
        yield (
            "whole tracks",
            "posteriors of all windows multiplied, as independent evidence as a window "
            f"correlation of {source.window_correlation:g} leaves",
        )


def _grouped(tags: Sequence[Tag], key: Callable[[Tag], str]) -> Iterable[tuple[str, Sequence[Tag]]]:
    """Tags by what they have in common, in the order of the first of each."""
    groups: dict[str, list[Tag]] = {}
    for tag in tags:
        groups.setdefault(key(tag), []).append(tag)
    return groups.items()


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
    notes = [
        f"{of_kind.n} {name}: {of_kind.same_likeliest:.2%}, {of_kind.mean_error:.2g}"
        for name, of_kind in (("tags", parity.tags), ("styles", parity.styles))
        if of_kind is not None
    ]
    if not row.passed:
        notes.append("did not pass, not written")
    return (
        f"| {row.file} | {row.artefact.bytes:,} | {parity.agreement:.2%} | "
        f"{parity.track_accuracy:.4f} ({parity.float_track_accuracy:.4f}) | "
        f"{parity.mcnemar_p:.2f} | {'; '.join(notes)} |"
    )


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_cell(item)}" for key, item in value.items())
    if value in ([], ""):
        return "none"
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return " ".join(text.split()).replace("|", "\\|")
