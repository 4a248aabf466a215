"""The worked numbers in the docstrings are true."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

import config
import ledger
import settlement

WITHOUT = ("migrations", "management", "wsgi")


def modules() -> list[str]:
    """Return every module that can be imported without running anything."""
    return [
        found.name
        for package in (config, ledger, settlement)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not any(part in found.name for part in WITHOUT)
    ]


def with_examples() -> list[ModuleType]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    loaded = [importlib.import_module(name) for name in modules()]
    return [module for module in loaded if any(test.examples for test in finder.find(module))]


class TestDocstrings:
    def test_give_worked_numbers_in_many_places(self) -> None:
        assert len(with_examples()) >= 15

    @pytest.mark.parametrize("module", with_examples(), ids=lambda module: module.__name__)
    def test_come_out_as_written(self, module: ModuleType) -> None:
        assert doctest.testmod(module).failed == 0
