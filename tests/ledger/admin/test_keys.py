"""Keys at the operators' site: issued and shown once, revoked after a question."""

import pytest
from django.urls import reverse

from ledger.parties import keys
from ledger.parties.models import ApiKey
from tests import callers, operators
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ISSUE = "/admin/ledger/apikey/issue/"
LIST = "/admin/ledger/apikey/"


@pytest.fixture(autouse=True)
def _acme() -> None:
    callers.party("acme")


class TestIssuing:
    def test_shows_the_key_once_and_it_works(self) -> None:
        client = operators.operator()

        answer = client.post(ISSUE, {"party": "acme", "name": "gateway", "scopes": ["books:read"]})
        token = answer.context["issued"].token

        assert token in operators.text(answer)
        assert "no-store" in answer["Cache-Control"]
        caller = keys.authenticate(token, now=NOW)
        assert caller.party_code == "acme"
        assert caller.scopes == {"books:read"}
        assert caller.user_id is None
        secret = token.rpartition("_")[2]
        for address in (LIST, ISSUE, f"{LIST}{ApiKey.objects.get().pk}/change/"):
            assert secret not in client.get(address).content.decode()

    def test_gives_a_key_to_nobody_else_than_who_asks(self) -> None:
        callers.user("checker")

        operators.operator().post(
            ISSUE,
            {
                "party": "acme",
                "name": "mine",
                "scopes": ["settlements:approve"],
                "in_my_name": "on",
                "user": "checker",
            },
        )

        key = ApiKey.objects.select_related("user").get()
        assert key.user is not None
        assert key.user.get_username() == "operator"

    def test_lets_a_key_expire_at_the_end_of_its_last_day(self) -> None:
        operators.operator().post(
            ISSUE,
            {"party": "acme", "name": "x", "scopes": ["books:read"], "last_day": "2026-12-31"},
        )

        expires_at = ApiKey.objects.get().expires_at
        assert expires_at is not None
        assert expires_at.isoformat() == "2026-12-31T23:59:59.999999+00:00"

    def test_binds_a_key_to_sources_networks_and_a_limit(self) -> None:
        client = operators.operator()
        said = {
            "party": "acme",
            "name": "gateway",
            "scopes": ["books:read"],
            "sources": "urn:gateway:1\r\n urn:gateway two \r\n",
            "networks": "192.0.2.0/24\r\n2001:db8::/32",
            "requests_per_minute": "1200",
        }

        client.post(ISSUE, said)

        key = ApiKey.objects.get()
        assert key.sources == ["urn:gateway two", "urn:gateway:1"]
        assert key.networks == ["192.0.2.0/24", "2001:db8::/32"]
        assert key.requests_per_minute == 1_200
        page = operators.text(client.get(LIST))
        for bound in (*key.sources, "from 192.0.2.0/24", "1,200 requests a minute"):
            assert bound in page

    @pytest.mark.parametrize(
        ("said", "complaint"),
        [
            ({"scopes": ["events:write"]}, "events:write is for providers, and acme is a consumer"),
            ({"networks": "192.0.2.7/24"}, "network must be a network such as"),
            ({"requests_per_minute": "0"}, "greater than or equal to 1"),
        ],
    )
    def test_says_what_cannot_be(self, said: dict[str, object], complaint: str) -> None:
        good = {"party": "acme", "name": "x", "scopes": ["books:read"]}

        answer = operators.operator().post(ISSUE, good | said)

        assert complaint in operators.text(answer)
        assert ApiKey.objects.count() == 0

    @pytest.mark.parametrize(
        "said",
        [
            {"party": "nobody", "name": "x", "scopes": ["books:read"]},
            {"party": "acme", "name": "x", "scopes": ["everything"]},
            {"party": "acme", "name": "x"},
            {"party": "acme", "scopes": ["books:read"]},
        ],
    )
    def test_asks_again_when_something_is_missing(self, said: dict[str, object]) -> None:
        answer = operators.operator().post(ISSUE, said)

        assert answer.status_code == 200
        assert answer.context["issued"] is None
        assert ApiKey.objects.count() == 0

    def test_takes_a_permission_of_its_own(self) -> None:
        viewer = operators.signed_in(operators.person("viewer", "ledger.view_apikey"))

        refused = viewer.post(ISSUE, {"party": "acme", "name": "x", "scopes": ["books:read"]})

        assert refused.status_code == 403
        assert ApiKey.objects.count() == 0
        assert "Issue a key" not in operators.text(viewer.get(LIST))


