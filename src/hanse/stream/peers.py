"""Who asks: the address of a request, whether it is on the list, and how often it may ask."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from hanse.errors import UsageError
from hanse.limits import LIMITS, Limits

__all__ = ["Address", "Allowance", "Network", "Rates", "address_of", "is_listed", "peer_of", "read_networks"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Whoever has one address of IPv6 usually has all that share its first 64 bits.
SITE_BITS = 64


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks, as `10.0.0.7` or `10.0.0.0/8`.

    Raises:
        UsageError: One cannot be read.
    """
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            raise UsageError(
                f"this is no network: {error}", subject=text, hint="write it as 10.0.0.0/8 or 10.0.0.7"
            ) from None
    return tuple(networks)


def address_of(text: str) -> Address | None:
    """Read an address, one of IPv4 inside IPv6 as the former; None where it is none."""
    try:
        found = ipaddress.ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def is_listed(address: Address | None, networks: Sequence[Network]) -> bool:
    """Tell whether an address is in one of several networks."""
    return address is not None and any(address in network for network in networks)


def peer_of(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> Address | None:
    """Return the address that a request is from.

    That is the peer's, unless the peer is a proxy of the list: then it is the last address of
    `X-Forwarded-For` that is none of them. What stands before that one anybody may have written.

    Args:
        peer: The other end of the connection.
        forwarded: The values of all `X-Forwarded-For` headers, in their order.
        proxies: Whose word about others counts.
    """
    address = address_of(peer)
    named = [part for value in forwarded for part in value.split(",")]
    while named and is_listed(address, proxies):
        address = address_of(named.pop())
    return address


class Allowance:
    """Lets so many pass at once, and is refilled at a steady rate.

    Args:
        burst: How many may pass at once.
        rate: How many are given back a second.
        now: Seconds, on the clock that `take` is told of.
    """

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take one; False, with nothing taken, where there is none left."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rates:
    """How often each address may ask, and all of them together.

    Args:
        limits: `publisher_burst`, `publisher_rate` and `publisher_addresses`, and those for all.
        clock: Seconds, monotonic.
    """

    def __init__(self, limits: Limits = LIMITS, *, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._all = Allowance(limits.publisher_burst_all, limits.publisher_rate_all, clock())
        self._each: OrderedDict[object, Allowance] = OrderedDict()

    def admit(self, address: Address | None) -> bool:
        """Count a request; False where it is one too many."""
        now, limits, key = self._clock(), self._limits, site_of(address)
        allowance = self._each.get(key)
        if allowance is None:
            allowance = self._each[key] = Allowance(limits.publisher_burst, limits.publisher_rate, now)
            if len(self._each) > limits.publisher_addresses:
                self._each.popitem(last=False)
        self._each.move_to_end(key)
        # An address beyond its own rate takes nothing from all the others.
        return allowance.take(now) and self._all.take(now)


def site_of(address: Address | None) -> object:
    """Return what stands for all addresses of one client."""
    if isinstance(address, ipaddress.IPv6Address):
        return int(address) >> SITE_BITS
    return address
