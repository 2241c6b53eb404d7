"""Which microphone a name means."""

import pytest

from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources.device_names import is_alsa_id, is_numbered, matches, unknown
from edge_runtime.sources.devices import RefusedError

PI = (
    "bcm2835 Headphones: - (hw:0,0)",
    "USB PnP Sound Device: Audio (hw:1,0)",
    "Scarlett 2i2 USB: Audio (hw:2,0)",
    "default",
)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("default", [3]),
        ("DEFAULT", [3]),
        ("pnp", [1]),
        ("usb device", [1]),
        ("USB PnP Sound Device: Audio (hw:1,0)", [1]),
        ("USB", [1, 2]),
        ("gramophone", []),
        ("device usb", []),
    ],
)
def test_a_part_of_a_name_is_enough(wanted, meant):
    assert matches(wanted, PI) == meant


def test_a_name_that_was_copied_whole_is_found_when_the_number_of_the_card_has_changed():
    assert matches("USB PnP Sound Device: Audio (hw:4,0)", PI) == [1]
    assert matches("hw:CARD=Device,DEV=0", ["hw:CARD=Device,DEV=1"]) == [0]


def test_of_two_alike_the_one_with_the_number_is_meant():
    twins = ["USB Mic (hw:1,0)", "USB Mic (hw:2,0)"]
    assert matches("USB Mic (hw:2,0)", twins) == [1]
    assert matches("USB Mic", twins) == [0, 1]


@pytest.mark.parametrize("wanted", ["0", "1", " 3", "17"])
def test_a_bare_number_is_refused_because_numbers_change(wanted):
    with pytest.raises(RefusedError, match=r"numbers change .* use a name.*Scarlett"):
        matches(wanted, PI)


def test_a_number_that_belongs_to_a_name_is_part_of_it():
    assert matches("2", PI) == [2]
    assert matches("2835", PI) == [0]


@pytest.mark.parametrize(
    ("wanted", "near"),
    [("scarlet", "Scarlett 2i2 USB"), ("defalt", "default"), ("usb pnp sound devise", "USB PnP")],
)
def test_a_name_that_fits_none_is_refused_with_similar_ones(wanted, near):
    error = unknown(wanted, PI)
    assert isinstance(error, AudioDeviceError)
    assert f"did you mean '{near}" in str(error)
    assert all(name in str(error) for name in PI)


def test_a_name_that_is_like_none_is_refused_with_all_there_are():
    assert "did you mean" not in str(unknown("gramophone", PI))
    assert "there are: bcm2835" in str(unknown("gramophone", PI))


def test_a_long_list_is_cut():
    text = str(unknown("x", [f"mic {n}" for n in range(100)]))
    assert "mic 11 and 88 more" in text


def test_alsa_ids_are_no_names():
    assert is_alsa_id("plughw:CARD=Device")
    assert is_alsa_id("sysdefault:CARD=Device")
    assert not is_alsa_id("USB PnP Sound Device: Audio (hw:1,0)")
    assert is_numbered("plughw:1,0")
    assert not is_numbered("plughw:CARD=Device,DEV=0")


@pytest.mark.parametrize(
    ("count", "end"), [(12, "mic 11; see"), (13, "mic 11 and 1 more; see"), (1, "mic 0; see")]
)
def test_a_list_of_twelve_is_not_cut(count, end):
    assert f"{end}: edge-genre devices" in str(unknown("x", [f"mic {n}" for n in range(count)]))


def test_the_three_most_similar_names_are_offered_the_most_similar_first():
    known = ["snowbal", "snowball", "snowbell", "snowba11", "kinect"]
    assert "did you mean 'snowball' or 'snowbal' or 'snowbell'?" in str(unknown("snowball?", known))
