"""``listen --config``: options in a file."""

import itertools
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.cli.config_file import (
    _EXAMPLES,
    _OWN,
    example,
    expand,
    options_given,
    parse,
    to_toml,
)
from edge_runtime.cli.listen import add_arguments
from edge_runtime.cli.parser import Parser, UsageError
from edge_runtime.errors import ConfigFileError, ParameterError
from tests.command import refused, succeed

from ..sounds import RATE, noise, write_wav


@pytest.fixture(scope="module")
def parser():
    parser = Parser(prog="listen")
    add_arguments(parser)
    return parser


@pytest.fixture
def parsed(parser, tmp_path):
    """Options of a file and a command line."""

    def both(text, *arguments):
        path = tmp_path / "edge-genre.toml"
        path.write_text(text, encoding="utf-8")
        return parse(parser, [*arguments, "--config", str(path)])

    return both


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(parsed):
    text = '\ufeffinput = "-"\r\nonly = ["jazz"]\r\n'
    assert (parsed(text).input, parsed(text).only) == ("-", ("jazz",))
    with pytest.raises(ConfigFileError, match="line 2: intervall is no option"):
        parsed('\ufeffinput = "-"\r\nintervall = 3\r\n')


def test_a_genre_of_a_list_may_have_commas(parsed):
    assert parsed('only = ["Folk, World, & Country", "jazz"]').only == (
        "Folk, World, & Country", "jazz",
    )  # fmt: skip


@pytest.mark.parametrize("value", ["1e999", "inf", "nan", "9" * 5000, "1" + "0" * 30])
@pytest.mark.parametrize("key", ["threshold", "rate", "interval", "mqtt_interval"])
def test_a_number_that_overflows_is_one_typed_error(parsed, key, value):
    with pytest.raises(ConfigFileError, match=r"edge-genre.toml: "):
        parsed(f"{key} = {value}")


def test_options_of_a_file_are_those_of_the_command_line(parsed, parser):
    text = """
    input = "-"            # stdin
    rate = 16000
    silence-dbfs = -48.5   # dashes and underscores are the same
    only = ["jazz", "pop"]
    json = true
    fast = false
    mqtt = "mqtt://den"
    mqtt_discovery = false
    """
    options = ["--input", "-", "--rate", "16000", "--silence-dbfs", "-48.5", "--only", "jazz,pop"]
    options += ["--json", "--mqtt", "mqtt://den", "--no-mqtt-discovery"]
    from_file, from_line = parsed(text), parser.parse_args(options)
    from_file.config = None
    assert from_file == from_line


def test_the_command_line_wins(parsed):
    args = parsed('rate = 16000\nmodel = "base"\nfast = true', "--rate", "8000", "--speed", "2")
    assert (args.rate, args.model, args.fast, args.speed) == (8000, "base", False, 2.0)


def test_without_a_file_nothing_changes(parser):
    assert expand(parser, ["--rate", "8000"]) == ["--rate", "8000"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n\nintervall = 2", r"line 3: intervall is no option; did you mean interval\?"),
        ("[zzz]\na = 1", "line 1: zzz is no option; --print-config lists them all"),
        ("rate = 48000\ninterval = 'often'", "line 2: interval: 'often' is not a number from 0.02"),
        ("rate = 1", "line 1: rate: '1' is not a whole number from 8000"),
        ("format = 'S17'", "line 1: format is 'S17'; it must be one of U8, "),
        ("json = 1", "line 1: json is 1; it must be true or false"),
        ("rate = true", "line 1: rate cannot be true"),
        ("rate = 2026-11-23", 'line 1: rate cannot be "a date"'),
        ('input = ["demo", "a.wav"]', "line 1: input is a list; give one value"),
        ("only = [1]", r"line 1: only cannot be \[1\]"),
        ("only = ','", "line 1: only: ',' names nothing"),
        ("rate = = 5", r"is not TOML: .*line 1, column"),
        ("rate = 1\nrate = 2", "is not TOML: Cannot overwrite a value"),
        ("config = 'other.toml'", "config is no option"),
    ],
)
def test_an_error_names_its_line(parsed, text, complaint):
    with pytest.raises(ConfigFileError, match=complaint):
        parsed(text)


