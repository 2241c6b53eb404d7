import dataclasses
import errno
import json
import os
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.image import imread

from edge_runtime import Classifier, Event, FrontEndParams
from edge_runtime.decoder import SILENCE
from edge_runtime.errors import OutputFileError, ParameterError
from edge_runtime.frontend import FrontEnd
from train.plots import FIGURES, draw, draw_sheet, read_sound, save
from train.plots.colours import PALETTE, genre_colours, text_colour
from train.plots.page import DPI, WIDTH_INCHES
from train.plots.spectra import MOST_COLUMNS, log_mel, mean_spectrum, mfcc, spectrogram
from train.plots.spectrum import octave_means
from train.plots.timeline import shown_genres, stretches
from train.plots.waveform import envelope

from ..command import refused, succeed
from ..synthetic import RATE, clip

Samples = npt.NDArray[np.float32]


def sine(hz: float, seconds: float, *, amplitude: float = 1.0, rate: int = RATE) -> Samples:
    t = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def write(path: Path, samples: Samples, rate: int = RATE) -> Path:
    soundfile.write(os.fsencode(path), samples, rate, format="WAV", subtype="FLOAT")
    return path


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier("seed-cnn")


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drone, a pause and a hiss."""
    sounds = [clip("drone", 0, 5.0), np.zeros(5 * RATE, np.float32), clip("hiss", 0, 5.0)]
    return write(tmp_path_factory.mktemp("plots") / "song.wav", np.concatenate(sounds))


def axes_with(figure: Figure, ylabel: str) -> Axes:
    (found,) = [axes for axes in figure.axes if axes.get_ylabel().startswith(ylabel)]
    return found


def texts(figure: Figure) -> str:
    """Everything that is written on a figure's axes and colour bars."""
    return " | ".join(
        text
        for owner in figure.axes
        for axes in (owner, *owner.child_axes)
        for text in (axes.get_xlabel(), axes.get_ylabel(), axes.get_title(loc="left"))
    )


# The numbers behind the pictures


