"""Make a list's headers once per page with Unfold 0.91, the last release for Python 3.11.

It makes them again for each row, a quarter of what a page of 60 postings takes. Later releases do not
(https://github.com/unfoldadmin/django-unfold/pull/2172), so this module goes with Python 3.11.
"""

import sys
from collections.abc import Iterable
from typing import Any

from unfold.templatetags import unfold_list

if sys.version_info < (3, 12):
    _result_headers = unfold_list.result_headers

    def _get_headers(changelist: Any) -> Iterable[dict[str, Any]]:
        if not hasattr(changelist, "headers_made"):
            changelist.headers_made = list(_result_headers(changelist))
        headers: list[dict[str, Any]] = changelist.headers_made
        return headers

    unfold_list.result_headers = _get_headers
