"""The ledger: every claim has a verdict from evidence, and every verdict can come out otherwise."""

import shutil

import pytest
from repository import RESULTS

from hebbsim.answers.evidence import Evidence
from hebbsim.answers.ledger import FAILS, HOLDS, OPEN, Number, every_claim, judge, ledger, to_markdown

CLAIMS = {claim.name: claim for claim in every_claim()}


@pytest.fixture(scope="module")
def judged():
    return {row.claim.name: row for row in ledger(RESULTS)}


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


@pytest.mark.parametrize("name", [name for name, claim in CLAIMS.items() if claim.experiments])
def test_without_its_records_a_claim_is_not_decided(tmp_path, name):
    assert judge(CLAIMS[name], Evidence(tmp_path)).answer.verdict == OPEN


def test_one_missing_folder_leaves_the_other_readings_of_the_first_claim(tmp_path, judged):
    for folder in ("dimension", "willshaw"):
        shutil.copytree(RESULTS / folder, tmp_path / folder)
    row = judge(CLAIMS["C1"], Evidence(tmp_path))
    assert 0 < len(row.numbers) < len(judged["C1"].numbers)
    for name, number in row.numbers.items():
        assert number == judged["C1"].numbers[name]


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
