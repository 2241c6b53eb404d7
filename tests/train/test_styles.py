"""YAMNet's classes of music, and the names that listeners use."""

from __future__ import annotations

import pytest

from edge_runtime.errors import ParameterError
from train.transfer import styles as module
from train.transfer.styles import FAMILIES, MUSIC_CLASSES, NO_STYLES, styles
from train.transfer.yamnet_file import bundled_yamnet

CLASSES = bundled_yamnet().classes


def test_every_class_of_music_is_a_style_a_mood_or_what_music_is_for() -> None:
    found = styles(CLASSES)
    assert len(found) + len(NO_STYLES) == len(MUSIC_CLASSES) == 66
    named = {name for members in FAMILIES.values() for name in members}
    assert named | set(NO_STYLES) == {CLASSES[place] for place in MUSIC_CLASSES}
    assert not named.intersection(NO_STYLES)
    assert [style.place for style in found] == sorted(style.place for style in found)


def test_a_style_is_named_as_a_listener_would() -> None:
    by_name = {style.name: style for style in styles(CLASSES)}
    assert len(by_name) == 59
    wanted = {
        "techno": "electronic", "ambient": "electronic", "salsa": "latin", "swing": "jazz",
        "progressive rock": "rock", "opera": "classical", "soul": "soul & r&b", "folk": "folk",
        "a cappella": "vocal", "flamenco": "world", "hip hop": "hip hop", "sad": "mood",
    }  # fmt: skip
    assert {name: by_name[name].family for name in wanted} == wanted
    assert all(name == name.lower() and "music" not in name.split() for name in by_name
               if name not in ("children's music", "electronic dance music"))  # fmt: skip
    assert CLASSES[by_name["techno"].place] == "Techno"
    assert CLASSES[by_name["soul"].place] == "Soul music"


def test_moods_are_apart_from_genres() -> None:
    moods = [style.name for style in styles(CLASSES) if style.kind == "mood"]
    assert moods == ["happy", "sad", "tender", "exciting", "angry", "scary"]
    assert {style.kind for style in styles(CLASSES) if style.family != "mood"} == {"genre"}


def test_what_tells_music_from_other_sound_is_where_it_should_be() -> None:
    wanted = ("Speech", "Singing", "Music", "Musical instrument", "Silence")
    names = ("SPEECH", "SINGING", "MUSIC", "MUSICAL_INSTRUMENT", "SILENCE")
    assert tuple(CLASSES[getattr(module, name)] for name in names) == wanted
    assert CLASSES[MUSIC_CLASSES[0]] == "Pop music"
    assert CLASSES[MUSIC_CLASSES[-1]] == "Scary music"


def test_a_class_without_a_family_is_named() -> None:
    classes = [name if name != "Techno" else "Schlager" for name in CLASSES]
    with pytest.raises(ParameterError) as caught:
        styles(classes)
    message = str(caught.value)
    assert message.startswith("YAMNet's class 'Schlager' has no family; name it in FAMILIES or")
    assert message.endswith("styles.py")
    assert "\n" not in message
