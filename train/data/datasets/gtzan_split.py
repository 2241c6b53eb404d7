"""GTZAN without its repetitions and distortions, with every artist on one side.

The assignment of C. Kereliuk, B. L. Sturm and J. Larsen, "Deep Learning and Music Adversaries",
IEEE Transactions on Multimedia 17(11), 2015: 443 clips to train, 197 to validate and 290 to test;
the other 70, which repeat another clip or are distorted, are in no part.
"""

from __future__ import annotations

from collections.abc import Iterator

_PARTS = ("train", "valid", "test")

_NUMBERS: dict[str, tuple[str, str, str]] = {
    "blues": ("29-49,73-97", "0-11,50-60", "12-28,61-72,98-99"),
    "classical": ("30-33,43-48,50-67,80-99", "0-10,68-76", "11-29,34-41,49,77-79"),
    "country": ("19-26,28-29,65-99", "0-7,9-18,27,41-42,45,49", "30-40,43-44,46-48,50-51,53-64"),
    "disco": (
        "5,15-20,22-37,39-45,47,49,53-54,56-57,59,61,70,73-74,89",
        "0,2-4,6-14,46,48,52,67-68,72,75,90,95",
        "1,21,58,62-66,69,76-88,91-94,96-97,99",
    ),
    "hiphop": ("2-25,28-29,31-38,41-42,55-61,77-80", "81-98", "0,26-27,30,40,43-45,51-54,62-75,99"),
    "jazz": ("0-1,11-24,41,47-72", "2-10,25-32", "73-99"),
    "metal": (
        "2-3,5,21,24,35,46-57,59-66,69,71-72,79-80,84,86,89-99",
        "0-1,6-11,16-20,36-37,68,76-77,81-82",
        "12-15,22-23,25-33,38-39,67,70,73-75,78,83,85,87-88",
    ),
    "pop": (
        "2-9,11-12,16-20,23-29,31-36,38-42,44,46,49-50,80,97-99",
        "10,53,55,58-62,81,83-86",
        "0-1,13-14,43,63-66,69-79,82,88-96",
    ),
    "reggae": (
        "0-2,4,6,9,11-12,14-32,42-45,49-51,54-60,63,69",
        "61-62,70,72,74,76-78,85,92-99",
        "34-40,46-48,52-53,64-68,71,79,82-84,87-90",
    ),
    "rock": ("0-9,16-26,57-70,91-99", "38,49-56,71-85", "10-15,27-37,39-48,86-90"),
}
"""Numbers of the clips in each part, by genre"""


def fault_filtered() -> dict[str, str]:
    """Part (``train``, ``valid`` or ``test``) of every clip that the filter keeps, by id.

    >>> fault_filtered()["blues.00029"]
    'train'
    >>> "pop.00067" in fault_filtered()  # the same recording as pop.00071
    False
    """
    return {
        f"{genre}.{number:05}": part
        for genre, columns in _NUMBERS.items()
        for part, text in zip(_PARTS, columns, strict=True)
        for number in _numbers(text)
    }


def _numbers(text: str) -> Iterator[int]:
    for item in text.split(","):
        first, _, last = item.partition("-")
        yield from range(int(first), int(last or first) + 1)
