"""Items that pass, and how many are to come."""

import pytest

from train.progress import progress


def test_items_are_handed_on_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress(iter("abc"), total=3, label="features")) == ["a", "b", "c"]
    assert capsys.readouterr().err.startswith("features: 3 in ")
