"""Tests of what the WSGI application relies on when it disconnects receivers of Django's request signals."""

from typing import Any

from django.core.cache import cache, close_caches
from django.db import close_old_connections, connection


def test_closing_old_connections_keeps_the_mongodb_client(mongo: Any) -> None:
    connection.ensure_connection()
    client = connection.connection
    connection.close_at = 0

    close_old_connections()

    assert connection.connection is client
    assert client.admin.command("ping")["ok"] == 1


def test_closing_caches_keeps_the_redis_client(redis: Any) -> None:
    cache.set("name", "value")
    django_cache: Any = cache
    pool = django_cache._cache.get_client().connection_pool

    close_caches()

    assert django_cache._cache.get_client().connection_pool is pool
    assert cache.get("name") == "value"
