"""Caches, and the fail-fast Redis client they use.

`versioned` caches values in each process, `user` caches user data in Redis, and `responses` caches whole responses in
each web process.
"""


def reset_caches() -> None:
    """Clear the caches of this process and reconnect to Redis, for tests and benchmarks."""
    from career_navigator.cache import client, responses, versioned  # noqa: PLC0415 - they import this package

    client.reset()
    responses.clear()
    versioned.clear()
