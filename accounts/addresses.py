"""E-mail addresses, in the one form in which they are stored and compared."""

import idna

from career_navigator.plain_text import normalize_text

# RFC 1035; longer text is no domain and not worth the work of reading it.
MAX_DOMAIN_LENGTH = 253
# Top-level names that are in no public DNS, by RFC 6761, 6762 with its appendix G, 7686, 8375 and 9476 and by ICANN, or
# by which systems call a network without a name: no mail from outside is delivered there.
_LOCAL_DOMAINS = frozenset(
    {
        *("alt", "arpa", "corp", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"),
        *("localhost", "mail", "onion", "private", "test", "workgroup"),
    }
)


def normalize_address(text: str) -> str:
    """Return the address as it is stored: " Ada@MÜNCHEN.example " -> "ada@xn--mnchen-3ya.example".

    NFKC and lower case, without space around it, its domain in A-labels. A domain that is none stays as it is.
    """
    folded = fold_address(text)
    local, at, domain = folded.rpartition("@")
    encoded = _encode_domain(domain)
    return f"{local}{at}{encoded}" if at and encoded is not None else folded


def fold_address(text: str) -> str:
    """Return the address in NFKC and lower case, without space around it: "Ａda@Example.ORG " -> "ada@example.org"."""
    folded = normalize_text("NFKC", text).lower()
    # Lower case can leave characters that compose anew.
    return normalize_text("NFKC", folded).strip()


def list_address_forms(text: str) -> list[str]:
    """Return the forms that an address may be stored in, that which was given first.

    Accounts of releases that stored domains as they were written have another form than the normalized one.
    """
    folded, normalized = fold_address(text), normalize_address(text)
    local, at, domain = normalized.rpartition("@")
    try:
        decoded = f"{local}{at}{idna.decode(domain)}" if len(domain) <= MAX_DOMAIN_LENGTH else normalized
    except idna.IDNAError:
        decoded = normalized
    return list(dict.fromkeys((folded, normalized, decoded)))


def is_public(address: str) -> bool:
    """Return whether the address is at a domain of the public Internet, by its name alone."""
    domain = address.rpartition("@")[2]
    top = domain.rpartition(".")[2]
    is_name = "." in domain and not top.isdigit() and _encode_domain(domain) is not None
    return is_name and top not in _LOCAL_DOMAINS


def _encode_domain(domain: str) -> str | None:
    """Return the domain in A-labels, as IDNA 2008 and UTS 46 have them; None where it is no domain."""
    if not domain or len(domain) > MAX_DOMAIN_LENGTH:
        return None
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return None
