"""Build sets of words from text, which keeps long word lists readable. Pure."""


def build_words(text: str, *, separator: str | None = None) -> frozenset[str]:
    """Return the words of a text as a set. Spaces separate words unless another separator is given."""
    return frozenset(text.split(separator))
