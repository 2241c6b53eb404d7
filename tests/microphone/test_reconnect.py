"""A microphone of a real PulseAudio server that is missing, vanishes, hangs and comes back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ListenProcess, VirtualMicrophone
from .test_microphone import is_silence, is_tone, refused

OUTAGES: dict[
    str, tuple[Callable[[VirtualMicrophone], None], Callable[[VirtualMicrophone], None]]
] = {
    "unplugged": (VirtualMicrophone.unplug, VirtualMicrophone.plug_in),
    "driver hangs": (VirtualMicrophone.freeze, VirtualMicrophone.thaw),
}
OFTEN = ("--interval", "0.3")


def is_back(event: dict[str, Any]) -> bool:
    """Whether the microphone was away before this event."""
    return bool(event["missing_s"] > 0.0)


def check_clock(events: list[dict[str, Any]]) -> None:
    """Windows are an interval apart, or one gap that the event counts; none spans it."""
    for one, two in itertools.pairwise(events):
        gap = two["missing_s"] - one["missing_s"]
        if gap:
            assert two["start"] == pytest.approx(one["end"] + gap, abs=0.0021)
        else:
            assert 0.0 < two["end"] - one["end"] <= 0.4
        assert two["end"] > one["end"]


@pytest.mark.slow
@pytest.mark.parametrize("outage", OUTAGES)
def test_a_lost_microphone_is_reported_once_and_back_by_itself(
    microphone: VirtualMicrophone, outage: str, no_portaudio: dict[str, str]
) -> None:
    breaks, mends = OUTAGES[outage]

    def check(listening: ListenProcess) -> None:
        listening.until(is_back)
        listening.until(is_tone)
        listening.printed("back after")
        listening.process.terminate()
        code, stderr = listening.end()
        lines = [line for line in stderr.splitlines() if "digital silence" not in line]
        assert code == 0
        assert len(lines) == 2, stderr
        assert lines[0].startswith("edge-genre: warning: mic: microphone 'default'")
        assert lines[0].endswith("; waiting for it")
        assert lines[1].startswith("edge-genre: warning: mic: back after ")
        check_clock(listening.events)
        assert all(event["dropped_samples"] == 0 for event in listening.events)

    with (
        microphone.listening(*OFTEN) as through_portaudio,
        microphone.listening(*OFTEN, **no_portaudio) as through_arecord,
    ):
        for listening in (through_portaudio, through_arecord):
            listening.until(is_silence)
        breaks(microphone)
        for listening in (through_portaudio, through_arecord):
            listening.printed("waiting for it")
        mends(microphone)
        with microphone.playing():
            check(through_portaudio)
            check(through_arecord)


@pytest.mark.slow
def test_a_microphone_that_is_not_ready_at_boot_is_found_later(
    microphone: VirtualMicrophone, no_portaudio: dict[str, str]
) -> None:
    microphone.kill()
    with (
        microphone.listening(*OFTEN) as through_portaudio,
        microphone.listening(*OFTEN, **no_portaudio) as through_arecord,
    ):
        for listening in (through_portaudio, through_arecord):
            listening.printed("waiting for it")
        microphone.restart()
        for listening in (through_portaudio, through_arecord):
            first = listening.until(lambda _: True)
            assert first["start"] == pytest.approx(first["missing_s"], abs=0.0021)
            listening.printed("found after")
            listening.process.terminate()
            assert listening.end()[0] == 0


def test_a_name_that_is_nearly_right_is_reported_and_waited_for(
    shared_microphone: VirtualMicrophone, library: dict[str, str]
) -> None:
    with shared_microphone.listening("--input", "mic:studoi", **library) as listening:
        line = listening.printed("waiting for it")
        assert "did you mean 'studio'?" in line
        listening.process.terminate()
        assert listening.end() == (0, line + "\n")
    assert listening.events == []


def test_a_bare_number_is_refused(
    shared_microphone: VirtualMicrophone, library: dict[str, str]
) -> None:
    line = refused(shared_microphone.run("listen", "--input", "mic:3", **library))
    assert "'3' is no microphone's name; numbers change" in line


@pytest.mark.parametrize("capture", ["portaudio", "arecord"])
def test_the_way_to_capture_can_be_chosen(
    shared_microphone: VirtualMicrophone, capture: str
) -> None:
    options = ("--input", "mic:studio", "--capture", capture, *OFTEN)
    with shared_microphone.playing("studio"), shared_microphone.listening(*options) as listening:
        listening.until(is_tone)
        listening.process.terminate()
        assert listening.end() == (0, "")


def test_an_alsa_id_that_portaudio_does_not_list_is_given_to_arecord(
    shared_microphone: VirtualMicrophone,
) -> None:
    with shared_microphone.listening("--input", "mic:pulse:studio_in") as listening:
        listening.until(is_silence)
        listening.process.terminate()
        assert listening.end() == (0, "")


def test_a_signal_ends_the_waiting(microphone: VirtualMicrophone, library: dict[str, str]) -> None:
    microphone.unplug()
    with microphone.listening(**library) as listening:
        listening.printed("waiting for it")
        listening.process.terminate()
        code, stderr = listening.end()
        assert (code, stderr.count("\n"), listening.events) == (0, 1, [])
