"""Options that are empty or given twice are refused in one line."""

import pytest

from edge_runtime.cli.parser import Parser, UsageError

from ...command import complaint


@pytest.mark.parametrize("command", ["listen", "install-service"])
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--input", ""], "--input is empty"),
        (["--input="], "--input is empty"),
        (["--device", ""], "--device is empty"),
        (["--model", ""], "--model is empty"),
        (["--log", ""], "--log is empty"),
        (["--mqtt="], "--mqtt is empty"),
    ],
)
def test_an_empty_value_is_refused_and_does_not_open_the_microphone(
    command, arguments, named, capfd
):
    assert named in complaint(capfd, command, *arguments, code=2)


def test_an_empty_argument_is_refused(capfd):
    assert "an argument is empty" in complaint(capfd, "classify", "demo", "", code=2)


def test_an_empty_value_in_a_file_is_refused_with_its_line(capfd, tmp_path):
    path = tmp_path / "options.toml"
    path.write_text('rate = 48000\ninput = ""\n')
    line = complaint(capfd, "listen", "--config", path, code=2)
    assert f"{path}: line 2: input is empty" in line


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (
            ["--input", "demo", "--input", "other.wav"],
            "--input is given twice (demo and other.wav)",
        ),
        (["--input", "demo", "--inp", "mic"], "--inp"),
        (["--model=tiny", "--model=base"], "--model is given twice (tiny and base)"),
        (["--only", "jazz", "--only", "rock,pop"], "--only is given twice (jazz and rock,pop)"),
        (["--mqtt", "mqtt://a", "--mqtt", "mqtt://b"], "--mqtt is given twice"),
    ],
)
def test_an_option_that_names_one_thing_cannot_have_two(arguments, named, capfd):
    line = complaint(capfd, "listen", *arguments, code=2)
    assert named in line
    assert "one of them would be lost" in line


def test_an_option_with_several_values_takes_them_at_once(capfd):
    line = complaint(capfd, "bench", "--model", "tiny", "base", "--model", "seed-cnn", code=2)
    assert "--model is given twice (tiny base and seed-cnn)" in line


def test_the_last_number_or_choice_holds():
    """An alias of the shell may have defaults."""
    parser = Parser(prog="x")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--capture", choices=["portaudio", "arecord"])
    words = ["--rate", "8000", "--capture", "arecord", "--rate", "48000", "--capture", "portaudio"]
    parsed = parser.parse_args(words)
    assert (parsed.rate, parsed.capture) == (48_000, "portaudio")


def test_the_same_value_twice_does_no_harm():
    parser = Parser(prog="x")
    parser.add_argument("--name")
    assert parser.parse_args(["--name", "a", "--name", "a"]).name == "a"
    assert parser.parse_args(["--name", "b"]).name == "b", "another command line"
    with pytest.raises(UsageError, match="given twice"):
        parser.parse_args(["--name", "a", "--name", "b"])


def test_options_that_gather_values_may_be_given_again():
    parser = Parser(prog="x")
    parser.add_argument("--file", action="append")
    parser.add_argument("--flag", action="store_true")
    parsed = parser.parse_args(["--file", "a", "--flag", "--file", "b", "--flag"])
    assert (parsed.file, parsed.flag) == (["a", "b"], True)


@pytest.mark.parametrize(
    "name", ["plughw:CARD=Device", "hw:1,0", "default", "pulse", "sysdefault:CARD=Camera"]
)
@pytest.mark.parametrize("command", ["listen", "install-service"])
def test_the_name_of_a_microphone_is_answered_with_the_right_input(command, name, capfd):
    line = complaint(capfd, command, "--input", name, code=2)
    assert f"did you mean mic:{name}?" in line


def test_an_address_is_answered_with_the_line_that_fetches_it(capfd):
    line = complaint(capfd, "listen", "--input", "https://radio/live.mp3", code=2)
    assert "ffmpeg -i https://radio/live.mp3 -f s16le" in line


def test_a_file_without_a_name_is_refused(capfd):
    assert "--input file: names no file" in complaint(capfd, "listen", "--input", "file:", code=2)


def test_a_file_of_such_a_name_is_read(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "default").write_bytes(b"no sound")
    assert "default: is not audio" in complaint(capfd, "listen", "--input", "default", code=3)
    assert "hw: no such file" in complaint(capfd, "listen", "--input", "file:hw", code=3)
