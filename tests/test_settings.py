"""Settings come from the environment; production refuses in one sentence what it cannot do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from ordersync_site import checks, env, settings

PRODUCTION = {
    "ORDERSYNC_ENV": "production",
    "SECRET_KEY": "Qm2rU8vXz5nLw1sKd9hTf4jYb7cGe3aPo6iN0qRtVxZyWuMlJkHgFdSaB",
    "ALLOWED_HOSTS": "orders.example.com",
    "ORDERSYNC_FIELD_KEYS": "3q2-796tvu_erb7v3q2-796tvu_erb7v3q2-796tvu8=",
    "DATABASE_URL": "postgresql://someone:word@127.0.0.1:1/ordersync",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs manage.py with nothing in the environment but what is given."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], **environment},
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "ORDERSYNC_FIELD_KEYS", "DATABASE_URL"])
def test_production_refuses_to_start_with_one_sentence_that_names_what_is_missing(missing: str) -> None:
    result = manage("check", **{name: value for name, value in PRODUCTION.items() if name != missing})
    assert result.returncode == 1
    assert result.stderr.startswith(f"{missing} is missing: ")
    assert result.stderr.count("\n") == 1


def test_production_passes_djangos_own_deployment_checks() -> None:
    result = manage("check", "--deploy", "--fail-level", "INFO", **PRODUCTION)
    assert result.returncode == 0, result.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(PRODUCTION["SECRET_KEY"] + "\n")
    environment = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    result = manage("check", SECRET_KEY_FILE=str(tmp_path / "key"), **environment)
    assert result.returncode == 0, result.stderr


def test_an_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_FILE", "/nowhere/key")
    with pytest.raises(env.SettingError, match="SOME_FILE names /nowhere/key, which cannot be read"):
        env.text("SOME")


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", "a")
    monkeypatch.setenv("SOME_FILE", "/b")
    with pytest.raises(env.SettingError, match="keep one of them"):
        env.text("SOME")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", True)])
def test_a_flag_reads_yes_and_no_and_else_its_default(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("SOME", text)
    assert env.flag("SOME", True) is value


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (env.flag, "maybe", "neither yes nor no"),
        (env.number, "-1", "not a whole number"),
        (env.number, "²", "not a whole number"),
    ],
)
def test_a_value_that_cannot_be_understood_is_named(
    monkeypatch: pytest.MonkeyPatch, read, text: str, words: str
) -> None:
    monkeypatch.setenv("SOME", text)
    with pytest.raises(env.SettingError, match=f"SOME is .*{words}"):
        read("SOME", 0)


def test_a_database_address_is_taken_apart() -> None:
    entry = env.database("postgresql://me:p%40ss@db.example.com:6543/books?sslmode=require")
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"], entry["NAME"], entry["OPTIONS"]) == (
        "me",
        "p@ss",
        "db.example.com",
        "6543",
        "books",
        {"sslmode": "require"},
    )
    assert env.database("postgres:///books?host=/run/pg")["HOST"] == "/run/pg"


@pytest.mark.parametrize("url", ["mysql://me@there/books", "postgresql://me@there", "postgresql://me@there:x/books"])
def test_another_database_or_a_broken_address_is_refused(url: str) -> None:
    with pytest.raises(env.SettingError, match="DATABASE_URL"):
        env.database(url)


def test_a_test_database_that_is_not_one_by_name_is_refused() -> None:
    result = manage("check", ORDERSYNC_TEST_DB="books")
    assert result.returncode == 1
    assert "must begin with test_" in result.stderr


def test_the_job_settings_are_held() -> None:
    assert not checks.jobs_are_a_doorbell()


@pytest.mark.parametrize(
    "change", [{"max_attempts": 0}, {"ack_failures": False}, {"catch_up": True}, {"queue_limit": 4}, {"retry": 390}]
)
def test_a_changed_job_setting_is_an_error(settings, change: dict[str, object]) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | change
    (name,) = change
    assert [name in error.msg for error in checks.jobs_are_a_doorbell()] == [True]


def test_a_field_key_that_cannot_encrypt_is_an_error(settings) -> None:
    settings.ORDERSYNC_FIELD_KEYS = [*settings.ORDERSYNC_FIELD_KEYS, "short"]
    errors = checks.field_keys_are_usable()
    assert [error.msg for error in errors] == ["Key 2 of ORDERSYNC_FIELD_KEYS is not a Fernet key."]


@pytest.mark.schema
@pytest.mark.django_db
def test_the_database_folds_letters_beyond_ascii() -> None:
    assert checks.letters_fold(databases=["default"]) == []


@pytest.mark.django_db
def test_every_page_carries_the_strict_policy(client: Client) -> None:
    policy = client.get("/admin/login/").headers["Content-Security-Policy"]
    assert set(policy.split("; ")) == {
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    }
