"""Show how the service is: log lines with ids, metrics for Prometheus."""
