"""Budgets say whether they are met."""

import pytest

from benchmarks.report.budgets import BUDGETS, Budget, section
from benchmarks.report.performance_page import read_results


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


def test_every_budget_finds_its_figure_in_the_committed_results() -> None:
    results = read_results()
    rows = section(results)[-1 - len(BUDGETS) : -1]
    assert len(BUDGETS) == 13
    for budget, row in zip(BUDGETS, rows, strict=True):
        assert row.startswith(f"| {budget.what} | ")
        assert f"| {budget.text.format(budget.measured(results))} |" in row


def test_without_a_stretch_there_is_none_to_meet() -> None:
    row = Budget("of", lambda _: 1.0, 2.0, None, "{:.1f}").row({})
    assert row == "| of | ≤ 2.0 | – | 1.0 | met |"
