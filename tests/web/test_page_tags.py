"""What the page shows of music beside its genre, and of what is no genre, in a real browser."""

import socket

import pytest

from edge_runtime.web.access import Access
from edge_runtime.web.page import Page
from tests.edge_runtime.sinks.events import event
from tests.edge_runtime.sinks.sessions import tagged_session

from .test_page import CONTRAST

LIKELY = {"other": 0.75, "jazz": 0.2, "blues": 0.04, "not music": 0.01}
TECHNO = {
    "label": "other",
    "confidence": 0.75,
    "posterior": LIKELY,
    "tags": {"male vocals": 0.8, "sad": 0.6, "80s": 0.5, "folk": 0.05},
    "style": "electronic > techno",
    "mood": "sad",
}
SPEECH = {
    "label": "not music",
    "confidence": 0.9,
    "posterior": {**LIKELY, "other": 0.0, "not music": 0.9},
    "tags": {"male vocals": 0.8, "sad": 0.6, "80s": 0.5, "folk": 0.05},
}
SILENCE = {"label": "silence", "posterior": LIKELY}
CHIPS = "[...document.querySelectorAll('#chips li')].map((item) => item.textContent)"


class Shown:
    """A page that is fed with made-up events."""

    def __init__(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self._page = Page(listener, Access(port=port, loopback=True), tagged_session())
        self.url = f"http://127.0.0.1:{port}/"
        self._end = 2.0

    def show(self, values):
        self._end += 1.0
        self._page.show(event(time=self._end, new_s=1.0, **values))

    def close(self):
        self._page.close()


@pytest.fixture
def page(chromium):
    chromium.open("about:blank")  # a page complains when its server is gone
    shown = Shown()
    yield shown
    chromium.open("about:blank")
    shown.close()


def heading(chromium, text):
    chromium.until("document.querySelector('#genre').textContent", text.__eq__)


@pytest.mark.parametrize(
    ("width", "height", "dark"), [(1280, 800, False), (390, 844, True), (320, 568, False)]
)
def test_other_music_has_its_style_its_mood_and_tags_beside_it(chromium, page, width, height, dark):
    chromium.complaints.clear()
    chromium.look(width, height, dark=dark)
    chromium.open(page.url)
    page.show(TECHNO)
    heading(chromium, "other music")
    assert chromium.value(CHIPS) == ["style electronic › techno", "mood sad", "male vocals", "80s"]
    assert chromium.value("document.title") == "other music – edge-genre"
    assert chromium.value("document.documentElement.scrollWidth") <= width
    assert chromium.value("document.documentElement.hasAttribute('data-quiet')") is False
    rows = "[...document.querySelectorAll('#shares .label')].map((item) => item.textContent)"
    assert chromium.value(rows) == ["blues", "jazz", "other music", "no music"]
    widths = rows.replace("item.textContent", "item.scrollWidth - item.clientWidth")
    assert chromium.value(widths) == [0] * 4, "no name is cut"
    assert chromium.text("#today .label") == "other music"
    assert chromium.value(CONTRAST)[0][0] >= 4.5
    assert chromium.complaints == []


def test_what_is_no_music_is_called_so_and_has_neither_style_nor_tags(chromium, page):
    chromium.look(1280, 800, dark=False)
    chromium.open(page.url)
    page.show(TECHNO)
    heading(chromium, "other music")
    page.show(SPEECH)
    heading(chromium, "no music")
    assert chromium.value(CHIPS) == []
    assert chromium.value("document.documentElement.hasAttribute('data-quiet')") is True
    assert chromium.text("#detail").startswith("90 % sure")
    colour = "getComputedStyle(document.querySelector('#sure')).backgroundColor"
    assert chromium.value(colour) == "rgb(112, 100, 76)"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_where_there_is_nothing_to_name(chromium, page, width):
    chromium.look(width, 800, dark=False)
    chromium.open(page.url)
    below = "document.querySelector('#chips').offsetHeight"
    heights = []
    for values, text in ((TECHNO, "other music"), (SILENCE, "silence"), (TECHNO, "other music")):
        page.show(values)
        heading(chromium, text)
        assert bool(chromium.value(CHIPS)) == (values is TECHNO)
        heights.append(chromium.value(below))
    assert len(set(heights)) == 1


@pytest.mark.parametrize(
    ("values", "chips"),
    [
        # A tag that says the same again, or no more than of most music, is left out.
        ({"label": "jazz", "tags": {"folk": 0.3, "happy": 0.3}}, ["folk"]),
        ({"label": "jazz", "style": "folk", "tags": {"folk": 0.3}}, ["style folk"]),
        ({"label": "jazz", "style": "jazz"}, []),
        ({"label": "unknown", "mood": "sad"}, ["mood sad"]),
    ],
)
def test_what_would_be_said_twice_is_said_once(chromium, page, values, chips):
    chromium.look(1280, 800, dark=False)
    chromium.open(page.url)
    page.show({"posterior": LIKELY, **values})
    heading(chromium, values["label"])
    assert chromium.value(CHIPS) == chips


def test_the_model_says_how_much_it_tells_apart(chromium, page):
    chromium.look(1280, 800, dark=False)
    chromium.open(page.url)
    chromium.until("document.querySelector('#model')?.textContent", bool)
    assert "2 genres, 5 styles, 6 tags" in chromium.text("#model")
