"""What holds for every part in the registries: its words are explained, and its folder says how to add one."""

from pathlib import Path

import pytest
from examples import ensemble

import hebbsim
from hebbsim.words import WORDS


class TestEveryPart:
    @pytest.mark.parametrize("registry", ["RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"])
    def test_it_speaks_in_words_that_are_explained(self, registry):
        for name, made in getattr(hebbsim, registry).items():
            part = ensemble(name) if registry == "ENSEMBLES" else made()
            words = (part.provides | part.requires) - {word for word in part.provides if word.startswith("cells of")}
            assert words <= WORDS.keys(), name
            assert isinstance(part.provides, frozenset) and isinstance(part.requires, frozenset)
            assert hash(part) == hash(ensemble(name) if registry == "ENSEMBLES" else made())

    @pytest.mark.parametrize("registry", ["RULES", "ENSEMBLES", "RETRIEVALS", "READOUTS", "PRECISIONS"])
    def test_its_folder_says_how_to_add_one(self, registry):
        folder = Path(hebbsim.__file__).parent / registry.lower()
        text = (folder / "README.md").read_text()
        assert registry in text and "__init__.py" in text
        files = {file.stem for file in folder.glob("*.py")}
        for made in getattr(hebbsim, registry).values():
            assert made.__module__.rpartition(".")[2] in files


def test_the_rule_that_the_readme_writes_is_the_delta_rule():
    text = (Path(hebbsim.__file__).parent / "rules" / "README.md").read_text()
    names = {"__name__": "readme"}
    exec(text.partition("```python\n")[2].partition("```")[0], names)
    given = {"dim": 16, "num_patterns": 12, "trials": 2}
    plain = hebbsim.measure(rule=names["plain_delta"](rate=0.5), **given)
    assert plain.counts["errors"] == hebbsim.measure(rule="delta", rule_options={"rate": 0.5}, **given).counts["errors"]