def test_a_sine_at_full_scale_is_0_dbfs() -> None:
    """At the middle of a bin, in the spectrum and in the spectrogram."""
    hz, power = mean_spectrum(sine(128 * RATE / 8192, 3.0), RATE)
    assert hz[power.argmax()] == pytest.approx(128 * RATE / 8192)
    assert power.max() == pytest.approx(1.0, abs=1e-3)
    shown = spectrogram(sine(64 * RATE / 2048, 3.0), FrontEndParams(), RATE / 2)
    middle = shown.power[:, shown.power.shape[1] // 2]
    assert middle.argmax() == 64
    assert middle.max() == pytest.approx(1.0, abs=1e-3)


def test_a_constant_offset_and_half_the_sample_rate_are_not_counted_twice() -> None:
    _, power = mean_spectrum(np.full(RATE, 0.5, np.float32), RATE)
    assert power[0] == pytest.approx(0.25)
    alternating = np.tile(np.array([0.5, -0.5], np.float32), RATE // 2)
    assert mean_spectrum(alternating, RATE)[1][-1] == pytest.approx(0.25)


def test_the_spectrogram_is_librosas() -> None:
    samples = clip("beeps", 0)
    params = FrontEndParams()
    shown = spectrogram(samples, params, RATE / 2).power
    expected = np.abs(librosa.stft(samples, n_fft=2048, hop_length=512, pad_mode="constant")) ** 2
    expected[1:-1] *= 4
    expected /= 1024**2  # the sum of the window
    np.testing.assert_allclose(shown[:, : expected.shape[1]], expected, atol=1e-7)


@pytest.mark.parametrize("seconds", [0.1, 2.0, 8.3])
def test_the_mfccs_are_librosas_of_the_whole_clip(seconds: float) -> None:
    samples = clip("hiss", 0, seconds)
    params = FrontEndParams()
    found = mfcc(log_mel(samples, params), params)
    expected = librosa.feature.mfcc(y=samples, sr=RATE, n_mfcc=13).T
    np.testing.assert_allclose(found[: len(expected)], expected, atol=0.01)


def test_the_mfccs_of_one_window_are_the_model_input() -> None:
    params = FrontEndParams()
    samples = clip("drone", 3, 3.0)
    found = mfcc(log_mel(samples, params), params)
    np.testing.assert_allclose(found[: params.n_frames], FrontEnd(params)(samples), atol=2e-3)


def test_long_sound_is_averaged_to_a_width_that_can_be_seen() -> None:
    samples = np.concatenate([sine(1000, 60.0), sine(1000, 60.0, amplitude=0.1)])
    shown = spectrogram(samples, FrontEndParams(), RATE / 2)
    columns = shown.power.shape[1]
    assert MOST_COLUMNS / 2 < columns <= MOST_COLUMNS
    assert columns * shown.seconds_per_column == pytest.approx(120.0, abs=0.2)
    loud, soft = np.array_split(shown.power.max(axis=0), 2)
    assert np.median(loud) / np.median(soft) == pytest.approx(100.0, rel=0.01)


def test_the_envelope_holds_every_extreme() -> None:
    samples = 0.1 * clip("hiss", 1, 20.0)
    samples[123_456] = 0.9
    seconds, low, high, rms = envelope(samples, RATE)
    assert high.max() == pytest.approx(0.9)
    assert seconds[high.argmax()] == pytest.approx(123_456 / RATE, abs=0.02)
    assert low.min() == samples.min()
    assert np.all((low <= 0) & (rms >= 0) & (rms <= np.maximum(high, -low)))


# The figures


def test_axes_are_in_seconds_hertz_and_decibels(classifier: Classifier, song: Path) -> None:
    sound = read_sound(song, classifier)
    written = {name: texts(draw(sound, name)) for name in FIGURES}
    for name in set(FIGURES) - {"spectrum"}:
        assert "time (s)" in written[name]
    for name in ("spectrum", "spectrogram", "log-spectrogram"):
        assert "frequency (Hz)" in written[name]
    assert "frequency (Hz, mel scale)" in written["timeline"]
    for name in ("spectrum", "log-spectrogram"):
        assert "power (dBFS)" in written[name]
    for name in ("mfcc", "timeline"):
        assert "(dB)" in written[name]
    assert "full scale = 1" in written["waveform"]
    assert "% of it is below 1 % of its maximum" in written["spectrogram"]


def test_the_waveform_says_its_peak_and_level(classifier: Classifier, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(441, 4.0, amplitude=0.5))
    title = draw(read_sound(path, classifier), "waveform").axes[0].get_title(loc="left")
    assert title == "Waveform: peak −6.0 dBFS, RMS −9.0 dBFS"


def test_axes_span_the_part_that_was_asked_for(classifier: Classifier, song: Path) -> None:
    sound = read_sound(song, classifier, start=4.0, seconds=6.0)
    assert sound.seconds == pytest.approx(6.0)
    for name in ("waveform", "log-spectrogram", "mfcc", "timeline"):
        figure = draw(sound, name)
        assert figure.axes[0].get_xlim() == pytest.approx((4.0, 10.0))
        assert "4.0 to 10.0 s" in figure.get_suptitle()


def test_frequencies_end_where_the_file_does(classifier: Classifier, tmp_path: Path) -> None:
    path = write(tmp_path / "phone.wav", sine(500, 4.0, rate=8000), 8000)
    sound = read_sound(path, classifier)
    assert any("nothing above 4 kHz" in warning for warning in sound.warnings)
    axes = draw(sound, "log-spectrogram").axes[0]
    assert axes.get_ylim() == (0.0, 4000.0)
    assert np.asarray(axes.get_images()[0].get_array()).shape[0] == 1 + 4000 * 2048 // RATE
    assert draw(sound, "spectrum").axes[0].get_xlim()[1] == 4000.0
    assert "nothing above 4000 Hz" in draw(sound, "waveform").get_suptitle()
    ticks = axes_with(draw(sound, "timeline"), "frequency").get_yticklabels()
    assert [tick.get_text() for tick in ticks if tick.get_text()][-2:] == ["1k", "2k"]


def test_a_tone_is_drawn_at_its_frequency(classifier: Classifier, tmp_path: Path) -> None:
    """In the log-mel: the brightest row's place on the axis, against its ticks."""
    path = write(tmp_path / "tone.wav", sine(2000, 4.0, amplitude=0.3))
    axes = axes_with(draw(read_sound(path, classifier), "timeline"), "frequency")
    (image,) = axes.get_images()
    rows = np.asarray(image.get_array())
    brightest = rows[:, rows.shape[1] // 2].argmax()
    *_, low, high = image.get_extent()
    place = low + (brightest + 0.5) / len(rows) * (high - low)
    ticks = dict(
        zip((t.get_text() for t in axes.get_yticklabels()), axes.get_yticks(), strict=True)
    )
    assert place == pytest.approx(ticks["2k"], abs=(high - low) / len(rows))


def test_silence_is_dark_and_grey(classifier: Classifier, tmp_path: Path) -> None:
    path = write(tmp_path / "nothing.wav", np.zeros(6 * RATE, np.float32))
    sound = read_sound(path, classifier)
    for name in FIGURES:
        save(draw(sound, name), tmp_path / f"{name}.png")
    (image,) = draw(sound, "log-spectrogram").axes[0].get_images()
    assert np.asarray(image.get_array()).max() == image.get_clim()[0] == -120.0
    assert "Genre timeline: silence 0:06" in texts(draw(sound, "timeline"))


@pytest.mark.parametrize(
    "n", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 60, 2047, 30_000))]
)
def test_clips_shorter_than_a_window_can_be_drawn(
    classifier: Classifier, tmp_path: Path, n: int
) -> None:
    path = write(tmp_path / "short.wav", clip("hiss", 0, 3.0)[:n])
    sound = read_sound(path, classifier)
    assert any("shorter than the model's window" in warning for warning in sound.warnings)
    save(draw_sheet(sound, tuple(FIGURES)), tmp_path / "sheet.png")


