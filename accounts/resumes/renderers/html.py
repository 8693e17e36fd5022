"""Render a resume as a self-contained HTML page without scripts, web fonts or images."""

from base64 import b64encode
from functools import cache
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.resumes.renderers.layout import ResumeLayout


@cache
def get_style() -> SafeString:
    """Return the page's style sheet, which is embedded in the page."""
    return render_to_string("accounts/resume.css")


@cache
def get_policy() -> str:
    """Return the page's content security policy. It blocks all requests, scripts and foreign styles."""
    digest = b64encode(sha256(get_style().encode()).digest()).decode()
    return f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{digest}'"


def render_html(layout: ResumeLayout) -> bytes:
    """Return the page. It includes the policy, so that the policy also applies to saved copies."""
    context = {"layout": layout, "policy": get_policy(), "style": get_style()}
    return render_to_string("accounts/resume.html", context).encode()
