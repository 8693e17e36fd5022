"""Django's MongoDB backend, loaded without GeoDjango's search for GDAL (see `base`)."""
