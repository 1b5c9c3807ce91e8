"""The API page is the one that the docstrings give, and every public name says what it is."""

import inspect

import pytest

import hebbsim
from hebbsim import api


def test_the_page_is_up_to_date():
    assert api.PAGE.read_text() == api.page(), "run make api"


@pytest.mark.parametrize("name", sorted(set(hebbsim.__all__)))
def test_every_public_name_has_a_docstring(name):
    value = getattr(hebbsim, name)
    if not isinstance(value, dict):
        assert inspect.getdoc(value) and "\n" not in inspect.getdoc(value).partition("\n\n")[0].strip()[:1]
        assert f"hebbsim.{name}" in api.PAGE.read_text() or inspect.ismodule(value)


def test_every_function_of_the_public_modules_has_a_docstring():
    for module in api.MODULES:
        for name, value in api.public(getattr(hebbsim, module)):
            assert inspect.getdoc(value), f"{module}.{name}"