def test_any_name_can_stand_above_a_figure(classifier: Classifier, tmp_path: Path) -> None:
    """TeX signs, letters that the font lacks, control characters, half a surrogate."""
    path = write(tmp_path / "$x_1$ \\frac{ 日本 \x07\udcff.wav", clip("hiss", 0, 1.0))
    sound = read_sound(path, classifier)
    for name in ("a.png", "a.svg"):
        save(draw(sound, "waveform"), tmp_path / name)
    ET.parse(tmp_path / "a.svg")


# The timeline


def test_the_timeline_has_the_events_of_listen(song: Path) -> None:
    fields = ("start", "end", "label", "raw_posterior", "level_dbfs")

    def fields_of(lines: list[str]) -> list[list[object]]:
        return [[json.loads(line)[field] for field in fields] for line in lines]

    listened = succeed("listen", "--input", song, "--fast", "--json").stdout.splitlines()
    found = [event.to_json() for event in read_sound(song, Classifier()).events]
    assert len(found) > 10
    assert fields_of(found) == fields_of(listened)


def test_the_strip_and_the_posteriors_are_the_events(classifier: Classifier, song: Path) -> None:
    sound = read_sound(song, classifier)
    figure = draw(sound, "timeline")
    strip = stretches(sound.events)
    assert strip[0].start == 0.0
    assert strip[-1].end == pytest.approx(15.0, abs=0.01)
    assert all(a.end == b.start and a.label != b.label for a, b in pairwise(strip))
    assert SILENCE in [stretch.label for stretch in strip]
    axes = axes_with(figure, "posterior")
    legend = axes.get_legend()
    assert legend is not None
    assert SILENCE in [text.get_text() for text in legend.get_texts()]
    genres = shown_genres(sound.labels, sound.events)
    sounding = np.array([event.label != SILENCE for event in sound.events])
    lowest = axes.patches[0].get_data()
    raw = np.array([event.raw_posterior[genres[0]] for event in sound.events])
    np.testing.assert_allclose(lowest.values, np.where(sounding, raw, 0.0))
    np.testing.assert_allclose(lowest.edges[1:], [event.end for event in sound.events])
    others = axes.patches[len(genres)].get_data()
    np.testing.assert_allclose(others.values[sounding], 1.0, atol=1e-5)


