"""The reproduction report: its tables say what was measured, its dots stand where they should."""

import re
from typing import Any

import pytest

from reproduce.chapters import report
from reproduce.core.parameters import Parameters
from reproduce.measure.repetitions import Outcome, Repetition, Repetitions
from reproduce.results import claims, record
from reproduce.results.claims import Check, Measured
from reproduce.results.quantities import quantities
from reproduce.results.run import RecordedRun
from reproduce.results.studies import Repeated


@pytest.fixture(scope="module")
def runs() -> dict[int, RecordedRun]:
    return record.read_seeds()


def measured(values: dict[int, float], dead: tuple[int, ...] = (), **bounds: Any) -> Measured:
    one = Check(quantity="last_loss", label="loss", why="It is an example.", **bounds)
    return Measured(one, values, [seed for seed in values if seed not in dead])


def test_the_table_has_a_row_for_each_claim_with_its_verdict_and_evidence(runs) -> None:
    judged = claims.judge(claims.read(), runs)
    rows = report.verdicts(judged).splitlines()[2:]
    assert len(rows) == len(judged)
    for row, one in zip(rows, judged, strict=True):
        assert one.claim.claim in row
        assert f"`{one.verdict}`" in row
        assert f"{{numref}}`{one.claim.shown.target}`" in row
        assert row.count("|") == 5, "a cell would be cut in two"


def test_in_brief_all_verdicts_are_counted_and_the_claims_that_say_most_are_shown(runs) -> None:
    judged = claims.judge(claims.read(), runs)
    counted, _, _, _, *rows = report.in_brief(judged).splitlines()
    verdicts = [one.verdict for one in judged]
    for verdict in claims.VERDICTS:
        assert f"{verdicts.count(verdict)} {verdict}" in counted
    assert f"{len(judged)} claims" in counted
    chosen = [one for one in judged if one.claim.in_brief]
    assert len(chosen) == 6
    for row, one in zip(rows, chosen, strict=True):
        _, says, _, here, judgement, _ = (cell.strip() for cell in row.split("|"))
        assert (says, judgement) == (one.claim.claim, one.verdict)
        assert all(report.mean_and_deviation(value) in here for value in one.measured)


def test_means_and_deviations_are_over_the_seeds_that_learned() -> None:
    text = report.mean_and_deviation(measured({0: 0.5, 1: 9.0, 2: 0.7}, dead=(1,), at_least=0))
    assert text == "0.60 ± 0.14"
    assert report.mean_and_deviation(measured({0: 1034, 1: 1034}, at_least=0)) == "1,034"
    assert report.mean_and_deviation(measured({0: 0.5}, dead=(0,), at_least=0)) == "no seed learned"


def test_a_seed_without_a_number_is_left_out_of_the_mean_and_of_the_dots() -> None:
    one = measured({0: 0.5, 1: float("nan"), 2: 0.7}, at_least=0)
    assert report.mean_and_deviation(one) == "0.60 ± 0.14"
    assert len(places(report.dots(one))) == 2
    assert report.mean_and_deviation(measured({0: float("nan")}, at_least=0)) == "–"


def places(drawing: str) -> list[float]:
    return [float(place) for place in re.findall(r'<circle cx="([\d.]+)"', drawing)]


def test_each_seed_is_a_dot_in_the_order_of_its_value() -> None:
    drawing = report.dots(measured({0: 0.5, 1: 0.9, 2: 0.7}, reported=0.6, tolerance=0.05))
    first, second, third = places(drawing)
    assert first < third < second
    assert all(0 < place < report.WIDTH for place in places(drawing))
    stroke = re.search(r'<path d="M([\d.]+) 0V', drawing)
    band = re.search(r'<rect x="([\d.]+)" width="([\d.]+)"', drawing)
    assert stroke is not None
    assert band is not None
    assert first < float(stroke[1]) < third
    assert float(band[1]) < float(stroke[1]) < float(band[1]) + float(band[2])
    assert "seed 0: 0.5000; seed 1: 0.9000; seed 2: 0.7000" in drawing


