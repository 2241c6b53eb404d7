"""What README and the model cards say by hand is what files and results have."""

import json
import re
from pathlib import Path

import pytest

from benchmarks.report.performance_page import README, RESULTS, read_results
from edge_runtime.model.file import BUNDLED, read_model

MODELS = ("tiny", "base", "plus")


def card(model: str) -> str:
    return BUNDLED[model].with_name(f"{model.upper()}_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_the_readme_has_the_accuracy_that_was_measured(model: str) -> None:
    path = RESULTS / f"evaluate-{model}.json"
    track = json.loads(path.read_text(encoding="utf-8"))["track"]
    low, high = track["accuracy_ci95"]
    size = f"{BUNDLED[model].stat().st_size / 1000:,.0f} KB"
    row = next(
        line for line in README.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| **`{model}`**")
    )  # fmt: skip
    assert f"**{track['accuracy']:.3f}** ({low:.3f} to {high:.3f})" in row
    assert f"**{track['macro_recall']:.3f}**" in row
    assert size in row
    assert size in card(model)
    if model == "tiny":
        assert f"one model file of {size}" in README.read_text(encoding="utf-8")


def test_the_readme_has_the_front_end_s_speed_that_was_measured() -> None:
    front_end = read_results()["frontend"]
    stream = front_end["stream_vs"]
    assert (
        f"is {front_end['segment_vs']['librosa']:.1f} times as fast as `librosa.feature.mfcc` on "
        f"one window, and {int(stream['0.50']['librosa'])} to {int(stream['0.876']['librosa'])} "
        "times"
    ) in " ".join(README.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("model", MODELS)
def test_a_card_names_the_model_s_version_and_commits(model: str) -> None:
    manifest = read_model(BUNDLED[model]).manifest
    text = card(model)
    assert text.startswith(f"# {manifest.name} {manifest.version}\n")
    row = next(line for line in text.splitlines() if line.startswith("| commits |"))
    named = re.findall(r"`([0-9a-f]{7})`", row)
    training = manifest.training
    # Before its last layer was fitted again, where it was.
    keys = [key for key in ("commit_before", "commit") if key in training]
    assert named == [training[key][:7] for key in keys]
    assert Path(BUNDLED[model]).name in text


def test_the_page_on_training_has_yamnet_s_parity_that_was_measured() -> None:
    found = read_results()["yamnet_parity"]
    text = (README.parent / "docs" / "how-to" / "training.md").read_text(encoding="utf-8")
    rows = {
        "logits, distance": (found["logits_abs_delta"], 2),
        "probabilities, distance": (found["probabilities_abs_delta"], 4),
        "the published model's own with XNNPACK's kernels, distance of probabilities": (
            found["original_by_xnnpack_probabilities_abs_delta"],
            4,
        ),
    }
    for name, (values, digits) in rows.items():
        cells = (f"{values[key]:.{digits}f}" for key in ("median", "p95", "max"))
        assert f"| {name} | {' | '.join(cells)} |" in text
    for key in ("first_class", "first_three"):
        agrees = "agrees" if key == "first_class" else "agree"
        assert f"{found[f'{key}_{agrees}']:.1%}" in text
        assert f"{found[f'{key}_of_a_clip_{agrees}']:.1%}" in text
    assert f"on {found['patches']:,} patches of the {found['clips']} validation clips" in text
