"""A label is a call that makes the part it names; a label of an older record makes the part that made the record."""

import inspect
import itertools

import pytest
from repository import RESULTS

import hebbsim
from hebbsim.records.task import LEFT_OUT, PARTS, Task, current_label, parse_label

REGISTRIES = {
    "rule": hebbsim.RULES,
    "ensemble": hebbsim.ENSEMBLES,
    "retrieval": hebbsim.RETRIEVALS,
    "readout": hebbsim.READOUTS,
    "precision": hebbsim.PRECISIONS,
}
# Not `arrays`, whose label names a file by its content and not by its place: such a label alone cannot find it.
EVERY = [(kind, name) for kind, registry in REGISTRIES.items() for name in registry if name != "arrays"]


def made_by(kind, label):
    name, options = parse_label(label)
    return REGISTRIES[kind][name](**options)


def settings(made):
    """Every option in turn at other values, those that are off among them, and pairs of them; as far as allowed."""
    others = {}
    for parameter in inspect.signature(made).parameters.values():
        default = parameter.default
        tried = {
            bool: [not default],
            int: [0, 1, 2, 64],
            float: [0.0, 0.5, 1.0],
            str: ["winners", "relu", "cg", "key", "e5m2"],
        }
        others[parameter.name] = tried.get(type(default), [])
    singles = [{name: value} for name, values in others.items() for value in values]
    return [{}, *singles, *({**a, **b} for a, b in itertools.combinations(singles[:6], 2))]


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_label_is_a_call_that_makes_the_same_part(kind, name):
    made = REGISTRIES[kind][name]
    tried = 0
    for options in settings(made):
        try:
            part = made(**options)
        except hebbsim.HebbsimError:
            continue  # not allowed
        tried += 1
        assert made_by(kind, part.label) is part, part.label
        assert current_label(part.label) == part.label  # no label of today is taken for an older one
    assert tried


def test_options_that_are_on_by_default_are_in_the_label_when_they_are_off():
    assert (
        hebbsim.RULES["linear_attention"](normalise=False).label
        == "linear_attention(feature_map='elu', normalise=False)"
    )
    assert hebbsim.RULES["lact"](renormalise=False).label.endswith("renormalise=False)")
    assert hebbsim.RETRIEVALS["ridge"](tolerance=0.0).label.endswith("tolerance=0.0)")
    assert hebbsim.READOUTS["sign"]().label == "sign"  # off by default and off: left out


def test_labels_of_older_records_mean_what_they_meant():
    older = {
        "linear_attention(feature_map='relu')": ("rule", {"feature_map": "relu", "normalise": False}),
        "lact(chunk=64, hidden=64, rate=1.0)": ("rule", {"renormalise": False}),
        "amp(steps=100)": ("retrieval", {"tolerance": 0.0}),
    }
    for label, (kind, options) in older.items():
        assert made_by(kind, current_label(label)) is REGISTRIES[kind][parse_label(label)[0]](**options)
    task = Task(rule="linear_attention(feature_map='relu')", dim_key=4, dim_value=4, num_patterns=2, probes=2)
    again = Task.from_json(task.to_json())
    assert again.rule == "linear_attention(feature_map='relu', normalise=False)"
    assert Task.from_json(again.to_json()) == again


def test_every_option_that_labels_left_out_is_on_by_default():
    for name, options in LEFT_OUT.items():
        made = next(registry[name] for registry in REGISTRIES.values() if name in registry)
        for option, value in options.items():
            assert inspect.signature(made).parameters[option].default and not value


@pytest.mark.parametrize(
    "folder", sorted({file.parent for file in RESULTS.rglob("*.jsonl")}), ids=lambda path: path.name
)
def test_every_committed_label_makes_the_part_that_made_the_record(folder):
    seen = {(kind, getattr(task, kind)) for task in hebbsim.records.read(folder).tasks() for kind in PARTS}
    for kind, label in seen:
        assert made_by(kind, label).label == label


def test_records_are_selected_by_an_older_label_too():
    records = hebbsim.records.read(RESULTS / "feature_maps")
    label = "linear_attention(feature_map='relu')"
    assert len(records.select(rule=label)) == len(records.select(rule=current_label(label))) == 88
