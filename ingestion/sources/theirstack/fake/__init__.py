"""A local HTTP server that implements TheirStack's API, for tests, demonstrations and development."""
