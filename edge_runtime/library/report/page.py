"""The page of a library: one HTML file without scripts, that loads nothing but the user's music."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

from ...output_file import FileKind
from ...printable import printable
from ...sinks.terminal import clock
from ...sinks.terminal.colours import colour_of
from ..row import clean
from .summary import BINS, DOUBT_BELOW, HERE, SURE_FROM, Doubtful, Sum, Summary

_BEGIN = '<!doctype html>\n<html lang="en" data-made-by="edge-genre report">\n'
REPORT = FileKind("a report", lambda head: head.startswith(_BEGIN.encode()))

_CSS = Path(__file__).with_name("page.css")
_MOST_ROWS = 25
"""Of a table of tags, styles or folders"""
_HOURS_FROM_S = 100 * 60.0
"""Time is given in hours where the most is longer, for a column has one unit"""


def page(summary: Summary, title: str, *, without_years: str | None) -> str:
    """The whole page.

    Parameters
    ----------
    summary : Summary
    title : str
        Name of the table.
    without_years : str or None
        Why the years of files could not be read.
    """
    body = "\n".join(_sections(summary, without_years))
    # Nothing from elsewhere, whatever a name smuggles in: no script at all, and media alone.
    policy = "default-src 'none'; style-src 'unsafe-inline'; media-src * file:"
    return (
        f'{_BEGIN}<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}: what is in it</title>\n"
        f"<style>\n{_CSS.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"{_header(summary, title)}\n{body}\n</body>\n</html>\n"
    )


def _header(summary: Summary, title: str) -> str:
    total = summary.total
    models = ", ".join(_text(model) for model, _ in summary.models.most_common(3))
    by = f", labelled by <b>{models}</b>" if models else ""
    time, unit = _time(total.seconds, _unit(total.seconds))
    sounding = sum(summary.confidences)
    unsure = _whole_percent(summary.unsure / sounding) if sounding else "none"
    bad = ' class="is-bad"' if summary.failed else ""
    return (
        f'<header><h1>A library of music</h1><p class="lead">{_text(title)}{by}</p></header>\n'
        '<dl class="tiles">'
        f"<div><dt>Files</dt><dd>{total.files:,}</dd></div>"
        f"<div><dt>Sound</dt><dd>{time} <small>{unit}</small></dd></div>"
        f"<div><dt>Less than {_whole_percent(DOUBT_BELOW)} sure</dt><dd>{unsure}</dd></div>"
        f"<div><dt>Could not be labelled</dt><dd{bad}>{summary.failed:,}</dd></div></dl>"
    )


def _sections(summary: Summary, without_years: str | None) -> Iterator[str]:
    if not summary.total.files:
        yield _section("Genres", "<p>No file in this table has a label.</p>")
    else:
        yield _genres(summary)
        yield f'<div class="pair">{_sure(summary)}{_decades(summary, without_years)}</div>'
        yield from _tags_and_styles(summary)
        yield _folders(summary)
        yield _doubtful(summary)
    if summary.failed:
        yield _errors(summary)
    yield "<footer>Made by edge-genre report. Times are those of whole files.</footer>"


def _genres(summary: Summary) -> str:
    share = _percent(summary.silent_s, summary.total.seconds)
    speech = _percent(summary.not_music_s, summary.total.seconds)
    within = f"<p>Within the files, {share} of the time is silence, {speech} is no music.</p>"
    return _section("Genres", _table("Genre", summary.genres, summary, own_colours=True) + within)


def _sure(summary: Summary) -> str:
    counts = summary.confidences
    total, most = max(1, sum(counts)), max(1, *counts)
    columns = "".join(
        f"<div{' class=unsure' if index / BINS < DOUBT_BELOW else ''} "
        f'title="{index * 100 // BINS} to {(index + 1) * 100 // BINS} % sure: {count:,} files">'
        f"{_small_share(count, total)}"
        f'<i style="height:{112 * count / most:.1f}px"></i></div>'
        for index, count in enumerate(counts)
    )
    ticks = "".join(
        f'<span style="left:{percent}%">{percent}{" %" * (percent in (0, 100))}</span>'
        for percent in range(0, 101, 20)
    )
    text = (
        f"<p>Share of the files by the confidence of their genre. {summary.unsure:,} of "
        f"{sum(counts):,} files are less than {_whole_percent(DOUBT_BELOW)} sure.</p>"
    )
    return _section(
        "How sure",
        f'{text}<div class="histogram">{columns}</div><div class="axis">{ticks}</div>',
    )


def _small_share(count: int, total: int) -> str:
    if not count:
        return ""
    return "&lt;1 %" if count / total < 0.005 else _whole_percent(count / total)


def _decades(summary: Summary, without_years: str | None) -> str:
    if summary.decades is None:
        return _section("Decades", f"<p>{_text(without_years or '')}</p>")
    if not summary.decades:
        reason = "None of the files has a date in its tags, as far as they are on this machine."
        return _section("Decades", f"<p>{reason}</p>")
    named = {f"{decade}s": summary.decades[decade] for decade in sorted(summary.decades)}
    undated = f"<p>By the date in the files' tags; {summary.undated:,} files have none, or are "
    return _section("Decades", _mixed("Decade", named, summary) + undated + "elsewhere.</p>")


def _tags_and_styles(summary: Summary) -> Iterator[str]:
    if summary.tags is None and not summary.styles:
        reason = "This model names neither tags nor styles; plus does (--model plus)."
        yield _section("Tags and styles", f"<p>{reason}</p>")
        return
    tags = _top(summary.tags or {})
    styles = _top(summary.styles)
    tables = (
        _section("Styles", _table("Style", styles, summary) + _left_out(summary.styles, "styles"))
        if styles
        else _section("Styles", "<p>No file is sure enough of a style.</p>"),
        _section("Tags", _table("Tag", tags, summary) + _left_out(summary.tags or {}, "tags"))
        if tags
        else _section("Tags", "<p>No tag is likelier than not in any file.</p>"),
    )
    yield f'<div class="pair">{"".join(tables)}</div>'


def _folders(summary: Summary) -> str:
    named = {
        "(right here)" if name == HERE else name: one for name, one in _top(summary.folders).items()
    }
    where = f"<p>In {_text(summary.root)}</p>" if summary.root not in ("", ".") else ""
    left_out = _left_out(summary.folders, "folders")
    return _section("Folders", where + _mixed("Folder", named, summary) + left_out)


def _doubtful(summary: Summary) -> str:
    if not summary.doubtful:
        text = f"Of every file's genre the model is {_whole_percent(SURE_FROM)} sure, or more."
        return _section("To listen to", f"<p>{text}</p>")
    players = any(one.sound for one in summary.doubtful)
    text = "The files of whose genre the model is least sure."
    if not players:
        text += " They are not where the table says, so there is nothing to play them with."
    items = "".join(_item(one, summary, players=players) for one in summary.doubtful)
    without = "" if players else " without"
    return _section("To listen to", f'<p>{text}</p><ul class="files{without}">{items}</ul>')


def _item(one: Doubtful, summary: Summary, *, players: bool) -> str:
    name = PurePath(one.name)
    folder = "" if str(name.parent) == "." else f"{_text(str(name.parent))}, "
    others = [(label, p) for label, p in one.ranked if label != one.genre]
    then = f"then {_text(others[0][0])} {_whole_percent(others[0][1])}" if others else ""
    player = ""
    if one.sound is not None:
        player = f'<audio controls preload="none" src="{html.escape(one.sound)}"></audio>'
    elif players:
        player = "<small>not on this machine</small>"
    return (
        f"<li><div><b>{_text(name.name)}</b><small>{folder}{clock(one.seconds)}</small></div>"
        f"<div>{_dot(one.genre, summary)}{_text(one.genre)} {_whole_percent(one.confidence)}"
        f"<small>{then}</small></div>{player}</li>"
    )


def _errors(summary: Summary) -> str:
    items = "".join(
        f"<li><b>{_text(name)}</b><small>{_text(_without_name(error, name))}</small></li>"
        for name, error in summary.errors
    )
    more = summary.failed - len(summary.errors)
    rest = f"<p>and {more:,} more, in the column error of the table</p>" if more else ""
    return _section("Could not be labelled", f'<ul class="files errors">{items}</ul>{rest}')


def _without_name(error: str, name: str) -> str:
    """Messages begin with the name that stands above them."""
    return error.removeprefix(f"{clean(name)}: ").removeprefix(f"{name}: ")


def _table(
    heading: str, sums: Mapping[str, Sum], summary: Summary, *, own_colours: bool = False
) -> str:
    """Rows with a bar each, the longest time first."""
    longest = max((one.seconds for one in sums.values()), default=0.0)
    unit = _unit(longest)
    rows = []
    for name, one in sorted(sums.items(), key=lambda item: (-item[1].seconds, item[0])):
        colour = colour_of(name, summary.labels) if own_colours else "#0072b2"
        width = 100.0 * one.seconds / longest if longest else 0.0
        bar = f'<i style="width:{width:.2f}%{_background(colour)}"></i>'
        dot = _dot(name, summary) if own_colours else ""
        share = f'<td class="n share">{_percent(one.seconds, summary.total.seconds)}</td>'
        rows.append(_row(f"{dot}{_text(name)}", name, bar, one, unit) + f"{share}</tr>")
    head = '<th class="share" scope="col">Share</th>'
    return _whole_table(heading, rows, head, '<col class="c-share">')


def _mixed(heading: str, sums: Mapping[str, Sum], summary: Summary) -> str:
    """Rows with the mix of genres of each, in the order that is given."""
    unit = _unit(max((one.seconds for one in sums.values()), default=0.0))
    order = [*summary.labels, *sorted(set(summary.genres).difference(summary.labels))]
    rows = []
    for name, one in sums.items():
        bar = "".join(
            f'<i style="width:{100.0 * one.genres[genre] / one.seconds:.2f}%'
            f'{_background(colour_of(genre, summary.labels))}" '
            f'title="{_text(genre)} {_percent(one.genres[genre], one.seconds)}"></i>'
            for genre in order
            if one.seconds and one.genres.get(genre)
        )
        most = max(one.genres, key=lambda genre: (one.genres[genre], genre))
        mostly = f"{_text(most)} {_percent(one.genres[most], one.seconds)}"
        rows.append(
            _row(_text(name), name, bar, one, unit) + f'<td class="most">{mostly}</td></tr>'
        )
    legend = "".join(
        f"<li>{_dot(genre, summary)}{_text(genre)}</li>"
        for genre in order
        if any(one.genres.get(genre) for one in sums.values())
    )
    head = '<th class="most" scope="col">Most of it</th>'
    return (
        _whole_table(heading, rows, head, '<col class="c-most">', kind="mixed")
        + f'<ul class="legend">{legend}</ul>'
    )


def _row(shown: str, name: str, bar: str, one: Sum, unit: str) -> str:
    time, _ = _time(one.seconds, unit)
    return (
        f'<tr><td class="name" title="{_text(name)}">{shown}</td>'
        f'<td><div class="bar">{bar}</div></td><td class="n">{time} {unit}</td>'
        f'<td class="n">{one.files:,}</td>'
    )


def _whole_table(
    heading: str, rows: Iterable[str], last: str, last_column: str, *, kind: str = "ranked"
) -> str:
    return (
        f'<table class="{kind}"><colgroup><col class="c-name"><col><col class="c-time">'
        f'<col class="c-files">{last_column}</colgroup>'
        f'<thead><tr><th scope="col">{heading}</th><th></th>'
        f'<th scope="col">Time</th><th scope="col">Files</th>{last}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _top(sums: Mapping[str, Sum]) -> dict[str, Sum]:
    ranked = sorted(sums.items(), key=lambda item: (-item[1].seconds, item[0]))
    return dict(ranked[:_MOST_ROWS])


def _left_out(sums: Mapping[str, Sum], what: str) -> str:
    more = len(sums) - _MOST_ROWS
    return f"<p>and {more:,} more {what} with less time</p>" if more > 0 else ""


def _section(heading: str, content: str) -> str:
    return f"<section><h2>{heading}</h2>{content}</section>"


def _dot(label: str, summary: Summary) -> str:
    colour = colour_of(label, summary.labels)
    return f'<span class="dot"{f" style=background:{colour}" if colour else ""}></span>'


def _background(colour: str | None) -> str:
    return f";background:{colour}" if colour else ""


def _unit(longest_s: float) -> str:
    return "h" if longest_s >= _HOURS_FROM_S else "min"


def _time(seconds: float, unit: str) -> tuple[str, str]:
    value = seconds / (3600.0 if unit == "h" else 60.0)
    return f"{value:,.1f}", unit


def _whole_percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _percent(part: float, whole: float) -> str:
    share = 100.0 * part / whole if whole else 0.0
    if 0.0 < share < 0.1:
        return "&lt;0.1 %"
    return f"{share:.1f} %"


def _text(text: str) -> str:
    """Text of the user's files for HTML: no markup, no controls, no broken letters."""
    return html.escape(printable(clean(text)))
