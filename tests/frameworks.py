"""The frameworks that pyntk is embedded in: a skip where one is absent, a failure if required."""

import importlib

import pytest

from backends import REQUIRED


def framework(name):
    """Return the module of a framework; PYNTK_REQUIRE names those that must be there."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name or name in REQUIRED:
            raise
        pytest.skip(f"{name} is not installed", allow_module_level=True)
