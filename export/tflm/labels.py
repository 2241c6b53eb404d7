"""``labels.h``: the genres, in the order of the network's outputs."""

from __future__ import annotations

from .c_text import header, string_literal


def labels_header(labels: tuple[str, ...]) -> str:
    """The header."""
    strings = ",\n".join(f"  {string_literal(label)}" for label in labels)
    return header(
        "EDGE_GENRE_LABELS_H_",
        f"""\
#define EDGE_GENRE_LABELS {len(labels)}

/* UTF-8. */
static const char *const edge_genre_labels[EDGE_GENRE_LABELS] = {{
{strings}
}};
""",
    )
