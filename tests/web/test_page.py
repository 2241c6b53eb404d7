"""The page in a real browser."""

import dataclasses
import datetime

import pytest

from edge_runtime import Classifier
from edge_runtime.stream.session import Session
from edge_runtime.web.live import Live
from tests.edge_runtime.sinks.events import event

from .listener import Listener

GENRES = set(Classifier("seed-cnn").labels)
LABELS = GENRES | {"silence", "unknown"}


@pytest.mark.parametrize(
    ("width", "height", "dark"), [(1280, 800, False), (390, 844, True), (320, 568, False)]
)
def test_the_label_is_shown_live_on_any_screen(chromium, listener, width, height, dark):
    chromium.complaints.clear()
    chromium.requested.clear()
    chromium.look(width, height, dark=dark)
    chromium.open(listener.url)
    chromium.until("document.documentElement.dataset.status", lambda s: s == "listening")
    shown = chromium.until("document.querySelector('#genre')?.textContent", LABELS.__contains__)
    assert shown in chromium.value("document.title")
    assert chromium.value("document.querySelectorAll('#shares li').length") == len(GENRES)
    assert chromium.value("document.querySelector('#chips').hidden"), "a model without tags"
    first = chromium.until("document.querySelector('#updated')?.textContent")
    chromium.until("document.querySelector('#updated').textContent", lambda text: text != first)
    assert chromium.value("document.documentElement.scrollWidth") <= width
    ink, paper = (
        chromium.value(f"getComputedStyle(document.{place}")
        for place in ("body).color", "documentElement).backgroundColor")
    )
    bright = [sum(map(int, text.strip("rgba()").split(",")[:3])) for text in (ink, paper)]
    assert (bright[0] > bright[1]) == dark
    assert chromium.complaints == []
    assert all(url.startswith(listener.url) for url in chromium.requested)


CONTRAST = """(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const paper = (item) => {
    for (let at = item; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
  };
  const found = [];
  for (const item of document.body.querySelectorAll('*')) {
    const own = [...item.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !item.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(item).color)), light(paper(item))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([Math.round(100 * ratio) / 100, item.textContent]);
  }
  return found.sort((a, b) => a[0] - b[0]);
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_read_by_who_sees_little(chromium, listener, dark):
    chromium.look(1280, 800, dark=dark)
    chromium.open(listener.url)
    chromium.until("document.querySelector('#genre')?.textContent", LABELS.__contains__)
    found = chromium.value(CONTRAST)
    assert len(found) > 40
    assert found[0][0] >= 4.5, "the least contrast that WCAG allows for text (AA)"


@pytest.mark.parametrize(("width", "heading"), [(1280, "Last two minutes"), (390, "Last minute")])
def test_the_picture_shows_how_far_back_it_goes(chromium, listener, width, heading):
    chromium.look(width, 800, dark=False)
    chromium.open(listener.url)
    chromium.until("document.querySelector('#sound-title').textContent", heading.__eq__)


def test_a_laptop_s_screen_holds_all(chromium, listener):
    chromium.look(1280, 800, dark=False)
    chromium.open(listener.url)
    chromium.until("document.querySelector('#genre')?.textContent", LABELS.__contains__)
    assert chromium.value("document.documentElement.scrollHeight") <= 800


def test_the_sound_is_drawn(chromium, listener):
    chromium.look(1280, 800, dark=False)
    chromium.open(listener.url)
    drawn = """(() => {
      const canvas = document.querySelector('canvas');
      if (!canvas || !canvas.width) return 0;
      const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      const colours = new Set();
      for (let i = 0; i < data.length; i += 64) colours.add(data.slice(i, i + 3).join());
      return colours.size;
    })()"""
    chromium.until(drawn, lambda colours: colours > 30)


def test_the_page_comes_back_when_the_listener_does(chromium):
    first = Listener()
    chromium.look(1280, 800, dark=False)
    chromium.open(first.url)
    chromium.until("document.documentElement.dataset.status", lambda s: s == "listening")
    chromium.value("window.before = 1")
    first.close()
    chromium.until("document.documentElement.dataset.link", lambda link: link != "live")
    again = Listener(at=f"127.0.0.1:{first.port}")
    try:
        chromium.until("document.documentElement.dataset.link", lambda link: link == "live")
        chromium.until("document.querySelector('#genre').textContent", LABELS.__contains__)
        assert chromium.value("window.before") == 1, "it was not loaded anew"
    finally:
        again.close()


def session(model="seed-cnn"):
    return Session(source="mic", manifest=Classifier(model).manifest, interval_s=1.0)


TODAY = datetime.date(2026, 11, 23)


def test_no_sound_for_long_is_a_stall_and_sound_ends_it():
    live = Live(session(), 100.0)
    assert live.status(105.0) == "starting"
    assert live.status(114.0) == "stalled"
    live.take(event("jazz", time=3.0), 115.0, TODAY)
    assert live.status(116.0) == "listening"
    assert live.status(129.0) == "stalled"


def test_sound_that_was_missing_is_not_counted():
    live = Live(session(), 100.0)
    live.take(event("jazz", time=3.0), 101.0, TODAY)
    live.take(event("jazz", time=63.0, missing_s=59.0), 161.0, TODAY)
    assert live.to_dict(161.0, TODAY)["today"]["seconds"] == {"jazz": 6.0}


def test_the_load_is_computing_time_per_second_of_new_sound():
    live = Live(session(), 100.0)
    for number in range(2):  # the later ones count for a tenth
        new = event(time=3.0 + number, new_s=0.5, front_end_ms=2.0, inference_ms=3.0 + 10 * number)
        live.take(new, 101.0 + number, TODAY)
    health = live.to_dict(102.0, TODAY)["health"]
    assert health["real_time_factor"] == pytest.approx(0.9 * 0.01 + 0.1 * 0.03)
    assert live.front_end_seconds == pytest.approx(0.004)
    assert live.inference_seconds == pytest.approx(0.016)


def test_a_day_ends_at_midnight_though_no_sound_comes():
    live = Live(session(), 100.0)
    live.take(event("jazz", time=3.0), 101.0, TODAY)
    live.take(event("jazz", time=4.0, new_s=1.0), 102.0, TODAY)
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert live.to_dict(103.0, TODAY)["today"]["seconds"] == {"jazz": 4.0}
    assert live.to_dict(104.0, tomorrow)["today"] == {"date": "2026-11-24", "seconds": {}}
    assert live.seconds == {"jazz": 4.0}, "since the start"


def test_another_model_brings_its_own_labels():
    live = Live(session(), 100.0)
    live.take(event("jazz", time=3.0), 101.0, TODAY)
    live.describe(session("tiny"))
    facts = live.facts_dict()["model"]
    assert facts["name"] == "tiny"
    assert "not music" in facts["labels"]
    assert set(facts["colours"]) == set(facts["labels"]), "what is no music has one, too"
    assert dataclasses.is_dataclass(live.session)
