"""Join the glyphs of a page to words and segments: pieces of a line without a wide gap. Pure."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from accounts.resumes.files.glyphs import Box, Glyph

BULLET = "•"
_BULLETS = frozenset("•◦▪▫■□●○◆◇►▶▸▹➢➤➔➜✓✔✦★⁃∙‣·❖⦿⚫◼◾")
# All distances are in em, the font size.
_BASELINE_TOLERANCE = 0.2
_WIDE_GAP = 1.2
_MAX_BULLET_GAP = 3.0
# A narrower gap separates two columns if this many other lines begin exactly after it.
_COLUMN_GAP = 0.5
_MIN_EDGE_LINES = 2
_WORD_GAP = 0.14
# Justified text and kerning leave up to this between letters in files that have real spaces.
_WORD_GAP_BESIDE_SPACES = 0.25
_MIN_TRACKING = 0.05
_MIN_SPACE_SHARE = 0.03
# Two glyphs this close are one letter, painted twice to look bold.
_SAME_PLACE = 0.1
_MAX_RAISE, _MAX_DROP = 0.55, 0.3
_SMALL = 0.85
_MAX_DOT = 0.55
_MAX_DOT_DISTANCE = 2.5
_MIN_SPACED_LETTERS = 4
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


@dataclass(slots=True)
class Segment:
    """A piece of a line. `baseline` grows downwards. Lengths are in points, and `size` is the font size."""

    text: str
    left: float
    right: float
    baseline: float
    size: float
    bold: bool


def build_segments(glyphs: Sequence[Glyph], dots: Iterable[Box]) -> list[Segment]:
    """Return the segments of one page from top to bottom and from left to right.

    `dots` are small filled shapes. A dot before a line is a bullet.
    """
    spaces = sum(glyph.text.isspace() for glyph in glyphs)
    word_gap = _WORD_GAP_BESIDE_SPACES if spaces > _MIN_SPACE_SHARE * len(glyphs) else _WORD_GAP
    _lower_superscripts(glyphs)
    pieces = [piece for row in _group_by_baseline(glyphs) for piece in _split_at_wide_gaps(row)]
    edges = Counter(round(piece[0].left) for piece in pieces)
    built = [_build_segment(part, word_gap) for piece in pieces for part in _split_at_column_edges(piece, edges)]
    segments = [segment for segment in built if segment is not None]
    _attach_dots(segments, dots)
    return segments


def _lower_superscripts(glyphs: Iterable[Glyph]) -> None:
    """Move raised and lowered small glyphs, as in "1st", to the baseline of the glyph painted before them."""
    host: Glyph | None = None
    right = 0.0
    for glyph in glyphs:
        if glyph.text.isspace():
            continue
        if (
            host is not None
            and glyph.size < _SMALL * host.size
            and -_MAX_DROP * host.size < host.baseline - glyph.baseline < _MAX_RAISE * host.size
            and abs(glyph.left - right) < 0.3 * host.size
        ):
            glyph.baseline = host.baseline
        else:
            host = glyph
        right = glyph.right


def _group_by_baseline(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Yield the glyphs of each row from left to right. Glyphs at the same place stay in paint order."""
    row: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda glyph: glyph.baseline):
        if row and glyph.baseline - row[0].baseline > _BASELINE_TOLERANCE * min(glyph.size, row[0].size):
            yield sorted(row, key=lambda glyph: glyph.left)
            row = []
        row.append(glyph)
    if row:
        yield sorted(row, key=lambda glyph: glyph.left)


