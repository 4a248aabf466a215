"""The signing secrets of keys: two at most, shown once; and requests taken once."""

import base64
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from standardwebhooks.webhooks import Webhook

from ledger.parties import keys, sealing, signatures, signing
from ledger.parties.callers import Caller
from ledger.parties.models import ApiKey, SignedRequest
from ledger.parties.sealing import SecretUnreadable
from ledger.parties.signatures import (
    TOLERANCE,
    Presented,
    SignatureInvalid,
    SignatureOutOfTime,
    SignatureReplayed,
)
from tests import at_once, callers
from tests.factories import NOW

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def issued() -> keys.Issued:
    """Return a key that does not sign yet."""
    return issue()


def issue() -> keys.Issued:
    callers.party("westcloud", "provider")
    return keys.issue(party="westcloud", scopes=["events:write"], name="", now=NOW)


def caller(issued: keys.Issued) -> Caller:
    return keys.authenticate(issued.token, now=NOW)


def check(
    issued: keys.Issued,
    secret: str,
    *,
    webhook_id: str = "msg_1",
    signed_at: Any = NOW,
    now: Any = NOW,
) -> None:
    """Sign a body as the library does, and have it checked."""
    signature = Webhook(secret).sign(webhook_id, signed_at, "{}")
    presented = Presented(webhook_id, str(int(signed_at.timestamp())), signature)
    signing.check(caller(issued), b"{}", presented, now=now)


class TestRenew:
    def test_returns_a_secret_of_256_bits_and_stores_it_sealed(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)

        raw = base64.b64decode(secret.removeprefix("whsec_"))
        key = ApiKey.objects.get()
        assert len(raw) == 32
        assert raw not in bytes(key.signing_secret or b"")
        assert sealing.unseal(bytes(key.signing_secret or b""), owner=issued.prefix) == raw
        assert (key.previous_signing_secret, key.signing_secret_issued_at) == (None, NOW)
        assert "sealed" not in repr(caller(issued))

    def test_keeps_the_one_before_valid_until_it_is_withdrawn(self, issued: keys.Issued) -> None:
        first = signing.renew(issued.prefix, now=NOW)
        second = signing.renew(issued.prefix, now=NOW + SECOND)

        check(issued, first, webhook_id="a")
        check(issued, second, webhook_id="b")
        assert signing.withdraw_previous(issued.prefix) is True
        assert signing.withdraw_previous(issued.prefix) is False

        check(issued, second, webhook_id="c")
        with pytest.raises(SignatureInvalid):
            check(issued, first, webhook_id="d")
        assert ApiKey.objects.get().signing_secret_issued_at == NOW + SECOND

    def test_gives_no_third(self, issued: keys.Issued) -> None:
        for _ in range(2):
            signing.renew(issued.prefix, now=NOW)
        before = ApiKey.objects.values().get()

        with pytest.raises(signing.TwoSecretsInUse):
            signing.renew(issued.prefix, now=NOW)

        assert ApiKey.objects.values().get() == before

    def test_gives_no_third_to_several_who_ask_at_once(self, transactional_db: None) -> None:
        issued = issue()

        outcomes = at_once.at_once(*[lambda: signing.renew(issued.prefix, now=NOW)] * 6)

        given = [one for one in outcomes if isinstance(one, str)]
        assert len(given) == 2
        assert {type(one) for one in outcomes} == {str, signing.TwoSecretsInUse}
        for number, secret in enumerate(given):
            check(issued, secret, webhook_id=str(number))

    @pytest.mark.parametrize("act", [signing.withdraw_previous, signing.stop])
    def test_and_the_other_acts_ask_for_a_key_in_force(self, act: Any) -> None:
        issued = issue()

        for refusal, prefix in ((keys.KeyUnknown, "nothing"), (keys.KeyRevoked, issued.prefix)):
            keys.revoke(issued.prefix, now=NOW)
            with pytest.raises(refusal):
                signing.renew(prefix, now=NOW)
            with pytest.raises(refusal):
                act(prefix)


class TestStop:
    def test_lets_the_key_post_unsigned(self, issued: keys.Issued) -> None:
        signing.renew(issued.prefix, now=NOW)
        signing.renew(issued.prefix, now=NOW)
        assert caller(issued).signs

        assert signing.stop(issued.prefix) is True
        assert signing.stop(issued.prefix) is False

        assert not caller(issued).signs
        key = ApiKey.objects.get()
        assert (key.signing_secret, key.previous_signing_secret) == (None, None)
        assert key.signing_secret_issued_at is None


