"""A resume as an HTML page that needs nothing beside it: no script, no font, no picture."""

from base64 import b64encode
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.resumes.renderings.page import Page

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f3f4f6; color: #1f2933; font: 15px/1.5 "Fira Sans", "Segoe UI", Roboto, sans-serif; }
main { max-width: 50rem; margin: 2rem auto; padding: 3rem 3.5rem; background: #fff; overflow-wrap: anywhere; }
h1, h2, h3, p, ul { margin: 0; }
h1 { font-size: 2.1rem; font-weight: 600; line-height: 1.15; color: #111827; }
.label { margin-top: .25rem; font-size: 1.15rem; color: #1d4f73; }
.contact { margin-top: .6rem; padding: 0; list-style: none; font-size: .9rem; color: #52606d; }
.contact li { display: inline-block; }
.contact li:not(:last-child)::after { content: "·"; margin: 0 .5rem; color: #9aa5b1; }
a { color: inherit; text-decoration-color: #9aa5b1; text-underline-offset: .15em; }
.summary { margin-top: 1.1rem; }
.summary p + p, .entry p + p { margin-top: .4rem; }
h2 {
  margin: 1.7rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid #cbd2d9;
  font-size: .85rem; font-weight: 600; letter-spacing: .08em; text-transform: uppercase; color: #1d4f73;
}
.entry { margin-top: .9rem; break-inside: avoid; }
h2 + .entry { margin-top: 0; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1.5rem; }
h3 { font-size: 1rem; font-weight: 600; color: #111827; }
.dates { font-size: .9rem; color: #52606d; }
.keywords { font-size: .9rem; color: #1d4f73; }
.facts { font-size: .93rem; color: #52606d; }
ul.points { margin-top: .25rem; padding-inline-start: 1.15rem; }
@media (max-width: 40rem) { main { margin: 0; padding: 1.5rem; } }
@media print {
  @page { margin: 18mm; }
  body { background: none; font-size: 10.5pt; }
  main { max-width: none; margin: 0; padding: 0; }
}
"""
# Nothing may be fetched or run, and no style but the page's own applies; the page says so itself where it is kept.
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'"
)


def write_html(page: Page) -> bytes:
    """The whole document."""
    context = {"page": page, "policy": POLICY, "style": SafeString(_STYLE)}
    return render_to_string("accounts/resume.html", context).encode()
