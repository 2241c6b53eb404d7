from __future__ import annotations

import builtins
import os
import signal
import stat
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_runtime.errors import (
    AudioFormatError,
    MissingExtraError,
    OutputFileError,
    ParameterError,
)
from edge_runtime.library import file_tags
from edge_runtime.library.file_tags import (
    check_field,
    file_state,
    read_field,
    remove_leftovers,
    write_field,
)
from edge_runtime.library.sound_bytes import sound_checksum

from .music import DECODED, KINDS, write_music

mutagen = pytest.importorskip("mutagen")
from mutagen.id3 import ID3, TALB, TCON, TIT2, TYER  # noqa: E402
from mutagen.mp3 import MP3  # noqa: E402


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def id3v1(genre: int) -> bytes:
    """A block of ID3v1."""
    return struct.pack("3s30s30s30s4s30sB", b"TAG", b"Old title", b"Old artist", b"", b"1999", b"",
                       genre)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_read_back_and_the_sound_is_not_touched(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    before = sound_checksum(path)
    assert read_field(path).shown == ()

    write_field(path, ["Hip-Hop", "Électro"])

    assert read_field(path).shown == ("Hip-Hop", "Électro")
    assert read_field(path).stored == ("Hip-Hop", "Électro")
    assert sound_checksum(path) == before
    write_field(path, [])
    assert read_field(path) == file_tags.FieldValues((), ())
    assert sound_checksum(path) == before
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_ones_own_leaves_the_genre_alone(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    write_field(path, ["Rock"])

    write_field(path, ["Jazz", "Ümläut"], "MY_GENRE")

    assert read_field(path, "MY_GENRE").stored == ("Jazz", "Ümläut")
    assert read_field(path).shown == ("Rock",)
    write_field(path, [], "MY_GENRE")
    assert read_field(path, "MY_GENRE").stored == ()
    assert read_field(path).shown == ("Rock",)


@pytest.mark.parametrize("kind", DECODED)
def test_it_decodes_to_the_same_samples(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    before, _ = soundfile.read(path)

    write_field(path, ["Rock", "x" * 20_000])  # no padding holds that

    after, _ = soundfile.read(path)
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_the_sound_is_noticed_in_every_container(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    before = sound_checksum(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    assert sound_checksum(path) != before


@pytest.mark.parametrize("kind", ["flac", "ogg", "opus", "mp3"])
def test_libsndfile_reads_what_was_written(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    write_field(path, ["Reggae"])
    with soundfile.SoundFile(path) as file:
        assert file.genre == "Reggae"


@pytest.mark.system_packages("ffmpeg")
@pytest.mark.parametrize("kind", KINDS)
def test_ffmpeg_reads_what_was_written(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    packets = _ffmpeg_packets(path)
    write_field(path, ["Reggae"])
    write_field(path, ["Dub"], "MY_GENRE")

    texts = {line.upper() for source in ("0", "0:s:0") for line in _ffmpeg_metadata(path, source)}
    assert {"GENRE=REGGAE", "MY_GENRE=DUB"} <= texts
    assert _ffmpeg_packets(path) == packets


def _ffmpeg_metadata(path: Path, source: str) -> list[str]:
    command = ["ffmpeg", "-v", "error", "-i", path, "-map_metadata", source, "-f", "ffmetadata"]
    done = subprocess.run([*command, "-"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _ffmpeg_packets(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "streamhash"]
    return subprocess.run([*command, "-"], capture_output=True, check=True).stdout


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version_its_length_and_its_other_frames(
    version: int, tmp_path: Path
) -> None:
    path = write_music(tmp_path, "mp3")
    tags = ID3()
    tags.add(TIT2(encoding=1, text=["Two", "titles"]))
    tags.add(TALB(encoding=0, text="Album"))
    tags.add(TYER(encoding=0, text="1999"))  # of 2.3 alone
    tags.save(path, v2_version=version, v23_sep=None, padding=lambda info: 50_000)
    before = path.read_bytes()

    write_field(path, ["Rock", "Pop"])

    after = ID3(path, translate=False)
    assert after.version == (2, version, 0)
    assert after["TIT2"].text == ["Two", "titles"]
    assert after["TIT2"].encoding == 1
    assert after["TYER"].text == ["1999"]
    assert after["TCON"].text == ["Rock", "Pop"]
    assert path.stat().st_size == len(before)
    write_field(path, [])
    assert path.read_bytes() == before


def test_id3_of_version_2_2_becomes_2_3(tmp_path: Path) -> None:
    path = write_music(tmp_path, "mp3")
    sound = path.read_bytes()
    frame = b"TT2" + len(b"\0Title").to_bytes(3, "big") + b"\0Title"
    path.write_bytes(b"ID3\2\0\0" + bytes([0, 0, 0, len(frame) + 20]) + frame + bytes(20) + sound)

    write_field(path, ["Rock"])

    after = ID3(path, translate=False)
    assert (after.version, after["TIT2"].text) == ((2, 3, 0), ["Title"])


def test_a_numbered_genre_is_shown_by_its_name_and_restored_as_it_was(tmp_path: Path) -> None:
    path = write_music(tmp_path, "mp3")
    tags = ID3()
    tags.add(TCON(encoding=0, text=["(17)", "4"]))
    tags.save(path)
    before = read_field(path)
    assert before == file_tags.FieldValues(("Rock", "Disco"), ("(17)", "4"))

    write_field(path, ["Jazz"])
    write_field(path, before.stored)

    assert read_field(path) == before


def test_an_id3v1_tag_stays_as_it_is(tmp_path: Path) -> None:
    path = write_music(tmp_path, "mp3")
    ID3().save(path)
    tags = ID3()
    tags.add(TIT2(encoding=0, text="New title"))
    tags.save(path)
    with path.open("ab") as file:
        file.write(id3v1(9))
    assert read_field(path) == file_tags.FieldValues(("Metal",), ())

    write_field(path, ["Jazz"])

    assert path.read_bytes()[-128:] == id3v1(9)
    assert ID3(path, load_v1=False).keys() == {"TIT2", "TCON"}
    write_field(path, [])
    assert read_field(path).shown == ("Metal",)


def test_what_id3v1_alone_says_is_taken_over_and_not_hidden(tmp_path: Path) -> None:
    path = write_music(tmp_path, "mp3")
    path.write_bytes(path.read_bytes() + id3v1(9))
    assert read_field(path) == file_tags.FieldValues(("Metal",), ())

    write_field(path, ["Jazz"])

    tags = ID3(path, load_v1=False)
    assert (tags["TIT2"].text, tags["TCON"].text) == (["Old title"], ["Jazz"])
    assert path.read_bytes()[-128:] == id3v1(9)


def test_an_ape_tag_of_an_mp3_and_of_a_file_with_id3v1_stays(tmp_path: Path) -> None:
    from mutagen.apev2 import APEv2

    mp3 = write_music(tmp_path, "mp3")
    gain = APEv2()
    gain["MP3GAIN_MINMAX"] = "100,200"
    gain.save(mp3)
    tail = mp3.read_bytes()[-100:]
    write_field(mp3, ["Rock"])
    assert mp3.read_bytes()[-100:] == tail

    wavpack = write_music(tmp_path, "wv")
    gain.save(wavpack)
    wavpack.write_bytes(wavpack.read_bytes() + id3v1(9))
    sound = sound_checksum(wavpack)
    write_field(wavpack, ["Rock"])
    assert wavpack.read_bytes()[-128:] == id3v1(9)
    assert sound_checksum(wavpack) == sound
    assert APEv2(wavpack)["MP3GAIN_MINMAX"] == "100,200"
    assert read_field(wavpack).shown == ("Rock",)


def test_the_genre_among_the_texts_of_a_wav_counts(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        file.genre = "Polka"
        file.write(np.zeros(800))
    assert read_field(path) == file_tags.FieldValues(("Polka",), ())


def test_other_comments_pictures_and_padding_of_a_flac_stay(tmp_path: Path) -> None:
    from mutagen.flac import FLAC, Picture

    path = write_music(tmp_path, "flac")
    flac = FLAC(path)
    flac["TITLE"], flac["genre"] = ["one", "two"], ["Old"]
    picture = Picture()
    picture.data, picture.mime, picture.type = b"\x89PNG" * 100, "image/png", 3
    flac.add_picture(picture)
    flac.save(padding=lambda info: 9000)
    size = path.stat().st_size

    write_field(path, ["Rock"])

    after = FLAC(path)
    assert (after["TITLE"], after["GENRE"]) == (["one", "two"], ["Rock"])
    assert after.pictures[0].data == picture.data
    assert path.stat().st_size == size


def test_what_belongs_to_the_file_stays_with_it(tmp_path: Path) -> None:
    path = write_music(tmp_path, "flac")
    path.chmod(0o640)
    os.utime(path, ns=(1, 1))
    try:
        os.setxattr(path, "user.rating", b"5")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    link = tmp_path / "link.flac"
    link.symlink_to(path)

    state = write_field(link, ["Rock"])

    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.getxattr(path, "user.rating") == b"5"
    assert state == file_state(path)
    assert state.mtime_ns > 1  # players look for newer files
    assert read_field(path).shown == ("Rock",)


def test_the_owner_is_kept_where_that_is_allowed(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    path = write_music(tmp_path, "flac")
    os.chown(path, 1234, 4321)
    write_field(path, ["Rock"])
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


def test_a_name_of_the_longest_kind_and_one_that_is_not_utf8(tmp_path: Path) -> None:
    for name in ("n" * 250, os.fsdecode(b"m\xe9tal"), "line\nend"):
        path = write_music(tmp_path, "flac")
        path = path.rename(tmp_path / f"{name}.flac")
        write_field(path, ["Rock"])
        assert read_field(path).shown == ("Rock",)


def test_a_file_that_changed_is_left_alone(tmp_path: Path) -> None:
    path = write_music(tmp_path, "flac")
    state = file_state(path)
    os.utime(path, ns=(5, 5))
    before = path.read_bytes()
    with pytest.raises(AudioFormatError, match=r"song\.flac: has changed, and is left alone"):
        write_field(path, ["Rock"], expected=state)
    assert path.read_bytes() == before


def test_a_file_that_changes_meanwhile_is_left_alone(tmp_path: Path, monkeypatch) -> None:
    path = write_music(tmp_path, "flac")

    def save_and_change(opened, copy: Path) -> None:
        opened.save(copy)
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(file_tags, "save", save_and_change)
    with pytest.raises((AudioFormatError, OutputFileError), match=r"song\.flac: "):
        write_field(path, ["Rock"])
    assert path.read_bytes().endswith(b"more")
    assert names_in(tmp_path) == [path.name]


def test_a_writer_that_harms_the_sound_is_refused(tmp_path: Path, monkeypatch) -> None:
    path = write_music(tmp_path, "mp3")
    before = path.read_bytes()

    def harm(opened, copy: Path) -> None:
        opened.save(copy)
        data = bytearray(copy.read_bytes())
        data[-200] ^= 1
        copy.write_bytes(data)

    monkeypatch.setattr(file_tags, "save", harm)
    with pytest.raises(OutputFileError, match=r"song\.mp3: its sound would not be the same"):
        write_field(path, ["Rock"])
    assert path.read_bytes() == before
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_where_there_is_no_room_the_file_stays_as_it_was(kind: str, tmp_path: Path) -> None:
    path = write_music(tmp_path, kind)
    before = path.read_bytes()
    # What is written may be longer than the file by less than the tags need.
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from edge_runtime.library.file_tags import write_field\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 10_000}, -1))\n"
        "try: write_field(Path(sys.argv[1]), ['x' * 30_000])\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"OutputFileError {path}: cannot be written (File too large)")
    assert path.read_bytes() == before
    assert names_in(tmp_path) == [path.name]


@pytest.mark.parametrize("moment", ["save", "_like"])
def test_a_kill_leaves_a_whole_file_and_what_it_left_can_be_removed(
    moment: str, tmp_path: Path
) -> None:
    path = write_music(tmp_path, "flac")
    before = path.read_bytes()
    code = (
        "import os, sys; from pathlib import Path\n"
        "from edge_runtime.library import file_tags\n"
        "def killed(*args):\n"
        "    os.truncate(next(a for a in args if isinstance(a, Path)), 100)\n"
        "    os.kill(os.getpid(), 9)\n"
        f"file_tags.{moment} = killed\n"
        "file_tags.write_field(Path(sys.argv[1]), ['Rock'])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(names_in(tmp_path)) == 2
    remove_leftovers(path)
    assert names_in(tmp_path) == [path.name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_or_file_that_may_not_be_written_to_is_one_line(tmp_path: Path) -> None:
    path = write_music(tmp_path, "flac")
    path.chmod(0o444)
    with pytest.raises(OutputFileError, match=r"song\.flac: may not be written to"):
        write_field(path, ["Rock"])
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(OutputFileError, match=r"song\.flac: its folder may not be written to"):
            write_field(path, ["Rock"])
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.txt", b"no music", "none of the kinds of files that can hold tags"),
        ("empty.mp3", b"", "its tags cannot be read"),
        ("noise.flac", b"fLaC" + bytes(3), "its tags cannot be read"),
        ("noise.m4a", b"\0\0\0\x14ftypM4A " + bytes(50), "its tags cannot be read"),
        ("noise.ogg", b"OggS" + bytes(90), "none of the kinds"),
        ("short.wav", b"RIFF\4\0\0\0WAVE", "its tags cannot be read"),
        ("adts.aac", bytes.fromhex("fff1508003dffc") * 3, "its tags cannot be read"),
    ],
)
def test_what_holds_no_tags_is_one_line_and_stays(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioFormatError, match=message) as read:
        read_field(path)
    with pytest.raises(AudioFormatError, match=message) as written:
        write_field(path, ["Rock"])
    for error in (read, written):
        assert str(error.value).startswith(f"{path}: ")
        assert "\n" not in str(error.value)
    assert path.read_bytes() == content
    assert names_in(tmp_path) == [name]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_one_line_or_written_whole(kind: str, tmp_path: Path) -> None:
    whole = write_music(tmp_path, kind).read_bytes()
    path = tmp_path / f"song.{kind}"
    generator = np.random.default_rng(0)
    for _ in range(30):
        data = bytearray(whole[: generator.integers(20, len(whole))])
        for at in generator.integers(0, min(len(data), 200), 3):
            data[at] = generator.integers(256)
        path.write_bytes(data)
        sound = sound_checksum(path)
        try:
            write_field(path, ["Rock"])
        except (AudioFormatError, OutputFileError) as error:
            assert "\n" not in str(error)
            assert path.read_bytes() == data
        else:
            assert read_field(path).shown == ("Rock",)
            assert sound_checksum(path) == sound


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AudioFormatError, match=r"gone\.mp3: cannot be read \(No such file"):
        read_field(tmp_path / "gone.mp3")
    with pytest.raises(AudioFormatError, match=r"gone\.mp3: cannot be read \(No such file"):
        write_field(tmp_path / "gone.mp3", ["Rock"])


def test_without_mutagen_the_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    path = write_music(tmp_path, "flac")
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.partition(".")[0] == "mutagen":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtraError, match=r'pip install "edge-genre\[tags\]"'):
        read_field(path)


@pytest.mark.parametrize(
    "name", ["", "A", "A=B", "GÉNRE", "TAG", "x" * 65, "A\nB", " GENRE", "OggS"]
)
def test_names_that_some_tags_cannot_have_are_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="is no name for a field of tags"):
        check_field(name)


def test_a_field_is_written_in_capitals() -> None:
    assert check_field("my_genre 2") == "MY_GENRE 2"


def test_a_tag_that_is_only_in_the_mp3_is_no_mpeg_frame(tmp_path: Path) -> None:
    path = write_music(tmp_path, "mp3")
    before = MP3(path).info.length
    write_field(path, ["Rock"])
    assert MP3(path).info.length == pytest.approx(before, abs=1e-3)
