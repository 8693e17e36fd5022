"""Turn plain text and Markdown into the text and links of a resume. Pure."""

import re
from collections.abc import Sequence

from accounts.resumes.files.hyphenation import join_hyphenated

_SOFT_HYPHEN = "\u00ad"
_ZERO_WIDTH = re.compile("[\u200b\u2060\ufeff]")
# Some programs write a dash as a soft hyphen.
_DASH = re.compile(f"(?<=\\s){_SOFT_HYPHEN}(?=\\s)")

# Any of these shows that a text is Markdown.
_MARKDOWN = re.compile(
    r"^ {0,3}#{1,6} +\S|\*\*[^\s*][^*\n]*\*\*|__[^\s_][^_\n]*__|\[[^][\n]+\]\([^()\s]+\)|^```",
    re.MULTILINE,
)
_UNDERLINE = re.compile(r"^(?P<text>[^\n#>|\-*+ ][^\n]*)\n(?P<mark>=+|-{3,}) *$", re.MULTILINE)
_RULE = re.compile(r"^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~).*$", re.MULTILINE)
_QUOTE = re.compile(r"^ {0,3}> ?", re.MULTILINE)
_LIST_MARK = re.compile(r"^(?P<indent> *)[*+] +(?=\S)", re.MULTILINE)
_IMAGE = re.compile(r"!\[[^][\n]*\]\([^()\n]*\)")
_LINK = re.compile(r"\[(?P<text>[^][\n]+)\]\(<?(?P<target>[^()\s<>]+)>?(?: +[\"'][^()\n]*)?\)")
_AUTOLINK = re.compile(r"<(?P<target>(?:https?:|mailto:|tel:)[^\s<>]+|[\w.+'-]{1,64}@[\w.-]{1,250})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>")
_EMPHASES = (
    re.compile(r"(?<!\\)\*\*\*(?P<text>[^\s*](?:[^*\n]*[^\s*])?)\*\*\*"),
    re.compile(r"(?<!\\)\*\*(?P<text>[^\s*](?:[^*\n]*[^\s*])?)\*\*"),
    re.compile(r"(?<![\w\\])__(?P<text>[^\s_](?:[^_\n]|_(?!_))*)__(?!\w)"),
    re.compile(r"(?<![\w\\*])\*(?P<text>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"),
    re.compile(r"(?<![\w\\])_(?P<text>[^\s_](?:[^_\n]*[^\s_])?)_(?!\w)"),
    re.compile(r"~~(?P<text>[^\s~](?:[^~\n]*[^\s~])?)~~"),
    re.compile(r"(?<!`)`(?P<text>[^`\n]+)`(?!`)"),
)
# Markdown allows a backslash before any ASCII punctuation.
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_TABLE_LINE = re.compile(r"^ *\|? *:?-{3,}:? *(?:\| *:?-{3,}:? *)*\|? *$")
_TABLE_ROW = re.compile(r"^ *\|(?P<cells>.*)\| *$")
_CELL_BORDER = re.compile(r"(?<!\\) *\| *")


def read_plain_text(text: str) -> tuple[str, list[str]]:
    """Return the text without Markdown and soft hyphens, and the targets of Markdown links.

    The "#" of headings stays. Line endings must be line feeds.
    """
    text = _ZERO_WIDTH.sub("", _remove_soft_hyphens(text))
    if not _MARKDOWN.search(text):
        return text, []
    return _remove_markdown(text)


def _remove_soft_hyphens(text: str) -> str:
    if _SOFT_HYPHEN not in text:
        return text
    lines = _DASH.sub("-", text).split("\n")
    for number in range(len(lines) - 1):
        joined = join_hyphenated(lines[number].rstrip(), lines[number + 1].lstrip())
        if lines[number].rstrip().endswith(_SOFT_HYPHEN) and joined is not None:
            lines[number], lines[number + 1] = joined
    return "\n".join(lines).replace(_SOFT_HYPHEN, "")


def _remove_markdown(text: str) -> tuple[str, list[str]]:
    links: list[str] = []

    def keep_target(match: re.Match[str]) -> str:
        links.append(match["target"])
        return match.groupdict().get("text") or match["target"].removeprefix("mailto:")

    text = _remove_comments(text)
    text = _UNDERLINE.sub(lambda match: f"{'#' if match['mark'][0] == '=' else '##'} {match['text']}", text)
    text = _LIST_MARK.sub(r"\g<indent>- ", _FENCE.sub("", _RULE.sub("", _QUOTE.sub("", text))))
    text = _AUTOLINK.sub(keep_target, _LINK.sub(keep_target, _IMAGE.sub("", text)))
    for emphasis in _EMPHASES:
        text = emphasis.sub(r"\g<text>", text)
    text = _ESCAPE.sub(r"\1", _TAG.sub("", "\n".join(_join_table_rows(text.split("\n")))))
    return text, links


def _remove_comments(text: str) -> str:
    # A regular expression would search the rest of the text for the end of each comment.
    kept = []
    while (start := text.find("<!--")) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[:start])
        text = text[end + 3 :]
    return "".join([*kept, text])


def _join_table_rows(lines: Sequence[str]) -> list[str]:
    """Separate the cells of each row by tabs, and drop the lines below the heads of tables."""
    result = []
    for line in lines:
        if "|" in line and _TABLE_LINE.match(line):
            continue
        row = _TABLE_ROW.match(line)
        result.append("\t".join(_CELL_BORDER.split(row["cells"].strip())) if row else line)
    return result
