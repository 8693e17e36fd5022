"""Logging with request and task ids, and metrics for Prometheus."""
