"""What is typed as the value of an option."""

import argparse
import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_runtime.cli.arguments import Names, Number, duration_s, known_names
from edge_runtime.cli.bench import _seconds
from edge_runtime.cli.history import parse_since
from edge_runtime.errors import ParameterError

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
ODD = ("a\\", "\\", "b,", "\\,c")
DISCOGS = ("Folk, World, & Country", "Folk", "Stage & Screen", "jazz", "a,b", "a")

times = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{1,400}(\.[0-9]{1,20})?[smhdw]", fullmatch=True),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
)


@given(times)
@example("9999999w")
@example("9" * 400 + "w")
@example("9" * 5000 + "d")
@example("106000w")
@example("0001-01-01")
@example("0001-01-01T00:00+14:00")
@example("9999-12-31T23:59:59-12:00")
@example("٣d")
def test_any_text_is_a_moment_that_can_be_shown_or_one_typed_error(text):
    try:
        moment = parse_since(text, NOW)
    except ParameterError as error:
        assert "--since" in str(error)
    else:
        assert datetime.fromtimestamp(moment, UTC)
        assert datetime.fromtimestamp(moment)  # as the table shows it


@given(times)
@example("9" * 400 + "h")
@example("0s")
@example("0.0001s")
def test_any_text_is_a_time_of_full_load_that_ends_or_one_typed_error(text):
    try:
        assert 1.0 <= _seconds(text) <= 7 * 86_400
    except ParameterError as error:
        assert "--sustain" in str(error)


@given(st.text(max_size=8), st.sampled_from(["smh", "mhdw"]))
def test_a_duration_is_a_positive_number_or_none(text, units):
    found = duration_s(text, units)
    assert found is None or found >= 0.0


def test_a_duration_of_too_many_digits_is_infinite():
    assert duration_s("9" * 400 + "s", "s") == math.inf
    assert duration_s("1.5h", "smh") == 5400.0
    assert duration_s("1d", "smh") is None


@pytest.mark.parametrize(
    "text", ["", "x", "nan", "inf", "-inf", "1e999", "-0.1", "9" * 5000, "1", "1.0", "2"]
)
def test_a_number_out_of_range_is_refused_with_the_range(text):
    with pytest.raises(argparse.ArgumentTypeError, match="not a number from 0 to below 1"):
        Number(0.0, below=1.0)(text)
    assert Number(0.0, below=1.0)("0.999") == 0.999


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("jazz", ("jazz",)), (" jazz , rock,", ("jazz", "rock")), (r"a\,b,c", ("a,b", "c")),
        (r"a\b,c\\,d" "\\", ("a\\b", "c\\", "d\\")),
        (r"Folk\, World\, & Country,jazz", ("Folk, World, & Country", "jazz")),
    ],
)  # fmt: skip
def test_names_are_between_commas_and_an_escaped_comma_is_within_one(text, names):
    assert Names()(text) == names
    assert Names()(Names.join(names)) == names


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_no_name_at_all_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="names nothing"):
        Names()(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Folk, World, & Country", ("Folk, World, & Country",)),
        ("jazz,Folk,World,& Country,Folk", ("jazz", "Folk, World, & Country", "Folk")),
        (r"Folk\, World\, & Country", ("Folk, World, & Country",)),
        ("a,b", ("a,b",)), ("a,jazz,b", ("a", "jazz", "b")), ("polka,a", ("polka", "a")),
        ("Stage & Screen", ("Stage & Screen",)),
    ],
)  # fmt: skip
def test_a_genre_with_commas_is_found_without_an_escape(text, names):
    assert known_names(Names()(text), DISCOGS) == names


@given(st.lists(st.sampled_from(DISCOGS + ODD), min_size=1, max_size=5))
def test_whatever_is_written_with_escapes_comes_back(names):
    assert Names()(Names.join(names)) == tuple(names)
