"""The ledger: every claim has a verdict from evidence, and every verdict can come out otherwise."""

import pytest
from repository import RESULTS

from hebbsim.answers.claims_readings import READINGS, about
from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Number, every_claim, judge, to_markdown

CLAIMS = {claim.name: claim for claim in every_claim()}


@pytest.fixture(scope="module")
def measured():
    return Evidence(RESULTS)


@pytest.fixture(scope="module")
def judged(measured):
    return {name: judge(claim, measured) for name, claim in CLAIMS.items()}


def at(value, spread=0.0):
    return Number(value, value - spread, value + spread, "", "made up", "")


# For each claim: numbers put in the place of the measured ones, and the verdict that they must give.
FLIPS = {
    "C1": ({"*": at(0.7)}, HOLDS),
    "C2": ({"one-shot: bits wrong": at(0)}, HOLDS),
    "C2, as token ids": ({"V = 256, one-shot argmax, 1 % wrong": at(120.0)}, HOLDS),
    "C3": ({"*": at(0.9), "hebbian": at(0.1)}, HOLDS),
    "C4": ({"*": at(0.5)}, FAILS),
    "C5": ({"one-shot, 1 % wrong, dim 64": at(1.4)}, FAILS),
    "C6": ({"AMP with every key known, none wrong, dim 2048": at(1.1)}, FAILS),
    "C7": ({"token ids, V = 65,536, 1 % of the tokens wrong": at(0.1)}, FAILS),
    "C8": ({"cache, newest 128: oldest": at(1.0)}, HOLDS),
    "C9": ({"*": at(0.5)}, HOLDS),
    "A1": ({"tokens": at(4578)}, HOLDS),
    "A2": ({"bits a parameter": at(0.17)}, FAILS),
    "A3": ({"cross-entropy": at(3.0)}, FAILS),
    "A4": ({"thickness of a sheet": at(1e-3)}, FAILS),
    "A5": ({"words of Wikipedia": at(50e9)}, FAILS),
    "A6": ({"tokens": at(20e9)}, FAILS),
    "A7": ({"V = 256, words of 64 bits": at(1.2)}, FAILS),
}


def test_every_claim_of_the_discussion_is_in_the_ledger(judged):
    assert {f"C{i}" for i in range(1, 10)} | {f"A{i}" for i in range(1, 8)} <= set(judged)
    assert len(judged) == len(CLAIMS) == len(FLIPS)


@pytest.mark.parametrize("name", CLAIMS)
def test_a_verdict_is_one_of_four_and_is_explained(judged, name):
    row = judged[name]
    assert row.answer.verdict in (HOLDS, FAILS, OPEN) or row.answer.verdict.startswith("holds only if ")
    assert row.answer.sentence.endswith(".") and row.claim.rule and row.claim.decides
    for experiment in row.claim.experiments:
        assert (RESULTS / experiment / "figure.png").is_file()


@pytest.mark.parametrize("name", CLAIMS)
def test_other_evidence_gives_another_verdict(judged, name):
    numbers, verdict = FLIPS[name]
    row = judged[name]
    everywhere = numbers.get("*")
    other = {key: numbers.get(key, everywhere or number) for key, number in row.numbers.items()}
    assert set(numbers) - {"*"} <= set(other)
    assert row.claim.decide(other).verdict == verdict != row.answer.verdict


@pytest.mark.parametrize("reading", READINGS)
def test_each_reading_of_the_first_claim_tells(judged, reading):
    """One that gives about 0.7 is a condition of the verdict, and one that does not is none, whatever it gave."""
    row = judged["C1"]
    condition = READINGS[reading][2] or reading
    others = {name: number for name, number in row.numbers.items() if name != reading}
    assert reading in row.numbers and READINGS[reading][2] not in {READINGS[name][2] for name in others} - {""}
    for value, told in ((0.7, True), (0.6, False), (0.8, False)):
        answer = row.claim.decide(others | {reading: at(value)})
        assert (condition in answer.verdict) is told
        count = sum(map(about, others.values())) + told
        assert answer.sentence.startswith(f"{count} of {len(row.numbers)} readings")
    assert about(at(0.7, 0.04)) and not about(at(0.7, 0.06))


@pytest.mark.parametrize(
    ("name", "folder"), [(name, folder) for name, claim in CLAIMS.items() for folder in claim.experiments]
)
def test_a_claim_is_not_decided_once_a_result_is_deleted(name, folder, judged, measured, tmp_path):
    claim = CLAIMS[name]
    for other in set(claim.experiments) - {folder}:
        (tmp_path / other).symlink_to(RESULTS / other)
    left = Evidence(tmp_path)
    left._points = {other: points for other, points in measured._points.items() if other != folder}  # read once
    row, whole = judge(claim, left), judged[name].numbers
    if name == "C1":  # readings stand alone
        gone = {reading for reading, (experiment, *_) in READINGS.items() if experiment == folder}
        assert gone and row.numbers == {reading: n for reading, n in whole.items() if reading not in gone}
        assert row.answer.sentence.endswith(f"there are: {'; '.join(r for r in READINGS if r in gone)}.")
    elif (name, folder) == ("C2", "by_construction"):  # one reader of three
        gone = whole.keys() - row.numbers.keys()
        assert gone == {"one-shot with an outer code, no bit wrong"}
        assert "outer code" in judged[name].answer.sentence and "outer code" not in row.answer.sentence
    else:
        assert row.answer.verdict == OPEN and row.numbers == {}


def test_with_nothing_left_or_little_the_first_claim_is_not_decided(judged, tmp_path):
    row = judged["C1"]
    assert judge(row.claim, Evidence(tmp_path)).answer.verdict == OPEN
    for few in ("the field itself, load 16 (soft)", "sign of the field, load to infinity (hard)"):
        assert row.claim.decide({few: row.numbers[few]}).verdict == OPEN
    assert row.claim.decide({name: at(0.4) for name in READINGS}).verdict == FAILS


def test_the_first_claim_names_ten_readings_and_the_second_rests_on_the_large_matrix(judged):
    assert len(judged["C1"].numbers) >= 10
    assert judged["C1"].answer.verdict.startswith("holds only if the field is kept undecided")
    assert judged["C2"].numbers["bits stored"].value >= 210e6
    assert judged["C2"].numbers["AMP: bits wrong"].value == 0 < judged["C2"].numbers["one-shot: bits wrong"].value


def test_the_cache_of_the_first_sum_is_655_million(judged):
    assert judged["A1"].answer.verdict == FAILS
    assert "655M" in judged["A1"].answer.sentence and "328M" in judged["A1"].answer.sentence
    assert "4,578 tokens" in judged["A1"].answer.sentence


def test_the_page_holds_every_claim_and_number(judged):
    page = to_markdown(list(judged.values()))
    for row in judged.values():
        assert f"## {row.claim.name}: {row.answer.verdict}" in page
        for number in row.numbers.values():
            assert str(number) in page
