"""The table of mutants is kept up to date: what it removes is there, once, and so are the tests that must turn red. `python -m tests.mutants` runs it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_removes_is_there_and_so_are_its_tests(mutant: Mutant) -> None:
    assert mutant.places(ROOT) == 1, (
        f"{mutant.file} has it {mutant.places(ROOT)} times: renew the table in tests/mutants.py"
    )
    file, _blank, words = mutant.tests.partition(" ")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    missed = [word for word in words.split(" or ") if not any(word in name for name in names)]
    assert not missed, f"{file} has no test of {missed}"