def axis(drawing: str) -> list[tuple[float, str]]:
    """The numbers below a drawing, with their places."""
    found = re.findall(r'<text x="([\d.]+)"[^>]*>([^<]+)</text>', drawing)
    return [(float(place), text) for place, text in found]


@pytest.mark.parametrize(
    "values",
    [(0.55, 0.65), (0.6148, 0.6163), (-0.17, 1.0), (25.6, 30.0), (127_579, 136_983), (-4e-5, 9e-5)],
)
def test_the_numbers_below_the_dots_stand_at_the_values_that_they_name(
    values: tuple[float, float],
) -> None:
    drawing = report.dots(measured(dict(enumerate(values)), at_least=values[0]))
    (left, low), (right, high) = axis(drawing)
    least, greatest = places(drawing)
    for place, text in ((left, low), (right, high)):
        value = float(text.replace(",", "").replace("−", "-"))
        share = (value - values[0]) / (values[1] - values[0])
        assert place == pytest.approx(least + share * (greatest - least), abs=0.15)
    assert right - left > 6.5 * (len(low) + len(high)) / 2, "they run into each other"


def test_numbers_of_a_strip_have_true_minus_signs_and_decibels_two_decimals() -> None:
    one = measured({0: -0.1172, 1: -0.1645}, at_least=-1)
    assert "-" not in re.sub(r'[\w-]+="|[MHVv][\d. ]+', "", axis(report.dots(one))[0][1])
    one = Measured(one.check.model_copy(update={"label": "lost (dB)"}), one.values, one.learned)
    drawing = report.dots(one)
    assert 'aria-label="seed 0: −0.12; seed 1: −0.16"' in drawing
    assert report.mean_and_deviation(one) == "-0.14 ± 0.03"


def test_every_strip_of_the_report_has_its_axis(runs) -> None:
    judged = claims.judge(claims.read(), runs)
    drawn = [report.dots(one) for claim in judged for one in claim.measured]
    drawn = [drawing for drawing in drawn if drawing]
    assert len(drawn) > 10
    assert all(len(axis(drawing)) == 2 for drawing in drawn)


def test_a_dead_seed_is_a_hollow_dot_and_named_so() -> None:
    drawing = report.dots(measured({0: 0.5, 1: 0.9}, dead=(1,), at_least=0.6))
    assert drawing.count('fill="none"') == 1
    assert "seed 1: 0.9000, dead latent" in drawing
    assert re.search(rf'<rect x="[\d.]+" width="[\d.]+" height="{report.HEIGHT}"', drawing)


def test_a_dead_seed_far_away_leaves_the_others_their_scale() -> None:
    far = places(report.dots(measured({0: 0.5, 1: -9e9, 2: 0.7}, dead=(1,), at_least=0.6)))
    near = places(report.dots(measured({0: 0.5, 2: 0.7}, at_least=0.6)))
    assert [far[0], far[2]] == near
    assert 0 < far[1] < min(near)


def test_what_is_the_same_for_all_seeds_or_not_a_number_has_no_dots() -> None:
    assert report.dots(measured({0: 3, 1: 3}, at_least=0)) == ""
    assert report.dots(measured({0: float("nan"), 1: 3}, at_least=0)) == ""


def test_a_number_that_could_not_be_measured_of_a_seed_is_left_out_of_the_spread(runs) -> None:
    with_rates = {seed: run.model_copy(update={"rates": None}) for seed, run in runs.items()}
    with_rates[0] = runs[0]
    (row,) = [line for line in report.spread(with_rates).splitlines() if "best PSNR" in line]
    cells = [cell.strip() for cell in row.split("|")[2:-1]]
    assert cells[0] == f"{quantities(runs[0])['best_psnr']:.2f}"
    assert set(cells[1:]) == {"–"}


