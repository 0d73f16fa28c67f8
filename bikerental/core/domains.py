"""One form of a domain name, in which an IDN and its punycode are the same."""

from contextlib import suppress

import idna

DOMAIN_LENGTH_MAX = 253
LABEL_LENGTH_MAX = 63


def domain_to_ascii(domain: str) -> str:
    """A lower-cased domain as DNS and mail servers have it; what is no domain stays as it is.

    By UTS 46, as browsers do. What that refuses, emoji for one, by the older rules of the standard
    library, as Django does when it sends mail.
    """
    if domain.isascii() or _is_too_long(domain):
        return domain
    with suppress(UnicodeError):
        return idna.encode(domain, uts46=True).decode()
    with suppress(UnicodeError):
        return domain.encode("idna").decode()
    return domain


def domain_to_unicode(domain: str) -> str:
    """The same domain as people write it; what is no punycode stays as it is."""
    if "xn--" not in domain or _is_too_long(domain):
        return domain
    with suppress(UnicodeError):
        return idna.decode(domain)
    with suppress(UnicodeError):
        return domain.encode().decode("idna")
    return domain


def _is_too_long(domain: str) -> bool:
    """Punycode takes time by the square of a label's length."""
    labels = domain.replace("\N{IDEOGRAPHIC FULL STOP}", ".").split(".")
    return len(domain) > DOMAIN_LENGTH_MAX or max(map(len, labels)) > LABEL_LENGTH_MAX
