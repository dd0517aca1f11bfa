"""Which IP addresses an outbound connection may have.

The table is this project's own because `ipaddress.is_global` lets through multicast, site-local
addresses and most IPv6 forms that carry an IPv4 address inside. Sources: the IANA special-purpose
registries (RFC 6890 and its successors), RFC 6052 and 8215 (NAT64), 3056 (6to4), 4380 (Teredo), and the
documentation of the clouds whose metadata services sit on addresses that look ordinary.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal

__all__ = ["Verdict", "classify", "permits"]

Kind = Literal["public", "local", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an address is: for everybody, for origins the operator names, or for nobody.

    `rule` says which range decided, as in `10.0.0.0/8, private (RFC 1918)`.
    """

    kind: Kind
    rule: str


# The first network that contains the address decides, so single hosts stand above their ranges.
IPV4_RULES: Final[tuple[tuple[str, Kind, str], ...]] = (
    ("168.63.129.16/32", "refused", "Azure's platform endpoint"),
    ("100.100.100.200/32", "refused", "Alibaba Cloud's metadata service"),
    ("0.0.0.0/8", "refused", "this network (RFC 791)"),
    ("10.0.0.0/8", "local", "private (RFC 1918)"),
    ("100.64.0.0/10", "local", "shared address space of carriers (RFC 6598)"),
    ("127.0.0.0/8", "local", "loopback (RFC 1122)"),
    ("169.254.0.0/16", "refused", "link-local, where clouds keep their metadata (RFC 3927)"),
    ("172.16.0.0/12", "local", "private (RFC 1918)"),
    ("192.0.0.0/24", "refused", "protocol assignments (RFC 6890)"),
    ("192.0.2.0/24", "refused", "documentation (RFC 5737)"),
    ("192.31.196.0/24", "refused", "AS112 sink (RFC 7535)"),
    ("192.52.193.0/24", "refused", "multicast tunnelling (RFC 7450)"),
    ("192.88.99.0/24", "refused", "6to4 relay (RFC 7526)"),
    ("192.168.0.0/16", "local", "private (RFC 1918)"),
    ("192.175.48.0/24", "refused", "AS112 sink (RFC 7534)"),
    ("198.18.0.0/15", "refused", "benchmarking (RFC 2544)"),
    ("198.51.100.0/24", "refused", "documentation (RFC 5737)"),
    ("203.0.113.0/24", "refused", "documentation (RFC 5737)"),
    ("224.0.0.0/4", "refused", "multicast (RFC 5771)"),
    ("255.255.255.255/32", "refused", "broadcast (RFC 919)"),
    ("240.0.0.0/4", "refused", "reserved (RFC 1112)"),
)

IPV6_RULES: Final[tuple[tuple[str, Kind, str], ...]] = (
    ("fd00:ec2::/32", "refused", "Amazon's metadata and name services"),
    ("fd20:ce::254/128", "refused", "Google Cloud's metadata service"),
    ("::/128", "refused", "the unspecified address (RFC 4291)"),
    ("::1/128", "local", "loopback (RFC 4291)"),
    ("::ffff:0:0/96", "refused", "an IPv4 address, mapped (RFC 4291)"),
    ("::ffff:0:0:0/96", "refused", "an IPv4 address, translated (RFC 2765)"),
    ("::/96", "refused", "an IPv4 address, compatible form (RFC 4291)"),
    ("64:ff9b:1::/48", "refused", "local NAT64 (RFC 8215)"),
    ("100::/64", "refused", "discarded (RFC 6666)"),
    ("100:0:0:1::/64", "refused", "dummy prefix (RFC 9780)"),
    ("2001::/32", "refused", "Teredo, which carries an IPv4 address (RFC 4380)"),
    ("2001::/23", "refused", "protocol assignments (RFC 2928)"),
    ("2001:db8::/32", "refused", "documentation (RFC 3849)"),
    ("2002::/16", "refused", "6to4, which carries an IPv4 address (RFC 3056)"),
    ("2620:4f:8000::/48", "refused", "AS112 sink (RFC 7534)"),
    ("3fff::/20", "refused", "documentation (RFC 9637)"),
    ("2000::/3", "public", "global unicast (RFC 4291)"),
    ("fc00::/7", "local", "unique local (RFC 4193)"),
    ("fe80::/10", "refused", "link-local (RFC 4291)"),
    ("fec0::/10", "refused", "site-local (RFC 3879)"),
    ("ff00::/8", "refused", "multicast (RFC 4291)"),
    ("::/0", "refused", "outside global unicast (RFC 4291)"),
)

IPV4: Final = tuple((IPv4Network(net), kind, f"{net}, {name}") for net, kind, name in IPV4_RULES)
IPV6: Final = tuple((IPv6Network(net), kind, f"{net}, {name}") for net, kind, name in IPV6_RULES)
NAT64: Final = ip_network("64:ff9b::/96")
PUBLIC_IPV4: Final = Verdict("public", "global unicast")


def classify(address: str) -> Verdict:
    """Say what an address is, in the notation resolvers and URLs use (IPv6 without brackets).

    What is not an address in plain notation, or names an interface (`fe80::1%eth0`), is refused.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return Verdict("refused", "not an IP address")
    return classify_ipv4(parsed) if isinstance(parsed, IPv4Address) else classify_ipv6(parsed)


def permits(verdict: Verdict, *, local: bool) -> bool:
    """Tell whether a connection may be made: to a public address, or to a local one where `local` is set."""
    return verdict.kind == "public" or (local and verdict.kind == "local")


def classify_ipv4(address: IPv4Address) -> Verdict:
    """Look an IPv4 address up; what no rule names is public."""
    for network, kind, rule in IPV4:
        if address in network:
            return Verdict(kind, rule)
    return PUBLIC_IPV4


def classify_ipv6(address: IPv6Address) -> Verdict:
    """Look an IPv6 address up; only global unicast without an IPv4 address inside is public."""
    if address.scope_id is not None:
        return Verdict("refused", "it names a network interface")
    if address in NAT64:
        return classify_nat64(IPv4Address(int(address) & 0xFFFF_FFFF))
    network_rules = (Verdict(kind, rule) for network, kind, rule in IPV6 if address in network)
    return next(network_rules)


def classify_nat64(inside: IPv4Address) -> Verdict:
    """Refuse what NAT64 translates to anything but a public address.

    On networks with IPv6 only, every IPv4 site has such an address, so an operator may name origins
    there; for everybody else the prefix is closed, since who runs the translator is not known.
    """
    verdict = classify_ipv4(inside)
    kind: Kind = "local" if verdict.kind == "public" else "refused"
    return Verdict(kind, f"64:ff9b::/96, NAT64 (RFC 6052) of {inside}: {verdict.rule}")
