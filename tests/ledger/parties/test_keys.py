"""API keys: who they speak for, and when they no longer do."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from ipaddress import ip_address
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from ledger.parties import keys
from ledger.parties.bounds import UNBOUNDED, BoundInvalid, Bounds
from ledger.parties.models import ApiKey
from ledger.parties.viewers import Viewer
from tests.callers import party, user
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
ELSEWHERE = Bounds(networks=["192.0.2.0/24", "2001:db8::/32"])


def issue(
    *scopes: str,
    user_name: str | None = None,
    expires_at: datetime | None = None,
    bounds: Bounds = UNBOUNDED,
) -> keys.Issued:
    party("westcloud", "provider")
    return keys.issue(
        party="westcloud",
        scopes=scopes or ["books:read"],
        name="gateway",
        user=user_name,
        bounds=replace(bounds, expires_at=expires_at),
        now=NOW,
    )


class TestIssue:
    def test_returns_a_token_of_prefix_and_256_random_bits(self) -> None:
        issued = issue()

        assert re.fullmatch(r"cw_[a-z0-9]{10}_[0-9a-f]{64}", issued.token)
        assert issued.token.split("_")[1] == issued.prefix
        assert issue().token != issued.token

    def test_stores_the_hash_and_nothing_that_gives_the_secret_away(self) -> None:
        issued = issue("events:write", "books:read")

        row = ApiKey.objects.values().get()
        secret = issued.token.split("_")[2]
        assert bytes(row["secret_hash"]) == hashlib.sha256(issued.token.encode()).digest()
        assert row["scopes"] == ["books:read", "events:write"]
        assert secret not in repr(row)
        assert bytes.fromhex(secret) not in bytes(row["secret_hash"])

    @pytest.mark.parametrize(
        ("arguments", "refusal"),
        [
            ({"scopes": ["books:burn"]}, keys.ScopeUnknown),
            ({"party": "nobody"}, keys.PartyUnknown),
            ({"user": "nobody"}, keys.UserUnknown),
            ({"bounds": Bounds(sources=[""])}, BoundInvalid),
            ({"bounds": Bounds(sources=["a\x00"])}, BoundInvalid),
            ({"bounds": Bounds(sources=["a" * 513])}, BoundInvalid),
            ({"bounds": Bounds(networks=["nowhere"])}, BoundInvalid),
            ({"bounds": Bounds(networks=["192.0.2.7/24"])}, BoundInvalid),
            ({"bounds": Bounds(networks=["192.0.2.0/33"])}, BoundInvalid),
            ({"bounds": Bounds(requests_per_minute=0)}, BoundInvalid),
            ({"bounds": Bounds(requests_per_minute=100_001)}, BoundInvalid),
        ],
    )
    def test_refuses_what_it_does_not_know_and_stores_nothing(
        self, arguments: dict[str, Any], refusal: type[Exception]
    ) -> None:
        party("westcloud", "provider")
        good = {"party": "westcloud", "scopes": ["books:read"], "name": "", "now": NOW}

        with pytest.raises(refusal):
            keys.issue(**{**good, **arguments})

        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("kind", ["consumer", "platform"])
    def test_gives_nobody_a_key_to_post_usage_who_serves_no_models(self, kind: str) -> None:
        party("acme", kind)

        with pytest.raises(keys.ScopeNotForParty) as refused:
            keys.issue(party="acme", scopes=["books:read", "events:write"], name="", now=NOW)

        assert (refused.value.scope, refused.value.kind) == ("events:write", kind)
        assert not ApiKey.objects.exists()

    @pytest.mark.parametrize("kind", ["provider", "both"])
    def test_gives_one_to_whoever_does(self, kind: str) -> None:
        party("acme", kind)

        issued = keys.issue(party="acme", scopes=["events:write"], name="", now=NOW)

        assert keys.authenticate(issued.token, now=NOW).is_provider

    def test_stores_bounds_once_each_and_none_as_null(self) -> None:
        bounds = Bounds(
            sources=["b", "a", "b"],
            networks=["2001:DB8::/32", "192.0.2.7", "192.0.2.7/32"],
            requests_per_minute=600,
        )

        issue(bounds=bounds)
        issue()

        bounded, unbounded = ApiKey.objects.order_by("id")
        assert (bounded.sources, bounded.networks) == (
            ["a", "b"],
            ["192.0.2.7/32", "2001:db8::/32"],
        )
        assert bounded.requests_per_minute == 600
        assert (unbounded.sources, unbounded.networks) == (None, None)
        assert unbounded.requests_per_minute is None

    @pytest.mark.parametrize(
        ("column", "value", "constraint"),
        [
            ("sources", "{}", "ledger_api_key_sources_not_empty"),
            ("networks", "{}", "ledger_api_key_networks_not_empty"),
            ("requests_per_minute", "0", "ledger_api_key_requests_per_minute_range"),
        ],
    )
    def test_is_held_to_its_word_by_the_database(
        self, column: str, value: str, constraint: str
    ) -> None:
        issue()

        with (
            pytest.raises(IntegrityError, match=constraint),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE ledger_api_key SET {column} = '{value}'")

    def test_is_held_by_the_database_to_networks_that_are_some(self) -> None:
        issue()

        with pytest.raises(DataError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_api_key SET networks = '{nowhere}'")


class TestAuthenticate:
    def test_returns_whom_the_key_speaks_for(self) -> None:
        checker = user("checker")
        issued = issue("events:write", "books:read", user_name="checker")

        caller = keys.authenticate(issued.token, now=NOW)

        assert (caller.party_code, caller.user_id) == ("westcloud", checker.id)
        assert caller.scopes == {"events:write", "books:read"}
        assert caller.viewer == Viewer(party_id=party("westcloud").id, sees_all=False)

    def test_lets_the_platform_see_everything(self) -> None:
        party("clearwatt", "platform")
        issued = keys.issue(party="clearwatt", scopes=["books:read"], name="", now=NOW)

        assert keys.authenticate(issued.token, now=NOW).viewer.sees_all

    def test_refuses_every_token_that_differs_in_a_single_character(self) -> None:
        token = issue().token

        for index in range(len(token)):
            changed = token[:index] + ("0" if token[index] != "0" else "1") + token[index + 1 :]
            with pytest.raises(keys.KeyUnknown):
                keys.authenticate(changed, now=NOW)

    @pytest.mark.parametrize(
        "token", ["", "cw", "cw_", "cw__", "cw_a_b_c", "cw_\x00_00", "cw_ÄÄÄ_00", "Bearer x"]
    )
    def test_refuses_what_is_no_token(self, token: str) -> None:
        with pytest.raises(keys.KeyUnknown):
            keys.authenticate(token, now=NOW)

    def test_accepts_a_key_until_it_expires(self) -> None:
        issued = issue(expires_at=NOW)

        assert keys.authenticate(issued.token, now=NOW - SECOND)
        with pytest.raises(keys.KeyExpired) as refused:
            keys.authenticate(issued.token, now=NOW)

        assert (refused.value.prefix, refused.value.expired_at) == (issued.prefix, NOW)

    def test_refuses_a_revoked_key(self) -> None:
        issued = issue()
        keys.revoke(issued.prefix, now=NOW)

        with pytest.raises(keys.KeyRevoked):
            keys.authenticate(issued.token, now=NOW)

    def test_refuses_the_key_of_a_person_who_has_left(self) -> None:
        checker = user("checker")
        issued = issue(user_name="checker")
        checker.is_active = False
        checker.save()

        with pytest.raises(keys.KeyRevoked):
            keys.authenticate(issued.token, now=NOW)

    def test_notes_the_use_once_a_minute(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        issued = issue()

        with django_assert_num_queries(2):
            keys.authenticate(issued.token, now=NOW)
        with django_assert_num_queries(1):
            keys.authenticate(issued.token, now=NOW + 59 * SECOND)
        assert ApiKey.objects.get().last_used_at == NOW
        keys.authenticate(issued.token, now=NOW + 60 * SECOND)

        assert ApiKey.objects.get().last_used_at == NOW + 60 * SECOND

    @pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
    def test_accepts_a_key_from_its_networks(self, address: str) -> None:
        issued = issue(bounds=ELSEWHERE)

        assert keys.authenticate(issued.token, now=NOW, address=ip_address(address))

    @pytest.mark.parametrize("address", ["192.0.3.7", "2001:db9::7", None])
    def test_refuses_a_key_from_elsewhere(self, address: str | None) -> None:
        issued = issue(bounds=ELSEWHERE)
        found = None if address is None else ip_address(address)

        with pytest.raises(keys.AddressNotAllowed) as refused:
            keys.authenticate(issued.token, now=NOW, address=found)

        assert (refused.value.prefix, refused.value.address) == (issued.prefix, address)
        assert "192.0.2" not in str(refused.value)

    @pytest.mark.parametrize(
        ("sources", "expected"), [((), True), (["urn:a"], True), (["urn:a:1", "urn:b"], False)]
    )
    def test_says_whose_usage_the_key_may_post(self, sources: list[str], expected: bool) -> None:
        issued = issue(bounds=Bounds(sources=sources))

        assert keys.authenticate(issued.token, now=NOW).may_post("urn:a") is expected

    @pytest.mark.parametrize(
        ("bounds", "refusal"),
        [
            (Bounds(expires_at=NOW), keys.KeyExpired),
            (Bounds(networks=["192.0.2.0/24"]), keys.AddressNotAllowed),
        ],
    )
    def test_does_not_note_a_use_that_it_refused(
        self, bounds: Bounds, refusal: type[Exception]
    ) -> None:
        issued = issue(bounds=bounds, expires_at=bounds.expires_at)

        with pytest.raises(refusal):
            keys.authenticate(issued.token, now=NOW)

        assert ApiKey.objects.get().last_used_at is None


class TestNotingUse:
    @pytest.fixture
    def other(self) -> Iterator[psycopg.Connection]:
        """Return another connection to the test database, which commits by itself."""
        parameters = connection.get_connection_params()
        with psycopg.connect(
            host=parameters.get("host"),
            port=parameters.get("port"),
            user=parameters.get("user"),
            password=parameters.get("password"),
            dbname=parameters.get("dbname"),
            autocommit=True,
        ) as other:
            yield other
            other.execute("DELETE FROM ledger_api_key WHERE prefix = 'held'")
            other.execute("DELETE FROM ledger_party WHERE code = 'held-party'")

    def test_waits_for_nobody(self, other: psycopg.Connection) -> None:
        token = "cw_held_" + 64 * "0"
        other.execute(
            "INSERT INTO ledger_party (code, name, kind, created_at) "
            "VALUES ('held-party', 'Held', 'provider', now())"
        )
        other.execute(
            "INSERT INTO ledger_api_key (party_id, name, prefix, secret_hash, scopes, created_at) "
            "SELECT id, '', 'held', %s, '{books:read}', now() FROM ledger_party "
            "WHERE code = 'held-party'",
            [hashlib.sha256(token.encode()).digest()],
        )
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '100ms'")

        with other.transaction():
            other.execute("SELECT 1 FROM ledger_api_key WHERE prefix = 'held' FOR UPDATE")
            caller = keys.authenticate(token, now=NOW)

        assert caller.party_code == "held-party"
        assert ApiKey.objects.get(prefix="held").last_used_at is None


class TestRevoke:
    def test_says_whether_the_key_was_in_force(self) -> None:
        issued = issue()

        assert keys.revoke(issued.prefix, now=NOW) is True
        assert keys.revoke(issued.prefix, now=NOW + SECOND) is False
        assert ApiKey.objects.get().revoked_at == NOW

    def test_refuses_a_prefix_that_no_key_has(self) -> None:
        with pytest.raises(keys.KeyUnknown):
            keys.revoke("nothing", now=NOW)


class TestCommands:
    def test_issue_a_key_that_works_and_print_nothing_else(self) -> None:
        party("westcloud", "provider")
        printed = StringIO()

        call_command(
            "issue_key",
            "westcloud",
            "--scope=events:write",
            "--scope=books:read",
            "--expires=2099-01-01",
            stdout=printed,
            stderr=StringIO(),
        )

        caller = keys.authenticate(printed.getvalue().strip(), now=NOW)
        assert caller.scopes == {"events:write", "books:read"}
        assert ApiKey.objects.get().expires_at == datetime.fromisoformat("2099-01-01T00:00Z")

    def test_issue_a_key_within_bounds(self) -> None:
        party("westcloud", "provider")

        call_command(
            "issue_key",
            "westcloud",
            "--scope=events:write",
            *("--source=urn:a", "--source=urn:b"),
            *("--network=192.0.2.0/24", "--network=2001:db8::7"),
            "--requests-per-minute=600",
            stdout=StringIO(),
            stderr=StringIO(),
        )

        key = ApiKey.objects.get()
        assert key.sources == ["urn:a", "urn:b"]
        assert key.networks == ["192.0.2.0/24", "2001:db8::7/128"]
        assert key.requests_per_minute == 600

    def test_issue_a_key_that_signs_with_its_secret_below(self) -> None:
        party("westcloud", "provider")
        printed = StringIO()

        call_command(
            "issue_key",
            *("westcloud", "--scope=events:write", "--signing"),
            stdout=printed,
            stderr=StringIO(),
        )

        token, secret = printed.getvalue().split()
        assert keys.authenticate(token, now=NOW).signs
        assert secret.startswith("whsec_")

    def test_refuse_an_unknown_party_with_one_sentence(self) -> None:
        with pytest.raises(CommandError, match="there is no party 'nobody'"):
            call_command("issue_key", "nobody", "--scope=books:read")

        assert not ApiKey.objects.exists()

    def test_revoke_a_key(self) -> None:
        issued = issue()
        printed = StringIO()

        call_command("revoke_key", issued.prefix, stdout=printed)

        assert printed.getvalue() == f"Key cw_{issued.prefix}_… is revoked.\n"
        with pytest.raises(keys.KeyRevoked):
            keys.authenticate(issued.token, now=NOW)