def test_the_spread_names_dead_seeds_and_says_where_the_papers_number_lies(runs) -> None:
    text = report.spread(runs)
    for seed, run in runs.items():
        assert f" {seed}" + (" |" if run.learned else " (dead) |") in text.splitlines()[0]
    row = next(line for line in text.splitlines() if "mean size ratio, test images" in line)
    assert "0.6850" in row
    ours = [quantities(run)["mean_ratio"] for run in runs.values() if run.learned]
    assert row.split("|")[-2].strip() == report._beside(0.6849762403517835, ours, 4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, "0.50, below"), (0.65, "0.65, within"), (0.8, "0.80, above"), (None, "–")],
)
def test_the_papers_number_lies_within_ours_or_beside_them(value, expected) -> None:
    assert report._beside(value, [0.7, 0.6], 2) == expected


@pytest.mark.parametrize(
    ("mean", "deviation", "expected"),
    [
        (25.9946, 0.3234, "25.99 ± 0.32"),
        (131423.25, 4578.1, "131,423 ± 4,578"),
        (-0.1418, 0.025, "-0.142 ± 0.025"),
    ],
)
def test_a_mean_is_written_to_the_second_digit_of_its_deviation(mean, deviation, expected) -> None:
    assert report.with_deviation(mean, deviation) == expected


def test_the_page_names_what_it_judges_and_what_has_not_learned(runs) -> None:
    dead = runs[0].model_copy(update={"learned": False})
    text = report.runs_shown(Parameters(), {0: runs[0], 3: dead})
    assert "profile `paper`, seeds 0 and 3" in text
    assert "the committed record" in text
    assert "With seed 3 **the model has not learned**" in text
    assert "made for this page" in report.runs_shown(Parameters(seeds="0"), {0: runs[0]})
    assert "not learned" not in report.runs_shown(Parameters(seeds="0"), {0: runs[0]})


@pytest.mark.parametrize(
    ("seeds", "words"),
    [([], "no seed"), ([3], "seed 3"), ([1, 4], "seeds 1 and 4"), ([1, 4, 5], "seeds 1, 4 and 5")],
)
def test_seeds_as_words(seeds, words) -> None:
    assert report.seed_list(seeds) == words


def test_prose_is_given_each_verdict_and_each_measurement(runs) -> None:
    judged = claims.judge(claims.read(), runs)
    facts = report.facts(runs, judged)
    assert facts["verdict_original-file"] == "reproduced"
    assert facts["measured_original_bytes"] == "205,111"
    assert facts["dead_seeds"] == "seed 1"
    assert facts["dead_count"] == "1"
    assert float(facts["dead_ratio"]) < 0.05
    total = sum(int(word) for word in re.findall(r"\d+", facts["verdict_counts"]))
    assert total == len(judged)


def test_without_dead_seeds_or_with_one_seed_prose_has_something_to_say(runs) -> None:
    facts = report.facts({0: runs[0]}, [])
    assert (facts["dead_seeds"], facts["dead_ratio"]) == ("no seed", "–")
    assert facts["seed_deviation"] == "–"


def test_repetitions_are_compared_with_the_run_itself() -> None:
    first = Outcome(last_loss=0.5, mean_ratio=0.7, weights="aa")
    same = Repetition(**dict(first), kernels="as it is", threads=8, greatest_difference=0)
    other = same.model_copy(
        update={"threads": 4, "weights": "bb", "last_loss": 0.49, "greatest_difference": 2e-5}
    )
    repeated = Repeated(Repetitions(reference=first, runs=(same, other)), "a processor")
    text = report.repetitions({"sample": repeated})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    assert rows == [
        ["`sample`", "as it is", "8", "equal", "0", "0", "0"],
        ["`sample`", "as it is", "4", "differ", "2.0 × 10⁻⁵", "-1.0 × 10⁻²", "0"],
    ]
