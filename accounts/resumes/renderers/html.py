"""A resume as an HTML page that needs nothing beside it: no script, no font, no picture."""

from base64 import b64encode
from functools import cache
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.resumes.renderers.layout import ResumeLayout


@cache
def get_style() -> SafeString:
    return render_to_string("accounts/resume.css")


@cache
def get_policy() -> str:
    """Return the page's content security policy: nothing is fetched or run, no style but its own applies."""
    digest = b64encode(sha256(get_style().encode()).digest()).decode()
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"


def render_html(page: ResumeLayout) -> bytes:
    """The whole document; the policy is in it as well, for where it is kept."""
    context = {"page": page, "policy": get_policy(), "style": get_style()}
    return render_to_string("accounts/resume.html", context).encode()