def _split_at_wide_gaps(row: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Yield the pieces of a row, and drop glyphs painted twice."""
    piece: list[Glyph] = []
    last: Glyph | None = None
    right = 0.0
    for glyph in row:
        if glyph.text.isspace():
            if piece:
                piece.append(glyph)
            continue
        if last is not None:
            if _is_painted_twice(last, glyph):
                continue
            if _is_wide_gap(piece, (glyph.left - right) / max(glyph.size, last.size)):
                yield piece
                piece = []
        right = max(right, glyph.right) if piece else glyph.right
        piece.append(glyph)
        last = glyph
    if last is not None:
        yield piece


def _is_wide_gap(piece: Sequence[Glyph], gap: float) -> bool:
    """Return whether a gap, in em, ends a piece. Gaps are wider after a bullet and in letter-spaced text."""
    if gap <= _WIDE_GAP:
        return False
    if _is_lone_bullet(piece):
        return gap > _MAX_BULLET_GAP
    return gap > _WIDE_GAP + _measure_tracking(piece) / piece[0].size


def _split_at_column_edges(piece: Sequence[Glyph], edges: Mapping[int, int]) -> Iterator[list[Glyph]]:
    """Split a piece where text comes close to a column: at a gap before a place where other lines begin."""
    part: list[Glyph] = []
    right = math.inf
    for glyph in piece:
        if not glyph.text.isspace():
            is_gap = glyph.left - right > _COLUMN_GAP * glyph.size
            if is_gap and edges.get(round(glyph.left), 0) >= _MIN_EDGE_LINES and not _is_lone_bullet(part):
                yield part
                part = []
            right = glyph.right
        part.append(glyph)
    yield part


def _is_painted_twice(last: Glyph, glyph: Glyph) -> bool:
    # The characters of a ligature have the same place, and may be equal.
    return last.text == glyph.text and 0 < glyph.left - last.left < _SAME_PLACE * glyph.size


def _is_lone_bullet(piece: Iterable[Glyph]) -> bool:
    visible = [glyph for glyph in piece if not glyph.text.isspace()]
    return len(visible) == 1 and _is_bullet(visible[0])


def _is_bullet(glyph: Glyph) -> bool:
    return glyph.text in _BULLETS or glyph.text == "\ufffd" or glyph.is_symbol or _is_private(glyph.text)


def _is_private(text: str) -> bool:
    return unicodedata.category(text) == "Co"


def _measure_tracking(piece: Sequence[Glyph]) -> float:
    """Return the distance between the letters of letter-spaced text, or 0 for other text."""
    gaps = [
        glyph.left - previous.right
        for previous, glyph in pairwise(piece)
        if not (glyph.text.isspace() or previous.text.isspace()) and glyph.left > previous.left
    ]
    if len(gaps) < 3:
        return 0.0
    tracking = median(gaps)
    return tracking if tracking > _MIN_TRACKING * piece[0].size else 0.0


def _build_segment(piece: Sequence[Glyph], word_gap: float) -> Segment | None:
    words = _split_words(piece, word_gap)
    visible = [glyph for word in words for glyph in word]
    if not visible:
        return None
    text = _join_words(words)
    letters = [glyph for glyph in visible if glyph.text.isalnum()] or visible
    return Segment(
        text=text,
        left=min(glyph.left for glyph in visible),
        right=max(glyph.right for glyph in visible),
        baseline=median(glyph.baseline for glyph in letters),
        size=median(glyph.size for glyph in letters),
        bold=sum(glyph.bold for glyph in letters) * 2 > len(letters),
    )


def _split_words(piece: Sequence[Glyph], word_gap: float) -> list[list[Glyph]]:
    tracking = _measure_tracking(piece)
    words: list[list[Glyph]] = []
    gaps: list[float] = []
    right, after_space = 0.0, True
    for glyph in piece:
        if glyph.text.isspace():
            after_space = True
            continue
        gap = glyph.left - right if words else 0.0
        if after_space or gap > tracking + word_gap * glyph.size:
            words.append([])
            gaps.append(gap)
        words[-1].append(glyph)
        right, after_space = max(right, glyph.right) if len(words) > 1 or words[-1][1:] else glyph.right, False
    return _join_spaced_letters(words, gaps)


def _join_spaced_letters(words: list[list[Glyph]], gaps: Sequence[float]) -> list[list[Glyph]]:
    """Join the letters of a word that is written with a space after each letter."""
    letters = sum(len(word) == 1 and word[0].text.isalpha() for word in words)
    if letters < _MIN_SPACED_LETTERS or letters < 0.8 * len(words):
        return words
    limit = 1.5 * median(gaps[1:])
    joined: list[list[Glyph]] = []
    for word, gap in zip(words, gaps, strict=True):
        if joined and gap <= limit:
            joined[-1].extend(word)
        else:
            joined.append(list(word))
    return joined


def _join_words(words: Sequence[Sequence[Glyph]]) -> str:
    has_bullet = len(words) > 1 and len(words[0]) == 1 and (_is_bullet(words[0][0]) or _is_circle(words))
    texts = [_replace_icons("".join(glyph.text for glyph in word)) for word in words[has_bullet:]]
    texts = _put_in_logical_order(texts)
    return " ".join([BULLET, *texts] if has_bullet else texts)


def _is_circle(words: Sequence[Sequence[Glyph]]) -> bool:
    """Return whether the first word is the letter "o", which word processors use as a bullet."""
    first, following = words[0][0], words[1][0]
    return first.text == "o" and following.text.isupper() and following.left - first.right > 0.6 * first.size


def _replace_icons(word: str) -> str:
    """Replace a word of icons by a bullet, which separates, and drop icons within a word."""
    if all(character == "\ufffd" or _is_private(character) for character in word):
        return BULLET
    return "".join(character for character in word if not _is_private(character))


def _put_in_logical_order(words: Sequence[str]) -> list[str]:
    """Reorder words that are in the order of the page, where Arabic and Hebrew run from right to left."""
    is_reversed = [any(unicodedata.bidirectional(character) in {"R", "AL"} for character in word) for word in words]
    if not any(is_reversed):
        return list(words)
    ordered = [
        word[::-1].translate(_MIRRORED) if backwards else word
        for word, backwards in zip(words, is_reversed, strict=True)
    ]
    lengths = [sum(map(str.isalpha, word)) for word in words]
    backward_letters = sum(length for length, backwards in zip(lengths, is_reversed, strict=True) if backwards)
    is_line_reversed = backward_letters * 2 > sum(lengths)
    if is_line_reversed:
        ordered = [word.translate(_MIRRORED) if word[0] in ")]}" or word[-1] in "([{" else word for word in ordered]
        ordered, is_reversed = ordered[::-1], is_reversed[::-1]
    # Reverse the runs of words whose direction differs from the line's.
    result: list[str] = []
    run: list[str] = []
    for word, backwards in zip(ordered, is_reversed, strict=True):
        if backwards == is_line_reversed:
            result += [*run[::-1], word]
            run = []
        else:
            run.append(word)
    return result + run[::-1]


def _attach_dots(segments: Iterable[Segment], dots: Iterable[Box]) -> None:
    """Begin each segment that follows a drawn bullet with a bullet."""
    segments = sorted(segments, key=lambda segment: segment.left)
    for left, top, right, bottom in dots:
        middle = (top + bottom) / 2
        for segment in segments:
            if not segment.baseline - 0.75 * segment.size < middle < segment.baseline + 0.05 * segment.size:
                continue
            if segment.left < left:
                # The dot is within the text or after it.
                if segment.right > left:
                    break
                continue
            is_near = segment.left - right < _MAX_DOT_DISTANCE * segment.size
            if is_near and max(right - left, bottom - top) < _MAX_DOT * segment.size:
                segment.text, segment.left = f"{BULLET} {segment.text}", left
            break
