"""What every test may ask for, and what it may not do without."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from django.test import TransactionTestCase

from tests import emptied

if TYPE_CHECKING:
    from tests.tryton_company import Ground

# How long an example takes is the machine's business, and no reason to turn red.
hypothesis.settings.register_profile(
    "by result alone", deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
)
hypothesis.settings.load_profile("by result alone")


@pytest.fixture(scope="session", autouse=True)
def _emptied_by_deletes() -> Iterator[None]:
    """After a test that committed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: emptied.empty())
        yield


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """A password's slow hash protects people, of whom tests have none."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of real orders named by ORDERSYNC_SAMPLES; without it the test is skipped with the reason."""
    folder = os.environ.get("ORDERSYNC_SAMPLES", "")
    if not folder:
        pytest.skip("ORDERSYNC_SAMPLES is not set: no folder of real orders to read")
    return Path(folder).resolve(strict=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; without one the test is skipped with the reason."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no Chromium on this machine: install chromium, or name one in CHROMIUM")
    return path


@pytest.fixture(scope="module")
def tryton_server() -> Iterator[Ground]:
    """A real Tryton with a copy of the companies, for the tests of one file; where none is installed they are skipped with the reason."""
    from ordersync_site import embedded_tryton
    from tests import tryton_company

    if why := embedded_tryton.missing():
        pytest.skip(why)
    with tryton_company.ground() as there:
        yield there


@pytest.fixture
def tryton(tryton_server: Ground) -> Ground:
    """The same, with empty books."""
    tryton_server.empty()
    return tryton_server


@pytest.fixture
def verdict(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """What an attack has to tell: its seed, its counts and the judge's verdict, said at the end of the run, whichever process ran it."""
    return lambda words: record_property("verdict", words)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for some in terminalreporter.stats.values() for report in some]
    told = [pair for report in reports if getattr(report, "when", "") == "call" for pair in report.user_properties]
    lines = [str(words) for name, words in told if name == "verdict"]
    if kills := [int(str(count)) for name, count in told if name == "kills"]:
        lines.append(f"kill points: {len(kills)} sweeps, {sum(kills)} kills, each document once, each thing told once")
    if lines:
        terminalreporter.section("attacks")
        for line in sorted(lines):
            terminalreporter.write_line(line)