def event(end: float, label: str, **raw: float) -> Event:
    return Event(
        time=0.0,
        start=end - 3.0,
        end=end,
        new_s=1.0,
        label=label,
        confidence=0.5,
        posterior=raw,
        raw_posterior=raw,
        level_dbfs=-20.0,
        front_end_ms=0.0,
        inference_ms=0.0,
    )


def test_a_label_is_shown_even_if_it_is_seldom_the_likeliest() -> None:
    labels = tuple("abcdefghijkl")
    likely = {label: 0.1 - 0.005 * index for index, label in enumerate(labels)}
    events = (event(3.0, "l", **likely), event(4.0, "a", **likely))
    assert shown_genres(labels, events) == ["a", "b", "c", "d", "e", "l"]


def test_what_is_no_genre_has_its_colour_and_pattern_in_strip_and_layers(song: Path) -> None:
    labels = ("blues", "jazz", "other", "not music")
    likely = {"blues": 0.1, "jazz": 0.1, "other": 0.5, "not music": 0.3}
    names = ("jazz", "other", "not music", "unknown")
    events = tuple(event(3.0 * n, name, **likely) for n, name in enumerate(names, 1))
    heard = read_sound(song, Classifier("seed-cnn"))
    sound = dataclasses.replace(heard, labels=labels, events=events)
    axes = axes_with(draw(sound, "timeline"), "posterior")
    legend = axes.get_legend()
    assert legend is not None
    patches = {
        text.get_text(): patch
        for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=True)
    }
    found = {
        name: (to_hex(patch.get_facecolor()).upper(), bool(patch.get_hatch()))
        for name, patch in patches.items()
    }
    assert found == {
        "blues": (PALETTE[0], False),
        "jazz": (PALETTE[1], False),
        "other": ("#7688BE", True),
        "not music": ("#70644C", True),
        "unknown": ("#B8B8B8", True),
    }
    strip = axes_with(draw(sound, "timeline"), "frequency").figure.axes[1]
    drawn = [to_hex(patch.get_facecolor()).upper() for patch in strip.patches]
    assert drawn == [PALETTE[1], "#7688BE", "#70644C", "#B8B8B8"]


def test_what_is_left_over_is_not_taken_for_other(song: Path) -> None:
    def legend_of(*labels: str) -> list[str]:
        events = (event(3.0, labels[0], **{label: 1 / len(labels) for label in labels}),)
        heard = read_sound(song, Classifier("seed-cnn"))
        sound = dataclasses.replace(heard, labels=labels, events=events)
        legend = axes_with(draw(sound, "timeline"), "posterior").get_legend()
        assert legend is not None
        return [text.get_text() for text in legend.get_texts()]

    assert "others" in legend_of(*"abcdefgh")
    assert "the rest" in legend_of("other", *"abcdefgh")


def test_ten_genres_have_ten_colours_and_keep_them() -> None:
    labels = tuple("abcdefghijklmno")
    assert genre_colours(labels, "dab") == {
        "d": PALETTE[3],
        "a": PALETTE[0],
        "b": PALETTE[1],
    }
    crowded = genre_colours(labels, "kabcdefghi")
    assert crowded["k"] == PALETTE[0]
    assert len(set(crowded.values())) == 10


