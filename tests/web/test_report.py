"""The page of ``edge-genre report`` in a real browser."""

from pathlib import Path

import pytest

from edge_runtime.library.row import clean
from tests.command import succeed
from tests.edge_runtime.library.reports import HOSTILE, row, write_table
from tests.edge_runtime.sounds import RATE, noise, write_wav


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of files with hostile names, of which the sound is there."""
    folder = tmp_path_factory.mktemp("library")
    rows = []
    for name in HOSTILE:
        if "/" not in name:
            write_wav(folder / name, noise(2 * RATE))
        rows.append(row(str(folder / name), "jazz", 0.3, styles={clean(f"style {name}"): 0.5}))
        rows.append(row(str(folder / name) + ".gone", None))
    rows += [row(f"{folder}/{'long name ' * 12}{i}/x.mp3", "blues") for i in range(40)]
    table = write_table(folder / "labels.parquet", rows)
    succeed("report", table)
    return table.with_suffix(".html")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_and_nothing_of_a_name_runs_or_is_loaded(chromium, report, width, dark):
    chromium.complaints.clear()
    chromium.requested.clear()
    chromium.look(width, 900, dark=dark)
    chromium.open(report.as_uri())
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert chromium.value("document.title") == "labels.parquet: what is in it"
    assert chromium.value("document.scripts.length + document.images.length") == 0
    assert chromium.complaints == []
    assert not [url for url in chromium.requested if url.startswith("http")]
    paper = chromium.value("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == ("rgb(16, 19, 23)" if dark else "rgb(246, 245, 241)")
    overflowing = chromium.value(
        "[...document.querySelectorAll('td.n, dd, .histogram > div')]"
        ".filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
    )
    assert overflowing == []


def test_the_players_find_their_sound(chromium, report):
    chromium.open(report.as_uri())
    loaded = chromium.value(
        "Promise.all([...document.querySelectorAll('audio')].map(one => new Promise(done => {"
        " one.preload = 'metadata'; one.onloadedmetadata = () => done(one.duration);"
        " one.onerror = () => done(one.src); one.load(); })))"
    )
    assert loaded == [2.0] * sum("/" not in name for name in HOSTILE)
