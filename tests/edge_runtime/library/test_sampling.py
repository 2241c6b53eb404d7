"""What users write for a sample, and where the excerpts are."""

import pytest

from edge_runtime.audio.sampling import Sampling
from edge_runtime.errors import ParameterError
from edge_runtime.library.sampling import default_sampling, parse_sampling


@pytest.mark.parametrize("text", ["3x10s", "3x10", " 3 X 10 S", "3x10.0s"])
def test_sampling_is_parsed(text):
    assert parse_sampling(text) == Sampling(3, 10.0)
    assert str(parse_sampling(text)) == "3x10s"


def test_whole_is_no_sampling():
    assert parse_sampling("whole") is None


@pytest.mark.parametrize(
    "text",
    ["", "3", "x10s", "0x10s", "3x0s", "-1x3s", "3x10m", "1001x1s", "1x4000s", "3xinf", "²x3"],
)
def test_other_samples_are_refused(text):
    with pytest.raises(ParameterError):
        parse_sampling(text)


def test_files_over_two_minutes_are_sampled():
    assert default_sampling(120.0) is None
    assert default_sampling(120.1) == Sampling(3, 10.0)


@pytest.mark.parametrize("total_s", [31.0, 36.1, 60.0, 121.0, 3600.0, 36_000.7])
@pytest.mark.parametrize("sampling", [Sampling(3, 10.0), Sampling(1, 1.0), Sampling(10, 3.0)])
@pytest.mark.parametrize("window_s", [3.0, 2.976])
def test_excerpts_are_whole_windows_of_the_file_apart_from_each_other(total_s, sampling, window_s):
    excerpts = sampling.excerpts(total_s, window_s)
    if excerpts == ((0.0, total_s),):
        assert sampling.count * (sampling.seconds + 3 * window_s) > total_s
        return
    assert len(excerpts) == sampling.count
    end_before = 0.0
    for number, (start, seconds) in enumerate(excerpts):
        assert start >= end_before - 1e-6
        for length in (start, seconds):
            assert length / window_s == pytest.approx(round(length / window_s), abs=1e-6)
        assert abs(seconds - sampling.seconds) <= max(window_s / 2, window_s - sampling.seconds)
        part = total_s / sampling.count
        assert part * number - 1e-6 <= start
        assert start + seconds <= part * (number + 1) + 1e-6
        end_before = start + seconds


def test_a_sample_of_most_of_a_file_is_the_whole_file():
    assert Sampling(3, 10.0).excerpts(30.0, 3.0) == ((0.0, 30.0),)
    assert Sampling(1, 60.0).excerpts(4.0, 3.0) == ((0.0, 4.0),)
