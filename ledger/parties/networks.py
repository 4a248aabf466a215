"""From where a request comes, and whether a key is accepted from there. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNIX_SOCKET: Final = "unix"
"""Names the proxy that speaks to us through a socket in the file system, and so has no address."""


def network(text: str) -> Network:
    """Read a network in CIDR notation, or a single address.

    :raises ValueError: if it is none, or names a machine within a network.

    >>> network("2001:db8::/32"), network("192.0.2.7")
    (IPv6Network('2001:db8::/32'), IPv4Network('192.0.2.7/32'))
    """
    return ip_network(text.strip())


def within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Return whether an address lies in one of the networks; one that is not known never does.

    >>> within(ip_address("192.0.2.7"), [network("192.0.2.0/24")])
    True
    """
    return address is not None and any(address in one for one in networks)


def client(*, remote: str, forwarded_for: str, trusted: Sequence[str]) -> Address | None:
    """Return who sent a request; None if nobody who is trusted says so.

    `remote` is the address of the other end of the connection, empty for a unix socket.
    `forwarded_for` is the header X-Forwarded-For, to which each proxy adds whom it was asked by on
    the right. It is believed as far as those who wrote it are trusted: from the right, the first
    address that is no trusted proxy. Whatever stands left of it anybody may have made up.

    >>> client(remote="10.0.0.1", forwarded_for="6.6.6.6, 192.0.2.7", trusted=["10.0.0.0/8"])
    IPv4Address('192.0.2.7')
    """
    proxies = _proxies(tuple(trusted))
    nearest = _address(remote)
    if nearest is None:
        if remote or UNIX_SOCKET not in trusted:
            return None
    elif not within(nearest, proxies):
        return nearest
    for one in reversed(forwarded_for.split(",") if forwarded_for.strip() else []):
        nearest = _address(one)
        if nearest is None or not within(nearest, proxies):
            return nearest
    return nearest


@lru_cache(maxsize=8)
def _proxies(trusted: tuple[str, ...]) -> list[Network]:
    return [network(one) for one in trusted if one != UNIX_SOCKET]


def _address(text: str) -> Address | None:
    """Read an address, with or without a port; IPv4 within IPv6 is IPv4.

    >>> _address("[::ffff:192.0.2.7]:4711"), _address(" 192.0.2.7:80"), _address("unknown")
    (IPv4Address('192.0.2.7'), IPv4Address('192.0.2.7'), None)
    """
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
