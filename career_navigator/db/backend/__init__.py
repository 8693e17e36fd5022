"""Django's backend for MongoDB, loaded without a look for GDAL (see `base`)."""