class TestCheck:
    def test_takes_a_request_once(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)
        check(issued, secret)

        with pytest.raises(SignatureReplayed) as refused:
            check(issued, secret, now=NOW + TOLERANCE)

        assert (refused.value.webhook_id, refused.value.signed_at) == ("msg_1", NOW)
        assert SignedRequest.objects.count() == 1

    def test_takes_a_retry_that_is_signed_anew(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)
        check(issued, secret)

        check(issued, secret, signed_at=NOW + SECOND)

        assert SignedRequest.objects.count() == 2

    def test_takes_a_replay_for_one_after_the_secret_changed(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)
        check(issued, secret)
        signing.renew(issued.prefix, now=NOW)

        with pytest.raises(SignatureReplayed):
            check(issued, secret)

    def test_takes_the_same_id_and_time_of_another_key(self, issued: keys.Issued) -> None:
        other = issue()
        for one in (issued, other):
            check(one, signing.renew(one.prefix, now=NOW))

        assert SignedRequest.objects.count() == 2

    def test_takes_one_of_many_that_come_at_once(self, transactional_db: None) -> None:
        issued = issue()
        secret = signing.renew(issued.prefix, now=NOW)

        outcomes = at_once.at_once(*[lambda: check(issued, secret)] * 8)

        assert outcomes.count(None) == 1
        assert [type(one) for one in outcomes if one is not None] == [SignatureReplayed] * 7

    def test_leaves_it_to_others_how_they_wait_for_the_disk(self, transactional_db: None) -> None:
        issued = issue()
        secret = signing.renew(issued.prefix, now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = 'local'")

            check(issued, secret)

            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("local",)

    def test_remembers_nothing_that_it_refused(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)

        with pytest.raises(SignatureInvalid):
            check(issued, signatures.written(b"x" * 32))
        with pytest.raises(SignatureOutOfTime):
            check(issued, secret, now=NOW + TOLERANCE + SECOND)

        assert not SignedRequest.objects.exists()

    def test_does_not_open_a_secret_that_was_moved_from_another_key(
        self, issued: keys.Issued
    ) -> None:
        thief = issue()
        secret = signing.renew(thief.prefix, now=NOW)
        moved = ApiKey.objects.get(prefix=thief.prefix).signing_secret
        ApiKey.objects.update(signing_secret=moved, signing_secret_issued_at=NOW)

        with pytest.raises(SecretUnreadable):
            check(issued, secret)


class TestForget:
    def test_keeps_what_could_still_be_replayed(self, issued: keys.Issued) -> None:
        secret = signing.renew(issued.prefix, now=NOW)
        ahead = NOW + TOLERANCE
        check(issued, secret, signed_at=ahead)

        for moment in (NOW, ahead + TOLERANCE, ahead + 2 * TOLERANCE):
            assert signing.forget(now=moment) == 0
        with pytest.raises(SignatureReplayed):
            check(issued, secret, signed_at=ahead, now=ahead + TOLERANCE)

        assert signing.forget(now=ahead + 2 * TOLERANCE + SECOND) == 1
        with pytest.raises(SignatureOutOfTime):
            check(issued, secret, signed_at=ahead, now=ahead + TOLERANCE + SECOND)


class TestSealAnew:
    def test_seals_every_secret_with_the_newest_key(
        self, issued: keys.Issued, settings: Any, django_assert_num_queries: Any
    ) -> None:
        settings.SEALING_KEYS = ["o" * 32]
        other = issue()
        secrets = [signing.renew(issued.prefix, now=NOW) for _ in range(2)]
        others = signing.renew(other.prefix, now=NOW)
        issue()
        settings.SEALING_KEYS = ["n" * 32, "o" * 32]

        with django_assert_num_queries(4):
            assert signing.seal_anew() == 2
        settings.SEALING_KEYS = ["n" * 32]

        for number, secret in enumerate(secrets):
            check(issued, secret, webhook_id=str(number))
        check(other, others)

    def test_changes_nothing_if_one_does_not_open(self, issued: keys.Issued, settings: Any) -> None:
        signing.renew(issued.prefix, now=NOW)
        settings.SEALING_KEYS = ["n" * 32]
        signing.renew(issue().prefix, now=NOW)
        before = list(ApiKey.objects.order_by("id").values())

        with pytest.raises(SecretUnreadable):
            signing.seal_anew()

        assert list(ApiKey.objects.order_by("id").values()) == before


class TestTheDatabase:
    @pytest.mark.parametrize(
        "change",
        [
            "previous_signing_secret = 'x'",
            "signing_secret = 'x'",
            "signing_secret_issued_at = now()",
        ],
    )
    def test_holds_the_three_columns_together(self, issued: keys.Issued, change: str) -> None:
        with (
            pytest.raises(IntegrityError, match="ledger_api_key_signing_secret_whole"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE ledger_api_key SET {change}")


class TestCommands:
    def test_renew_withdraw_and_stop(self, issued: keys.Issued) -> None:
        first, second = (said("--renew", issued.prefix) for _ in range(2))
        check(issued, first, webhook_id="a")
        check(issued, second, webhook_id="b")

        assert said("--withdraw-previous", issued.prefix).endswith("secret is withdrawn.")
        assert said("--withdraw-previous", issued.prefix).endswith("There was none.")
        with pytest.raises(SignatureInvalid):
            check(issued, first, webhook_id="c")
        assert said("--stop", issued.prefix).endswith("It may post unsigned now.")
        assert said("--stop", issued.prefix).endswith("There was none.")
        assert not caller(issued).signs

    def test_say_in_a_sentence_what_cannot_be(self, issued: keys.Issued) -> None:
        for _ in range(2):
            said("--renew", issued.prefix)

        with pytest.raises(CommandError, match="withdraw the previous one first"):
            said("--renew", issued.prefix)
        with pytest.raises(CommandError, match="no such key"):
            said("--renew", "nothing")

    def test_seal_anew(self, issued: keys.Issued, settings: Any) -> None:
        settings.SEALING_KEYS = ["o" * 32]
        secret = said("--renew", issued.prefix)
        settings.SEALING_KEYS = ["n" * 32, "o" * 32]
        printed = StringIO()

        call_command("reseal", stdout=printed)

        settings.SEALING_KEYS = ["n" * 32]
        check(issued, secret)
        assert printed.getvalue() == "The signing secrets of 1 keys are sealed anew.\n"
        settings.SEALING_KEYS = ["x" * 32]
        with pytest.raises(CommandError, match="CLEARWATT_SEALING_KEYS lacks"):
            call_command("reseal")


def said(act: str, prefix: str) -> str:
    """Return what the command prints."""
    printed = StringIO()
    call_command("signing_secret", prefix, act, stdout=printed, stderr=StringIO())
    return printed.getvalue().strip()
