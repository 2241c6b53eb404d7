from __future__ import annotations

from pathlib import Path

import pytest

from edge_runtime.errors import ConfigFileError
from edge_runtime.library.genre_map import TagChoice, read_genre_map

GENRES = ("blues", "hiphop", "pop", "rock", "other", "not music")


def row(genre: str | None, confidence: float | None = 0.9, **posterior: float) -> dict[str, object]:
    return {"genre": genre, "confidence": confidence, "posterior": posterior or None}


def read(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "map.toml"
    path.write_text(text)
    return read_genre_map(path, GENRES)


def test_genres_are_spelled_as_most_collections_do_and_ones_own_as_they_are() -> None:
    choice = TagChoice()
    assert choice.values(row("hiphop")) == ("Hip-Hop",)
    assert choice.values(row("rock")) == ("Rock",)
    assert choice.values(row("my kind of polka")) == ("my kind of polka",)


@pytest.mark.parametrize("label", ["other", "not music", "silence", "unknown", None])
def test_what_is_no_genre_is_not_written(label: str | None) -> None:
    choice = TagChoice(min_confidence=0.0, top=3)
    assert choice.values(row(label, 0.99, rock=0.9, pop=0.1)) == ()


def test_what_is_no_genre_is_written_where_the_map_has_it(tmp_path: Path) -> None:
    names = read(tmp_path, 'other = "Various"\nsilence = "Silence"\n"not music" = ""\n')
    choice = TagChoice(0.5, 2, names)
    assert choice.values(row("other", 0.5, other=0.5, rock=0.5)) == ("Various",)
    assert choice.values(row("other", 0.4, other=0.4, rock=0.3)) == ()
    assert choice.values(row("silence", 0.0)) == ("Silence",)
    assert choice.values(row("not music", 0.9)) == ()
    assert TagChoice(0.1, 2, names).values(row("rock", 0.6, rock=0.6, other=0.4)) == ("Rock",)


def test_a_genre_below_the_confidence_is_left_out() -> None:
    assert TagChoice(min_confidence=0.5).values(row("rock", 0.49)) == ()
    assert TagChoice(min_confidence=0.5).values(row("rock", 0.5)) == ("Rock",)
    assert TagChoice().values(row("rock", None)) == ()


def test_several_are_the_likeliest_that_are_sure_enough() -> None:
    found = row("pop", 0.4, rock=0.3, pop=0.4, hiphop=0.05, blues=0.2, other=0.35)
    assert TagChoice(0.2, top=3).values(found) == ("Pop", "Rock", "Blues")
    assert TagChoice(0.2, top=2).values(found) == ("Pop", "Rock")
    assert TagChoice(0.0, top=9).values(found) == ("Pop", "Rock", "Blues", "Hip-Hop")


def test_genre_map_replaces_label_names(tmp_path: Path) -> None:
    names = read(tmp_path, 'hiphop = "Rap"\nrock = "Rap"\npop = ""\n')
    choice = TagChoice(0.1, 3, names)
    assert choice.values(row("hiphop", 0.5, hiphop=0.5, rock=0.3, blues=0.2)) == ("Rap", "Blues")
    assert choice.values(row("pop", 0.9)) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'polka = "Polka"',
            "'polka' is no label of this model; it has blues, hiphop, pop, rock, other, not music, "
            "silence",
        ),
        ('unknown = "Unknown"', "'unknown' is no label of this model"),
        ("rock = 3", "rock is 3; name one line of text"),
        ('rock = "a\\nb"', "name one line of text"),
        ('[rock]\nname = "x"', "name one line of text"),
        (f'rock = "{"x" * 201}"', "name one line of text"),
        ("rock: Rock", "is no TOML"),
    ],
)
def test_a_faulty_map_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError) as raised:
        read(tmp_path, text)
    assert str(raised.value).startswith(f"--map {tmp_path / 'map.toml'}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_map_that_is_not_there_or_not_utf8_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"map\.toml: cannot be read \(No such file"):
        read_genre_map(tmp_path / "map.toml", GENRES)
    (tmp_path / "map.toml").write_bytes(b'rock = "\xff"')
    with pytest.raises(ConfigFileError, match=r"map\.toml: is no TOML"):
        read_genre_map(tmp_path / "map.toml", GENRES)