def test_names_can_be_read_on_every_colour() -> None:
    assert [text_colour(colour) for colour in ("#000000", "#332288", "#F0E442")] == [
        "white",
        "white",
        "black",
    ]


# The command


def test_plot_writes_a_picture_of_each_kind(tmp_path: Path) -> None:
    done = succeed("plot", "demo", "--out", tmp_path / "new" / "folder")
    written = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in written] == [f"demo-{name}.png" for name in FIGURES]
    for path, kind in zip(written, FIGURES.values(), strict=True):
        height, width, _ = imread(path).shape
        assert width == WIDTH_INCHES * DPI
        assert height == pytest.approx(kind.height * DPI, abs=1)


@pytest.mark.slow
def test_a_sheet_has_all_figures(tmp_path: Path) -> None:
    done = succeed("plot", "demo", "--sheet", "--seconds", "6", cwd=tmp_path)
    assert done.stdout == f"{Path('plots', 'demo-sheet.png')}\n"
    pixels = imread(tmp_path / "plots" / "demo-sheet.png")
    assert min(pixels.shape[:2]) > 1800
    assert pixels[..., :3].std() > 0.1


def test_the_sheet_repeats_the_single_figures(classifier: Classifier, song: Path) -> None:
    sound = read_sound(song, classifier)
    sheet = texts(draw_sheet(sound, tuple(FIGURES)))
    for name in FIGURES:
        (title,) = [title for axes in draw(sound, name).axes if (title := axes.get_title("left"))]
        assert title in sheet


def test_svg_is_well_formed_and_the_same_every_time(tmp_path: Path, song: Path) -> None:
    arguments = ("plot", song, "--format", "svg", "--figure", "waveform", "timeline", "--out")
    succeed(*arguments, tmp_path / "a")
    succeed(*arguments, tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["song-timeline.svg", "song-waveform.svg"]
    for name in names:
        root = ET.parse(tmp_path / "a" / name).getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_bad_input_is_one_line(tmp_path: Path, song: Path) -> None:
    assert "no such file" in refused("plot", tmp_path / "none.wav", code=3)
    noise = tmp_path / "noise.wav"
    noise.write_bytes(b"RIFF, but not really")
    assert "noise.wav" in refused("plot", noise, code=3)
    assert "lasts 15.00 s" in refused("plot", song, "--start", "15", code=2)
    assert "invalid choice: 'pie'" in refused("plot", song, "--figure", "pie", code=2)
    assert "no such model file" in refused("plot", song, "--model", tmp_path / "m", code=3)
    taken = tmp_path / "taken"
    taken.write_bytes(b"")
    assert "taken" in refused("plot", song, "--out", taken, code=1)


def test_more_than_an_hour_wants_a_part(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.plots.sound.LONGEST_SECONDS", 5.0)
    path = write(tmp_path / "long.wav", clip("hiss", 0, 6.0))
    with pytest.raises(ParameterError, match="--start and --seconds"):
        read_sound(path, classifier)
    assert read_sound(path, classifier, seconds=4.0).seconds == pytest.approx(4.0)


def test_a_spectrum_is_smoothed_over_a_sixth_of_an_octave() -> None:
    """From a frequency that is 5.95 % lower to one that is as much higher."""
    hz = np.array([100.0, 104.0, 110.0, 116.0, 123.0])
    power = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert octave_means(hz, power).tolist() == pytest.approx([1.5, 7 / 3, 14 / 3, 6.0, 16.0])


def test_a_picture_for_which_the_disk_has_no_room_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("edge_runtime.atomic_write.tempfile.NamedTemporaryFile", full)
    with pytest.raises(OutputFileError, match=r"a\.png: cannot be written \(No space"):
        save(Figure(), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