class TestSigning:
    @pytest.fixture
    def prefix(self) -> str:
        return keys.issue(party="acme", scopes=["books:read"], name="gateway", now=NOW).prefix

    def test_is_asked_of_a_key_when_it_is_issued(self) -> None:
        client = operators.operator()
        said = {"party": "acme", "name": "x", "scopes": ["books:read"], "signs": "on"}

        answer = client.post(ISSUE, said)

        issued = answer.context["issued"]
        assert issued.signing_secret in operators.text(answer)
        assert keys.authenticate(issued.token, now=NOW).signs
        page = client.get(LIST)
        assert "signed" in operators.text(page)
        assert issued.signing_secret not in page.content.decode()

    def test_is_begun_renewed_and_stopped_on_its_page(self, prefix: str) -> None:
        client = operators.operator()
        address = operators.link(client.get(LIST), "Signing")

        first = client.post(address, {"act": "renew"})
        second = client.post(address, {"act": "renew"})
        secrets = [answer.context["secret"] for answer in (first, second)]
        assert all(secret.startswith("whsec_") for secret in secrets)
        assert secrets[0] in operators.text(first)
        assert "The one before is valid until you withdraw it." in operators.text(second)
        assert "no-store" in second["Cache-Control"]

        page = client.get(address)
        assert "the one before is valid, too" in operators.text(page)
        assert not any(secret in page.content.decode() for secret in secrets)
        assert "has two signing secrets" in operators.text(client.post(address, {"act": "renew"}))

        client.post(address, {"act": "withdraw"})
        assert ApiKey.objects.get().previous_signing_secret is None
        client.post(address, {"act": "stop"})
        assert ApiKey.objects.get().signing_secret is None
        assert "posts unsigned" in operators.text(client.get(address))

    def test_takes_the_permissions_to_issue_and_to_revoke(self, prefix: str) -> None:
        address = reverse("admin:ledger_apikey_signing", args=[prefix])
        issuer = operators.signed_in(
            operators.person("issuer", "ledger.view_apikey", "ledger.add_apikey")
        )
        revoker = operators.signed_in(
            operators.person("revoker", "ledger.view_apikey", "ledger.change_apikey")
        )

        assert revoker.post(address, {"act": "renew"}).status_code == 403
        assert issuer.post(address, {"act": "renew"}).status_code == 200
        assert issuer.post(address, {"act": "stop"}).status_code == 403
        assert ApiKey.objects.get().signing_secret is not None
        assert revoker.post(address, {"act": "stop"}).status_code == 200
        assert ApiKey.objects.get().signing_secret is None

    def test_is_not_for_a_key_that_is_revoked_or_unknown(self, prefix: str) -> None:
        client = operators.operator()
        keys.revoke(prefix, now=NOW)

        for one in (prefix, "unknown"):
            address = reverse("admin:ledger_apikey_signing", args=[one])
            answer = client.post(address, {"act": "renew"}, follow=True)
            assert "There is no API key" in operators.text(answer)
        assert ApiKey.objects.get().signing_secret is None


class TestRevoking:
    def address(self) -> str:
        keys.issue(party="acme", scopes=["books:read"], name="gateway", now=NOW)
        return reverse("admin:ledger_apikey_revoke", args=[ApiKey.objects.get().prefix])

    def test_asks_first(self) -> None:
        address = self.address()
        client = operators.operator()

        answer = client.get(operators.link(client.get(LIST), "Revoke"))

        assert answer.request["PATH_INFO"] == address
        assert "cannot be undone" in operators.text(answer)
        assert ApiKey.objects.get().revoked_at is None

    def test_is_for_ever(self) -> None:
        address = self.address()
        client = operators.operator()

        client.post(address)
        revoked_at = ApiKey.objects.get().revoked_at
        again = client.post(address, follow=True)

        assert revoked_at is not None
        assert ApiKey.objects.get().revoked_at == revoked_at
        assert "was revoked before" in operators.text(again)

    def test_says_that_there_is_no_such_key(self) -> None:
        client = operators.operator()
        address = reverse("admin:ledger_apikey_revoke", args=["unknown"])

        assert "no such key" in operators.text(client.post(address, follow=True))
        assert "There is no API key" in operators.text(client.get(address, follow=True))

    def test_takes_a_permission_of_its_own(self) -> None:
        address = self.address()
        viewer = operators.signed_in(operators.person("viewer", "ledger.view_apikey"))

        assert viewer.post(address).status_code == 403
        assert ApiKey.objects.get().revoked_at is None


class TestPeople:
    def test_are_not_deleted(self) -> None:
        someone = operators.person("someone")

        answer = operators.operator().post(
            reverse("admin:auth_user_delete", args=[someone.pk]), {"post": "yes"}
        )

        assert answer.status_code == 403
        someone.refresh_from_db()
