"""What work will cost, how far it is, and what an interrupt leaves."""

import itertools
import re

import pytest

import hebbsim
from hebbsim import collect, measuring, progress
from hebbsim.simulate import forecast, trial


def test_the_line_says_what_is_left_and_when_it_ends():
    noon = 1_767_000_000.0
    line = progress.progress_line("delta", 30, 40, 100, 20, noon)
    assert re.fullmatch(r" 75 %  100 s left, ends (\w+ \d+ \w+ )?\d\d:\d\d  delta", line)
    assert progress.progress_line("delta", 20, 40, 0, 20, noon) == " 50 %  delta"  # after a resume
    assert progress.progress_line("delta", 39.99, 40, 10, 0, noon).startswith(" 99 %")  # 100 is said at the end only
    assert progress.clock(noon + 5 * 86400, noon) != progress.clock(noon, noon)


@pytest.mark.parametrize("columns", [40, 80])
def test_the_line_fits_the_terminal(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    report = progress.progress(every=0.0)
    for done in range(4):
        report("a very long name of a very long curve " * 3, done, 3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4 and max(map(len, lines)) < columns


def test_percentages_go_on_after_a_resume(tmp_path):
    plan = hebbsim.sweep(dim=8, num_patterns=[4, 8], probes=4)
    file = tmp_path / "records.jsonl"
    collect.collect([plan], 3, file)
    said, told = [], []
    collect.collect([plan], 4, file, lambda text, done, total: said.append(done / total), announce=told.append)
    assert said[0] == pytest.approx(3 / 4) and said[-1] == pytest.approx(1)
    assert told[0].startswith("1 trials of 1 curves are missing; they will take about ")
    collect.collect([plan], 4, file, announce=told.append)
    assert len(told) == 1


def test_forecasts_grow_with_the_work():
    def work(**options):
        plan = hebbsim.sweep(**{"dim": 64, "num_patterns": [100], "probes": 64, **options})
        return forecast.trial_work(plan.spec, tuple(task.num_patterns for task in plan.tasks))

    tokens = dict(ensemble="tokens", readout="argmax")
    assert 5e5 < work(num_patterns=[10**9]) / 1e9 * 64 < 5e7 * 64
    assert work(num_patterns=[10**6]) > 100 * work(num_patterns=[10**3])
    large, small = (work(ensemble_options={"vocabulary": size}, **tokens) for size in (10**7, 10**4))
    assert large > 300 * small
    assert work(rule="perceptron", rule_options={"steps": 900}) > 5 * work(
        rule="perceptron", rule_options={"steps": 20}
    )
    assert work(dim=256, num_patterns=[10**6]) > 3 * work(num_patterns=[10**6])


def test_a_forecast_reads_as_a_sentence(monkeypatch):
    monkeypatch.setattr(forecast, "rate", lambda: 1e9)
    text = str(forecast.forecast(hebbsim.sweep(dim=64, num_patterns=[10**9]), 8))
    assert re.fullmatch(
        r"this will take about .+ (min|h|days) \(8 trials of about .+, and a few seconds to compile\) and .+ (MiB|GiB) of memory",
        text,
    ), text


def test_python_reports_progress_when_asked(capsys):
    options = dict(dim=8, num_patterns=4, trials=2, probes=4)
    hebbsim.measure(**options)
    assert capsys.readouterr().err == ""
    hebbsim.measure(**options, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("hebbsim: this will take about ") and lines[-1].startswith("100 %  took ")


@pytest.mark.parametrize("finished", [0, 1, 3])
def test_an_interrupt_keeps_what_is_finished(finished, monkeypatch):
    """Trials come one at a time here, and Ctrl-C strikes in the next."""
    real = measuring.engine

    def interrupted(work):
        yield from itertools.islice(real(work, devices=1), finished)
        raise KeyboardInterrupt

    monkeypatch.setattr(measuring, "engine", interrupted)
    with pytest.raises(hebbsim.Interrupted, match=f"{finished} of 5 trials finished") as stop:
        hebbsim.curve(dim=8, loads=[0.5, 1], trials=5, probes=4)
    assert isinstance(stop.value, KeyboardInterrupt)
    monkeypatch.undo()
    kept = stop.value.measurements
    assert len(kept) == (2 if finished >= 2 else 0)
    if kept:
        alone = hebbsim.curve(dim=8, loads=[0.5, 1], trials=finished, probes=4)
        assert [point.counts["errors"] for point in kept] == [point.counts["errors"] for point in alone]


def test_measure_and_curve_take_loads_or_numbers_of_patterns():
    by_count = hebbsim.measure(dim=8, num_patterns=4, trials=2, probes=4)
    assert hebbsim.measure(dim=8, load=0.5, trials=2, probes=4).task == by_count.task
    assert hebbsim.measure(dim=8, loads=[0.5], trials=2, probes=4).task == by_count.task
    points = hebbsim.curve(dim=8, num_patterns=[8, 4, 8], trials=2, probes=4)
    assert [point.task.num_patterns for point in points] == [8, 4, 8] and points[1].task == by_count.task
    for wrong in ({}, {"load": 1, "num_patterns": 8}, {"loads": [1, 2]}, {"loads": 0.5}, {"load": 0}):
        with pytest.raises(hebbsim.HebbsimError):
            hebbsim.measure(dim=8, **wrong)


def test_a_label_that_cannot_be_read_back_is_refused_before_anything_runs(monkeypatch):
    monkeypatch.setattr(trial, "program", lambda *_: pytest.fail("it was run"))
    rule = hebbsim.RULES["hebbian"]()._replace(label="my rule")
    with pytest.raises(hebbsim.HebbsimError, match="label 'my rule"):
        hebbsim.measure(rule=rule, dim=8, num_patterns=4, trials=2)
