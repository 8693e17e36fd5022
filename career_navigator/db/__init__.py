"""MongoDB: connection, indexes, text search, seeding, migrations of data and of Django's own tables."""
