"""One spelling of a domain name: an international name and its punycode become the same."""

from contextlib import suppress

import idna

DOMAIN_LENGTH_MAX = 253
LABEL_LENGTH_MAX = 63


def domain_to_ascii(domain: str) -> str:
    """A lower-cased domain as DNS and mail servers write it. Text that is not a domain stays unchanged.

    It follows UTS 46, as browsers do. For names that UTS 46 refuses, such as emoji, it follows the older
    rules of the standard library, as Django does when it sends mail.
    """
    if domain.isascii() or _is_too_long(domain):
        return domain
    with suppress(UnicodeError):
        return idna.encode(domain, uts46=True).decode()
    with suppress(UnicodeError):
        return domain.encode("idna").decode()
    return domain


def domain_to_unicode(domain: str) -> str:
    """The domain as people write it. Text that is not punycode stays unchanged."""
    if "xn--" not in domain or _is_too_long(domain):
        return domain
    with suppress(UnicodeError):
        return idna.decode(domain)
    with suppress(UnicodeError):
        return domain.encode().decode("idna")
    return domain


def _is_too_long(domain: str) -> bool:
    """Punycode takes time proportional to the square of a label's length."""
    labels = domain.replace("\N{IDEOGRAPHIC FULL STOP}", ".").split(".")
    return len(domain) > DOMAIN_LENGTH_MAX or max(map(len, labels)) > LABEL_LENGTH_MAX
