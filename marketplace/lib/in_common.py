"""What the processes of a site have in common: in Redis, or in memory where there is only one."""

from __future__ import annotations

from typing import Any


def cache(redis: str | None) -> dict[str, Any]:
    """An entry of Django's CACHES."""
    if redis is None:
        return {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # beyond them counts would be forgotten
        }
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis,
        "KEY_PREFIX": "agorithm",
    }


def channel_layer(redis: str | None) -> dict[str, Any]:
    """An entry of Channels' CHANNEL_LAYERS."""
    if redis is None:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    return {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [redis]}}