def test_a_file_that_cannot_be_read_is_an_error(parser, tmp_path):
    with pytest.raises(ConfigFileError, match="No such file"):
        expand(parser, ["--config", str(tmp_path / "none.toml")])
    (tmp_path / "latin.toml").write_bytes(b"input = '\xe4'")
    with pytest.raises(ConfigFileError, match="is not UTF-8"):
        expand(parser, ["--config", str(tmp_path / "latin.toml")])


values = st.one_of(
    st.text(max_size=8), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=3))
)


@given(key=st.sampled_from([*_EXAMPLES, "json", "x"]), value=values, text=st.text(max_size=40))
def test_any_text_gives_tokens_or_one_typed_error(parser, tmp_path_factory, key, value, text):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    for content in (text, f"{key} = {value!r}"):
        path.write_text(content, encoding="utf-8", errors="replace")
        try:
            tokens = expand(parser, ["--config", str(path)])
        except ConfigFileError as error:
            assert str(path) in str(error)
        else:
            assert tokens[-2:] == ["--config", str(path)]


def test_the_example_has_every_option_and_each_can_be_taken(parser, tmp_path):
    text = example(parser)
    assert tomllib.loads(text) == {}
    lines = [line[1:] for line in text.splitlines() if line.startswith("#") and line[1:2] != " "]
    named = [line.partition(" = ")[0] for line in lines]
    assert sorted(named) == sorted({option.action.dest for option in parser.options()} - set(_OWN))
    path = tmp_path / "one.toml"
    for line in lines:
        path.write_text(line, encoding="utf-8")
        parse(parser, ["--config", str(path)])


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ODD_TEXTS = TEXTS | st.sampled_from(['mic:"C:\\x"', "naïve, Motörhead", "\t\x7f\n", "--rate", "="])


def command_lines(parser):
    """Any options of the parser, each with a value that it takes."""

    def values(action):
        if action.nargs == 0:
            return st.sampled_from(action.option_strings).map(lambda name: [name])
        values = ODD_TEXTS.filter(str.strip)  # an empty value is refused
        if action.choices is not None:
            values = st.sampled_from([str(choice) for choice in action.choices])
        elif hasattr(action.type, "low"):
            many = st.floats if isinstance(action.type.low, float) else st.integers
            values = many(action.type.low, action.type.high).map(str)
        elif action.dest == "channel":
            values = st.sampled_from(["mix", "loudest", "1", "12"])
        elif action.dest in ("only", "ignore"):
            values = ODD_TEXTS.filter(lambda text: text.replace(",", "").strip())
        return values.map(lambda value: [f"{action.option_strings[0]}={value}"])

    by_group = {}
    for option in parser.options():
        if option.action.dest not in _OWN:
            key = option.exclusive or option.action.dest
            by_group.setdefault(key, []).append(values(option.action))
    each = [st.none() | st.one_of(possible) for possible in by_group.values()]
    return st.tuples(*each).map(lambda found: list(itertools.chain(*filter(None, found))))


@given(data=st.data())
def test_options_written_as_a_file_are_read_as_the_same(parser, tmp_path_factory, data):
    arguments = data.draw(command_lines(parser))
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_text(to_toml(options_given(parser, arguments)), encoding="utf-8")
    read = parse(parser, ["--config", str(path)])
    read.config = None
    assert read == parser.parse_args(arguments)


def test_a_file_name_that_is_no_text_cannot_be_written(parser):
    values = options_given(parser, ["--rate", "48000", "--log", "\udcff.jsonl"])
    with pytest.raises(ParameterError, match=r"log = .*udcff.* is not Unicode text; rename"):
        to_toml(values)


def test_two_options_that_exclude_each_other_are_refused_in_a_file_too(parsed):
    with pytest.raises(UsageError, match="--speed: not allowed with argument --fast"):
        parsed("fast = true\nspeed = 2")
    assert parsed("fast = false\nspeed = 2").speed == 2.0


def test_listen_reads_its_file(tmp_path):
    clip = write_wav(tmp_path / "clip.wav", noise(5 * RATE))
    config = tmp_path / "listen.toml"
    config.write_text(f'input = "{clip}"\nfast = true\njson = true\nmodel = "seed-cnn"\n')
    done = succeed("listen", "--config", config, "--interval", "1")
    assert len(done.stdout.splitlines()) == 4
    config.write_text('input = "x"\nfast = "yes"\n')
    line = refused("listen", "--config", config, code=2)
    assert line == f'edge-genre: {config}: line 2: fast is "yes"; it must be true or false'
    assert "#interval = " in succeed("listen", "--print-config").stdout
