"""What is cached, and the Redis client that caching needs.

`versioned` is in the process, `user` in Redis, `responses` in the web process. Words: key, version, TTL, invalidate.
"""


def reset_caches() -> None:
    """Drop all that this process holds, and connect to Redis again: for tests and benchmarks."""
    from career_navigator.cache import client, responses, versioned

    client.reset()
    responses.clear()
    versioned.clear()
