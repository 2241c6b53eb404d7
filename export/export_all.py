"""``--all``: every format and variant of a run in one folder, with a summary and a model card."""

from __future__ import annotations

import json
from pathlib import Path

from edge_runtime.atomic_write import write_atomically
from edge_runtime.errors import DataSetError, ExportParityError

from .artefact import Source, write
from .formats import FORMATS, file_name
from .formats.conversion import FLOAT32
from .model_card import model_card
from .parity import MINIMUM_WINDOWS, few_windows
from .variants import Row, attempts

SUMMARY, CARD = "summary.json", "README.md"


def export_all(source: Source, folder: Path) -> list[Row]:
    """Make every variant, write those that pass, then the summary and the card.

    Raises
    ------
    DataSetError
        If the folder cannot be written to.
    ModelFileError
        If a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataSetError(f"{folder}: cannot be made ({error.strerror})") from None
    rows = []
    for fmt in FORMATS:
        for variant, result in attempts(source, fmt):
            name = file_name(source.description.name, variant)
            if isinstance(result, ExportParityError):
                rows.append(Row(variant, name, None, (str(result),)))
                continue
            if not result.failures:
                write(result, folder / name)
            rows.append(Row(variant, name, result, result.failures))
    summary = [row.to_dict() for row in rows]
    write_atomically(folder / SUMMARY, (json.dumps(summary, indent=2) + "\n").encode())
    card = model_card(source, rows).encode(errors="backslashreplace")  # names of folders
    write_atomically(folder / CARD, card)
    return rows


def float32_passed(rows: list[Row]) -> bool:
    """Whether every format has its float32 file: a converter that loses that is broken."""
    return all(row.passed for row in rows if row.variant.quantization == FLOAT32)


def table(rows: list[Row]) -> str:
    """The summary for the terminal."""
    width = max(len(row.file) for row in rows)
    lines = [
        f"{'file':<{width}}  {'bytes':>9}  {'same label':>11}  {'track accuracy':>14}  "
        f"{'p':>5}  {'ms':>7}  gate"
    ]
    for row in rows:
        if row.artefact is None:
            lines.append(f"{row.file:<{width}}  not converted")
            continue
        parity = row.artefact.parity
        drop = 100 * (parity.track_accuracy - parity.float_track_accuracy)
        lines.append(
            f"{row.file:<{width}}  {row.artefact.bytes:>9,}  {parity.agreement:>11.2%}  "
            f"{parity.track_accuracy:>7.4f} {drop:>+6.1f}  {parity.mcnemar_p:>5.2f}  "
            f"{row.artefact.latency_ms:>7.3f}  {'passed' if row.passed else 'FAILED'}"
        )
    made = next((row.artefact for row in rows if row.artefact is not None), None)
    if made is not None:
        n = made.parity.n_windows
        lines.append(
            f"\nagainst the Keras model on {n} validation windows of {made.parity.n_tracks} "
            f"tracks, its track accuracy {made.parity.float_track_accuracy:.4f}; "
            f"{made.macs / 1e6:.2f} million multiply-accumulates a window; ms: the network alone, "
            "this machine, one thread"
        )
        if n < MINIMUM_WINDOWS:
            lines.append(few_windows(n))
    lines += [
        f"not written: {row.file}: {'; '.join(row.failures)}" for row in rows if not row.passed
    ]
    return "\n".join(lines)
