"""How names are compared: one spelling key for users' words, source slugs and running text."""

from collections.abc import Iterator

from career_navigator.plain_text import make_plain

# Single bytes: letters to lower case, digits as they are, all else to a space. The first table spares `+`, `#`, `.`.
_LOWER, _FOLD = (
    bytes(
        ord(chr(code).lower()) if code < 128 and (chr(code).isalnum() or chr(code) in spared) else ord(" ")
        for code in range(256)
    )
    for spared in ("+#.", "")
)


def fold(text: str) -> str:
    """Return the text with names made comparable, character for character.

    "Node.js", "node-js" and "NODE/JS" all fold to "node js", while "C++", "C#" and ".NET" keep their marks.
    The result is as long as the text, so positions in it are positions in the text. Anything outside ASCII becomes
    a space; whoever needs to tell a letter from a dash there asks the text.
    """
    # The "replace" handler writes exactly one "?" per character, and working on bytes is some fifty times faster
    # than str.translate on text with a single typographic quote in it. Looking for three rare marks and putting them
    # back is in turn ten times faster than one regular expression that drops all others.
    lower = text.encode("ascii", "replace").translate(_LOWER)
    folded = bytearray(lower.translate(_FOLD))
    for at in _places(lower, b".net"):
        if not lower[at + 4 : at + 5].isalnum():
            folded[at : at + 1] = b"."
    for at in _places(lower, b"++"):
        folded[at : at + 2] = b"++"
    for at in _places(lower, b"#"):
        if lower[at - 1 : at].isalpha():
            folded[at : at + 1] = b"#"
    return folded.decode("ascii")


def _places(text: bytes, mark: bytes) -> Iterator[int]:
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def spelling_key(name: str) -> str:
    """Return the key under which all spellings of a name meet: folded, with single spaces."""
    return " ".join(fold(make_plain(name).text).split())
