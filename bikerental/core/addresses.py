"""Who shares an address, wherever addresses are counted."""

from ipaddress import IPv6Address, ip_address


def household(address: str) -> str:
    """IPv6 by its /64: whoever has one address of it has them all. An IPv4 address in any spelling is itself.

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
