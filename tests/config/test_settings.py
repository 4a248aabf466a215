import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from config import settings

ROOT = Path(__file__).resolve().parents[2]


def read_settings(tmp_path: Path, expression: str, **environment: str) -> str:
    """Import the settings in a process of their own and return an expression's value as text."""
    done = subprocess.run(
        [sys.executable, "-c", f"from config import settings as s; print({expression})"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "CLEARWATT_DATA": str(tmp_path / "data"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


class TestSecretKey:
    def test_is_made_once_and_readable_by_its_owner_only(self, tmp_path: Path) -> None:
        first = read_settings(tmp_path, "s.SECRET_KEY")
        second = read_settings(tmp_path, "s.SECRET_KEY")

        assert first == second
        assert len(first) >= 50
        mode = (tmp_path / "data" / "secret_key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    def test_must_be_given_in_production(self, tmp_path: Path) -> None:
        said = read_settings(tmp_path, "s.SECRET_KEY", CLEARWATT_ENV="production")

        assert "CLEARWATT_SECRET_KEY is not set" in said
        assert not (tmp_path / "data" / "secret_key").exists()


class TestRetention:
    def test_is_a_number_of_days_or_for_ever(self, tmp_path: Path) -> None:
        name = "CLEARWATT_KEEP_PAYLOADS_DAYS"

        assert read_settings(tmp_path, f"s.{name}") == "None"
        assert read_settings(tmp_path, f"s.{name}", **{name: "90"}) == "90"
        said = read_settings(tmp_path, f"s.{name}", **{name: "ninety"})
        assert f"{name} is 'ninety'; it is a whole number of days." in said


class TestEnvironment:
    def test_is_local_or_production_and_nothing_else(self, tmp_path: Path) -> None:
        said = read_settings(tmp_path, "s.DEBUG", CLEARWATT_ENV="staging")

        assert "CLEARWATT_ENV is 'staging'" in said

    def test_closes_everything_in_production(self, tmp_path: Path) -> None:
        said = read_settings(
            tmp_path,
            "(s.DEBUG, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT)",
            CLEARWATT_ENV="production",
            CLEARWATT_SECRET_KEY="x" * 50,
            CLEARWATT_ALLOWED_HOSTS="books.example.com, www.example.com",
            CLEARWATT_DEBUG="1",
        )

        assert said == "(False, ['books.example.com', 'www.example.com'], True, True)"


class TestDatabase:
    def test_refuses_what_is_not_postgresql(self) -> None:
        with pytest.raises(ImproperlyConfigured, match="begins with 'sqlite'"):
            settings._database("sqlite:///books.db")

    def test_finds_the_socket_folder_in_a_url(self) -> None:
        facts = settings._database("postgresql://clearwatt@%2Ftmp%2Fcw_A-1:5432/books")

        assert (facts["HOST"], str(facts["PORT"]), facts["USER"], facts["NAME"]) == (
            "/tmp/cw_A-1",
            "5432",
            "clearwatt",
            "books",
        )

    def test_says_what_to_do_where_none_is_named(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "import django; django.setup(); django.db.connection.ensure_connection()",
            ],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "CLEARWATT_DATA": str(tmp_path),
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 1
        assert "DATABASE_URL is not set" in done.stderr.splitlines()[-1]

    @pytest.mark.django_db
    def test_speaks_postgresql_15_or_newer(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version_num")
            (version,) = cursor.fetchone()

        assert int(version) >= 150000


class TestSealingKeys:
    def test_stand_in_order(self, tmp_path: Path) -> None:
        said = read_settings(
            tmp_path, "s.SEALING_KEYS", CLEARWATT_SEALING_KEYS=f"{'n' * 32} {'o' * 32}"
        )

        assert said == str(["n" * 32, "o" * 32])

    def test_are_the_secret_key_where_none_is_given(self, tmp_path: Path) -> None:
        assert read_settings(tmp_path, "s.SEALING_KEYS == [s.SECRET_KEY]") == "True"

    def test_are_long_enough(self, tmp_path: Path) -> None:
        said = read_settings(tmp_path, "s.SEALING_KEYS", CLEARWATT_SEALING_KEYS="short")

        assert "CLEARWATT_SEALING_KEYS holds a key that is too short" in said


class TestTrustedProxies:
    def test_are_networks_and_perhaps_a_socket(self, tmp_path: Path) -> None:
        said = read_settings(
            tmp_path, "s.TRUSTED_PROXIES", CLEARWATT_TRUSTED_PROXIES="10.0.0.0/8, ::1 unix"
        )

        assert said == "['10.0.0.0/8', '::1', 'unix']"

    @pytest.mark.parametrize("given", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33"])
    def test_are_refused_where_they_are_none(self, tmp_path: Path, given: str) -> None:
        said = read_settings(tmp_path, "s.TRUSTED_PROXIES", CLEARWATT_TRUSTED_PROXIES=given)

        assert f"CLEARWATT_TRUSTED_PROXIES holds {given!r}" in said
