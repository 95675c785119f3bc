"""Every routine of every package is in the catalogue, and made like the others."""

import importlib
import pkgutil
import re

import pytest

from pyntk.theory.catalogue import ROUTINES, SOURCES, find
from pyntk.theory.routine import Routine

MODULES = [
    f"pyntk.theory.{source}.{module.name}"
    for source, package in SOURCES.items()
    for module in pkgutil.iter_modules(package.__path__)
]


@pytest.mark.parametrize("module", MODULES)
def test_every_routine_is_in_the_catalogue(module):
    """A routine is named like its file, of which it is the only one, and its package lists it."""
    own = [
        value
        for value in vars(importlib.import_module(module)).values()
        if isinstance(value, Routine) and value.__module__ == module
    ]
    assert len(own) <= 1
    for found in own:
        assert module.endswith(f".{found.source}.{found.name}")
        assert ROUTINES[found.name] is found
        assert find(found.name) is found


DETERMINISTIC = {"large_d_limit"}  # nothing in them is drawn


@pytest.mark.parametrize("found", ROUTINES.values(), ids=ROUTINES)
def test_every_routine_is_made_alike(found):
    assert found.claim.endswith(".")
    assert len(found.claim) <= 100
    assert "seed" in found.options or found.name in DETERMINISTIC
    for words in ("Args:", "Returns:", "References:"):
        assert words in found.__doc__
    described = re.findall(r"^        ([\w, ]+): ", found.__doc__, re.MULTILINE)
    assert {*found.options} <= {name for names in described for name in names.split(", ")}


def test_no_name_twice():
    listed = [
        name
        for package in SOURCES.values()
        for name in package.__all__
        if isinstance(getattr(package, name), Routine)
    ]
    assert sorted(listed) == sorted(ROUTINES)
    assert not {*SOURCES, "all", "list"} & {*ROUTINES}


def test_a_name_that_is_not_there():
    with pytest.raises(ValueError, match=r"no check 'nothing'; there are: .*concentration"):
        find("nothing")
