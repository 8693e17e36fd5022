"""Detect the encoding of a text file. Pure."""

import codecs
import unicodedata
from collections.abc import Iterator

from charset_normalizer import from_bytes

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # The mark of UTF-32 begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The letters beyond a to z of each language, by the encodings that files in the language have. The first of several
# encodings that fit equally well is chosen.
_ALPHABETS = (
    (("cp1252", "mac_roman"), ("äöüß", "éèêëàâçîïôûùüÿœæ", "áéíóúñü", "áâãàçéêíóôõú", "àèéìíîòóù", "åäöøæé", "ëéèïöü")),
    (("cp1250", "iso8859_2"), ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž")),
    (("cp1254",), ("çğıöşüâi̇",)),
    (("cp1257",), ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž")),
    # Hebrew has no capitals, so that Hebrew read as Cyrillic looks like small letters.
    (("cp1255",), ("אבגדהוזחטיךכלםמןנסעףפץצקרשת",)),
    (("cp1251", "koi8_r", "cp866"), ("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя")),
    (("cp1253",), ("αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ",)),
    (("cp1256",), ("ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءأإآؤئپچژگک",)),
)
_EAST_ASIAN = ["cp932", "euc_jp", "gb18030", "big5", "cp949"]
_PUNCTUATION = frozenset({"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Zs"})
_SIGNS = "°©®™±×"
_MIN_FIT = 0.9
_SAMPLE_BYTES = 20_000
_MAX_SPECIAL = 1_000


def decode_bytes(data: bytes) -> str:
    """Decode a text by its byte order mark, as UTF-8 or UTF-16, or in the encoding whose letters fit a language.

    Raises:
        UnicodeDecodeError: No encoding fits.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding)
    sample = data[:_SAMPLE_BYTES]
    # In UTF-16, every second byte of Latin text is zero.
    for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if sample[offset::2].count(0) > len(sample) // 4:
            return data.decode(encoding)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(_detect_encoding(sample))


def _detect_encoding(sample: bytes) -> str:
    """Return the encoding of text that is not UTF-8. Fall back to Windows-1252."""
    fits = [(_measure_fit(text, alphabets), encoding) for encoding, text, alphabets in _iterate_readings(sample)]
    best, encoding = max(fits, key=lambda fit: fit[0])
    if best >= _MIN_FIT:
        return encoding
    # A sample that ends within a character would not be valid.
    complete = sample.rpartition(b"\n")[0] or sample if len(sample) == _SAMPLE_BYTES else sample
    # Text in a wrong encoding is rarely chaotic, but has no letters that are frequent in a language.
    matches = from_bytes(complete, cp_isolation=_EAST_ASIAN)
    if matches:
        return max(matches, key=lambda match: match.coherence).encoding
    return "cp1252" if any(name == "cp1252" for _, name in fits) else encoding


def _iterate_readings(sample: bytes) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for encodings, alphabets in _ALPHABETS:
        for encoding in encodings:
            try:
                yield encoding, sample.decode(encoding), alphabets
            except UnicodeDecodeError:
                continue
    # Accepts every byte, so that there is always a reading.
    yield "latin-1", sample.decode("latin-1"), ()


def _measure_fit(text: str, alphabets: tuple[str, ...]) -> float:
    """Return the largest share of special characters that belong to one language.

    Punctuation counts if it is not within a word.
    """
    special = [
        (text[index - 1 : index], character, text[index + 1 : index + 2])
        for index, character in enumerate(text)
        if not character.isascii()
    ][:_MAX_SPECIAL]
    if not special:
        return 0.0
    fits = [0.0]
    for alphabet in alphabets:
        fitting = sum(_is_plausible(before, character, after, alphabet) for before, character, after in special)
        fits.append(fitting / len(special))
    return max(fits)


def _is_plausible(before: str, character: str, after: str, alphabet: str) -> bool:
    if character.isalpha():
        # In a wrong encoding, capitals often follow small letters.
        return character.lower() in alphabet and not (character.isupper() and before.islower())
    is_within_word = before.isalpha() and after.isalpha()
    is_punctuation = unicodedata.category(character) in _PUNCTUATION or character in _SIGNS
    return is_punctuation and not is_within_word
