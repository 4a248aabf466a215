"""Whose address counts: the nearest that no trusted proxy wrote about itself."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.parties import networks

PROXIES = ["10.0.0.0/8", "2001:db8:1::/48"]
OURS = ip_address("192.0.2.7")


def client(
    remote: str = "10.0.0.1", forwarded_for: str = "", *trusted: str
) -> networks.Address | None:
    return networks.client(
        remote=remote, forwarded_for=forwarded_for, trusted=list(trusted) or PROXIES
    )


class TestClient:
    def test_is_who_connects_where_nobody_is_trusted(self) -> None:
        assert networks.client(remote="192.0.2.7", forwarded_for="6.6.6.6", trusted=[]) == OURS

    def test_is_who_connects_if_that_is_no_trusted_proxy(self) -> None:
        assert client("192.0.2.7", "6.6.6.6") == OURS

    @pytest.mark.parametrize(
        "forwarded_for",
        [
            "192.0.2.7",
            " 192.0.2.7 ",
            "192.0.2.7:4711",
            "[::ffff:192.0.2.7]:4711",
            "::ffff:192.0.2.7",
            "6.6.6.6, 192.0.2.7",
            "made up, 192.0.2.7",
            "6.6.6.6,192.0.2.7,10.0.0.2,[2001:db8:1::5]",
        ],
    )
    def test_is_the_rightmost_that_is_no_trusted_proxy(self, forwarded_for: str) -> None:
        assert client("10.0.0.1", forwarded_for) == OURS

    def test_may_have_an_ipv6_address(self) -> None:
        assert client("10.0.0.1", "2001:db8:2::7") == IPv6Address("2001:db8:2::7")
        assert client("fe80::1%eth0") == IPv6Address("fe80::1")

    def test_is_the_proxy_itself_when_it_speaks_for_nobody(self) -> None:
        assert client("10.0.0.1", "") == IPv4Address("10.0.0.1")
        assert client("10.0.0.1", "10.9.9.9, 10.0.0.2") == IPv4Address("10.9.9.9")

    @pytest.mark.parametrize(
        "forwarded_for", ["unknown", "192.0.2.7, unknown", "192.0.2.7,", "_hidden", "300.1.1.1"]
    )
    def test_is_not_known_where_the_nearest_word_is_no_address(self, forwarded_for: str) -> None:
        assert client("10.0.0.1", forwarded_for) is None

    def test_is_told_through_a_unix_socket_only_where_that_is_trusted(self) -> None:
        assert networks.client(remote="", forwarded_for="192.0.2.7", trusted=["unix"]) == OURS
        assert networks.client(remote="", forwarded_for="", trusted=["unix"]) is None
        assert networks.client(remote="", forwarded_for="192.0.2.7", trusted=PROXIES) is None
        assert networks.client(remote="?", forwarded_for="192.0.2.7", trusted=["unix"]) is None

    @given(
        made_up=st.lists(st.one_of(st.text(), st.ip_addresses().map(str)), max_size=4),
        client_at=st.ip_addresses().filter(
            lambda one: (
                not networks.within(one, map(networks.network, PROXIES))
                and getattr(one, "ipv4_mapped", None) is None
            )
        ),
        proxies=st.lists(st.sampled_from(["10.0.0.9", "10.1.2.3", "2001:db8:1::9"]), max_size=3),
    )
    def test_cannot_be_made_up_by_whoever_is_behind_the_proxies(
        self, made_up: list[str], client_at: networks.Address, proxies: list[str]
    ) -> None:
        header = ",".join([*made_up, str(client_at), *proxies])

        assert client("10.0.0.1", header) == client_at


class TestWithin:
    @pytest.mark.parametrize(
        ("address", "expected"),
        [("192.0.2.0", True), ("192.0.2.255", True), ("192.0.3.0", False), ("::1", False)],
    )
    def test_knows_both_ends_of_a_network(self, address: str, expected: bool) -> None:
        allowed = [networks.network("192.0.2.0/24"), networks.network("2001:db8::/32")]

        assert networks.within(ip_address(address), allowed) is expected

    def test_is_never_so_for_an_address_that_is_not_known(self) -> None:
        assert not networks.within(None, [networks.network("0.0.0.0/0"), networks.network("::/0")])

    def test_is_so_for_every_address_of_its_own_kind_in_the_widest_network(self) -> None:
        assert networks.within(IPv6Address("::7"), [networks.network("::/0")])
        assert not networks.within(IPv6Address("::7"), [networks.network("0.0.0.0/0")])
