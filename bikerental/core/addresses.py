"""Who shares an address, wherever addresses are counted."""

from ipaddress import IPv6Address, ip_address


def household(address: str) -> str:
    """IPv6 by its /64: whoever has one address of it has them all. An IPv4 address in any spelling is itself."""
    try:
        parsed = ip_address(address)
    except ValueError:  # a socket without addresses
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return f"{int(parsed) >> 64:x}::/64"
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
