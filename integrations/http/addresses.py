"""Which addresses may be called: public ones with TLS, and the private networks that a connection names; some never."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import SplitResult

from integrations.errors import Misconfigured, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Other addresses in disguise: IPv4 within IPv6 (RFC 4291, 6052, 3056, 4380), which a router may unwrap to a private one.
_DISGUISES = [
    ipaddress.ip_network(text)
    for text in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]


def networks(text: str) -> tuple[Network, ...]:
    """ "10.1.0.0/16, 192.168.7.4" as networks. Raises Misconfigured, naming what is none."""
    found = []
    for part in text.replace(",", " ").split():
        try:
            found.append(ipaddress.ip_network(part))
        except ValueError as error:
            raise Misconfigured(
                f"“{part}” is not a network.", fix="Write it as 10.1.2.0/24 or as one address."
            ) from error
    return tuple(found)


def resolve(url: SplitResult, allowed: Sequence[Network]) -> list[str]:
    """The host's addresses, each of them checked. Raises Misconfigured if one is forbidden, Unavailable if there is none."""
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        fix = "It is tried again by itself; see that the address is written right."
        raise Unavailable(f"The name {host} cannot be found.", fix=fix) from error
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    for text in found:
        _check(host, ipaddress.ip_address(text), url.scheme == "https", allowed)
    return found


def _check(host: str, address: Address, encrypted: bool, allowed: Sequence[Network]) -> None:
    where = host if host == str(address) else f"{host} ({address})"
    if _never(address):
        raise Misconfigured(f"{where} must not be called.", fix="Enter the server's own address.")
    if any(address in network for network in allowed):
        return
    if not address.is_global:
        fix = f"If that is meant, add {address} to the connection's networks."
        raise Misconfigured(f"{where} lies in a private network.", fix=fix)
    if not encrypted:
        fix = f"Use https://, or add {address} to the connection's networks if it is your own."
        raise Misconfigured(f"{where} would be called without encryption.", fix=fix)


def _never(address: Address) -> bool:
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return True
    return address.version == 6 and any(address in network for network in _DISGUISES)
