"""The network of a client, for everything that counts requests by address."""

from ipaddress import IPv6Address, ip_address


def client_network(address: str) -> str:
    """An IPv4 address as it is, an IPv6 address as its /64 network: one client can use every address of that.

    Some proxies add the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`.
    """
    bare = address
    if address.startswith("["):
        bare = address[1:].partition("]")[0]
    elif address.count(":") == 1:
        bare = address.partition(":")[0]
    try:
        parsed = ip_address(bare)
    except ValueError:  # a socket without addresses
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> 64:x}::/64"
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
