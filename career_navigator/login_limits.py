"""How often logins to an account may fail: those of the API, and those of the staff, each for themselves.

Tries from everywhere count together, else many addresses could guess at one account. An address that has logged in to
the account before has a count of its own, so that nobody who guesses elsewhere locks its owner out.
"""

import hashlib
from dataclasses import dataclass

from career_navigator.quick_redis import ask
from career_navigator.throttles import Receipt, Spending, spend

# An address is remembered for this long after its last login.
_KNOWN_TTL = 90 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """A login to `account` from `address`. `limits` is the prefix of two limits, `<limits>_account` and `_address`."""

    limits: str
    account: str
    address: str

    def count(self) -> "tuple[Receipt, Receipt]":
        """Count the attempt, and return what gives it back. Raises Throttled.

        It also counts under `logins_address` and `logins_account`, which are higher and never given back: a right
        password takes as long to check.
        """
        # The address first: one that is used up does not use up the accounts that it names.
        spend(Spending(limit="logins_address", name=f"{self.limits} {self.address}"))
        by_address = spend(Spending(limit=f"{self.limits}_address", name=self.address))
        found = ask(("EXISTS", self._known_key))
        is_known = found is not None and bool(found[0])
        name = f"{self.account} {self.address}" if is_known else self.account
        spend(Spending(limit="logins_account", name=f"{self.limits} {name}"))
        return by_address, spend(Spending(limit=f"{self.limits}_account", name=name))

    def remember_address(self) -> None:
        """Give the address a count of its own from now on, after a login that succeeded."""
        ask(("SET", self._known_key, b"1", "EX", _KNOWN_TTL))

    @property
    def _known_key(self) -> str:
        # A hash: no e-mail address is in Redis.
        name = f"{self.account} {self.address}"
        return f"known-login:{self.limits}:{hashlib.blake2b(name.encode(), digest_size=12).hexdigest()}"
