"""MongoDB: connection, indexes, seeding, text search, backups, data migrations and the migrations of Django's apps."""
