"""Load django_mongodb_backend without GeoDjango's look for GDAL, which nothing here uses.

GeoDjango cannot be told that there is none (https://github.com/django/new-features/issues/42). While the backend is
loaded it looks three times under twelve names, and each look starts compilers and linkers where there are some: half a
second of processor for every process that starts.
"""

import ctypes.util

_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if name.lower().startswith("gdal") else _find_library(name)
try:
    from django_mongodb_backend.base import DatabaseWrapper
finally:
    ctypes.util.find_library = _find_library

__all__ = ["DatabaseWrapper"]
