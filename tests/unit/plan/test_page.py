"""The page of a plan: its tables, its remedies, and its numbers with their units."""

import pytest

from gradual_learning.plan import page, units
from gradual_learning.plan.checks import Check, Device


def test_page_has_all_rules_and_the_remedies_of_failed_checks(plan):
    passed = Check("model", True, "complete", "buy one")
    failed = Check("disk", False, "full", "free some")
    text = page.write([passed, failed], plan(), plan(at_most=True), Device("a card", int(24e9), 1), cores=2)
    assert "The check of the disk failed: free some." in text and "buy one" not in text
    assert all(f"| {rule} " in text for rule in plan().work.index)
    assert "(--cores 2, a card)" in text and "measured on this machine with random weights" in text
    tables = [[line for line in part.splitlines() if line.startswith("|")] for part in text.split("\n\n")]
    assert sum(map(bool, tables)) == 2
    assert all(len({len(line) for line in lines}) <= 1 for lines in tables), "columns line up on a terminal"


def test_page_shows_the_sums_of_the_work(plan):
    text = page.write([], plan(), plan(at_most=True), Device("processor", int(8e9), 0), cores=2)
    [row] = [line for line in text.splitlines() if "**total**" in line]
    expected = plan().work.sum()
    assert [cell.strip() for cell in row.split("|")][2:4] == [
        f"{expected['jobs']:.0f}",
        units.format_count(expected["generations"]),
    ]


@pytest.mark.parametrize("sampling", ["full", "lazy", "pruned"])
def test_assumptions_name_the_source_of_the_categories(plan, sampling):
    assert "as in Gekhman et al. 2024" in page.assumptions(plan(sampling=sampling))[1]
    labels = ["MaybeKnown"] * (plan().workload.questions["split"] == "train").sum()
    assert "100% MaybeKnown" in page.assumptions(plan(labels=labels, sampling=sampling))[1]


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (9999, "9,999"), (12_345, "12.3 k"), (2_030_000, "2.03 M"), (7.6e9, "7.6 G")]
)
def test_counts_are_formatted(number, text):
    assert units.format_count(number) == text


@pytest.mark.parametrize(("number", "text"), [(2_345_000, "2.3 MB"), (99e6, "99.0 MB"), (1.5e9, "1.5 GB")])
def test_bytes_are_formatted(number, text):
    assert units.format_bytes(number) == text


@pytest.mark.parametrize(("seconds", "text"), [(8.2, "8 s"), (90, "1.5 min"), (7200, "2.0 h")])
def test_durations_are_formatted(seconds, text):
    assert units.format_duration(seconds) == text
