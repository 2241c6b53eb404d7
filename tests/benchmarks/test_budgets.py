"""Budgets say whether they are met."""

import pytest

from benchmarks.report.budgets import BUDGETS, Budget, section


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [
        (0.5, False, "met, stretch too"),
        (1.0, False, "met, stretch too"),
        (1.5, False, "met"),
        (2.5, False, "**missed**"),
        (2.5, True, "met, stretch too"),
        (1.5, True, "**missed**"),
    ],
)
def test_a_row_says_whether_the_budget_is_met(value: float, at_least: bool, verdict: str) -> None:
    gate, stretch = (2.0, 2.5) if at_least else (2.0, 1.0)
    row = Budget("of", lambda _: value, gate, stretch, "{:.1f}", at_least).row({})
    assert row.split(" | ")[-1] == f"{verdict} |"
    assert f"| {value:.1f} |" in row


def test_every_budget_finds_its_figure_in_the_results() -> None:
    tiny = {
        "file_bytes": 251_000,
        "pipeline": {"cpu_s_per_s": 0.0015},
        "process": {"cold_start_s": 0.175, "listen_peak_rss_mib": 61.25},
    }
    variant = {"file": "tiny-dynamic.tflite", "agreement": 0.9915, "track_accuracy": 0.75}
    other = {"file": "tiny-int8.tflite", "agreement": 0.5, "track_accuracy": 0.25}
    network = {"macs": 29_940_000, "float": {"track_accuracy": 0.76}, "variants": [other, variant]}
    results = {
        "frontend": {
            "segment_vs": {"librosa": 3.44},
            "stream_vs": {"0.50": {"librosa": 5.5}, "0.876": {"librosa": 21.0}},
            "max_abs_error_mfcc": 2.4e-4,
        },
        "bench": {"models": {"tiny": tiny}},
        "soak": {"rss_growth_mib": 0.25},
        "variants": {"models": {"tiny": network}},
        "footprint": {"beyond_numpy_bytes": 79_900_000},
    }
    assert section(results)[-14:] == [
        "| MFCCs of a window, times as fast as librosa | ≥ 3.5 | ≥ 5.0 | 3.4 | **missed** |",
        "| MFCCs as a stream, 87.6 % overlap, times as fast | ≥ 12.0 | ≥ 20.0 | 21.0 "
        "| met, stretch too |",
        "| ... 50 % overlap | ≥ 5.0 | ≥ 7.0 | 5.5 | met |",
        "| error of an MFCC against librosa | ≤ 5.0e-04 | ≤ 3.0e-04 | 2.4e-04 | met, stretch too |",
        "| listening, 48 kHz in, CPU s for a second of sound | ≤ 0.0020 | ≤ 0.0010 | 0.0015 "
        "| met |",
        "| cold start to the result for a file, s | ≤ 0.35 | ≤ 0.20 | 0.17 | met, stretch too |",
        "| peak memory of `listen`, MiB | ≤ 60.0 | ≤ 45.0 | 61.2 | **missed** |",
        "| growth of memory in a day, MiB | ≤ 1.00 | ≤ 0.00 | 0.25 | met |",
        "| default model, KB | ≤ 250 | ≤ 100 | 251 | **missed** |",
        "| ... million multiply-accumulates a window | ≤ 30.0 | ≤ 10.0 | 29.9 | met |",
        "| ... windows labelled as in float, % | ≥ 98.50 | ≥ 99.50 | 99.15 | met |",
        "| ... points of track accuracy lost | ≤ 0.5 | ≤ 0.0 | 1.0 | **missed** |",
        "| base install beyond numpy, MB | ≤ 80 | – | 80 | met |",
        "",
    ]


def test_a_quantized_model_that_is_better_has_lost_nothing() -> None:
    variant = {"file": "tiny-dynamic.tflite", "track_accuracy": 0.8}
    network = {"float": {"track_accuracy": 0.76}, "variants": [variant]}
    lost = next(budget for budget in BUDGETS if "accuracy lost" in budget.what)
    assert lost.measured({"variants": {"models": {"tiny": network}}}) == 0.0


def test_without_a_stretch_there_is_none_to_meet() -> None:
    row = Budget("of", lambda _: 1.0, 2.0, None, "{:.1f}").row({})
    assert row == "| of | ≤ 2.0 | – | 1.0 | met |"
