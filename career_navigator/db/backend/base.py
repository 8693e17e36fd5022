"""Load django_mongodb_backend without GeoDjango's search for the GDAL library, which this project does not use.

GeoDjango has no setting to disable the search (https://github.com/django/new-features/issues/42). It looks for the
library three times under twelve names while the backend loads, and each lookup runs a compiler or linker if one is
installed. This costs every process half a second of CPU time on startup.
"""

import ctypes.util

_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None if name.lower().startswith("gdal") else _find_library(name)
try:
    from django_mongodb_backend.base import DatabaseWrapper
finally:
    ctypes.util.find_library = _find_library

__all__ = ["DatabaseWrapper"]
