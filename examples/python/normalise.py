"""The rules "messages-v1", for models whose metadata has `btp.normalisation`: docs/export.md describes them step by step.

Needs the package regex, which comes with tiktoken.
"""

import unicodedata

import regex

ENTITIES = {
    "amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "nbsp": " ", "lsquo": "'", "rsquo": "'", "ldquo": '"',
    "rdquo": '"', "hellip": "...", "ndash": "-", "mdash": "-", "bull": "•", "middot": "·", "pound": "£", "euro": "€",
    "cent": "¢", "copy": "©", "reg": "®", "trade": "™", "deg": "°", "times": "×", "hearts": "♥", "eacute": "é",
    "agrave": "à", "egrave": "è", "ccedil": "ç", "ntilde": "ñ", "uuml": "ü", "ouml": "ö", "auml": "ä", "szlig": "ß",
}
REFERENCE = regex.compile(r"&(?:#([0-9]{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));")
ESCAPED = regex.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrt])")
PLAIN = str.maketrans("\u2018\u2019\u00b4`\u201c\u201d\u2013\u2014", "''''\"\"--")
MARKS = regex.compile(r"(\p{M}{30})\p{M}+")
INVISIBLE = regex.compile(
    r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufe0f]|\p{Cs}"
)
SPACE = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"  # JavaScript's; Python's \s differs
LINK = regex.compile(rf"[hH][tT][tT][pP][sS]?://[^{SPACE}]+|[wW][wW][wW]\.[^{SPACE}]+")
MENTION = regex.compile(r"@[\p{L}\p{N}_]+")
LONG_RUN = regex.compile(r"(.)\1{3,}", regex.DOTALL)


def normalise(text):
    text = REFERENCE.sub(read_reference, REFERENCE.sub(read_reference, text))
    text = join_halves(ESCAPED.sub(read_escape, text))
    text = unicodedata.normalize("NFKC", MARKS.sub(r"\1", text).translate(PLAIN)).translate(PLAIN)
    text = MENTION.sub("@user", LINK.sub("http", INVISIBLE.sub("", text))).lower()
    return regex.sub(f"[{SPACE}]+", " ", LONG_RUN.sub(r"\1\1\1", text)).strip(" ")


def read_reference(match):
    decimal, hexadecimal, name = match.groups()
    if name:
        return ENTITIES.get(name, match[0])
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF else "\ufffd"


def read_escape(match):
    digits = match[1] or match[2]
    return chr(int(digits, 16)) if digits else " "


def join_halves(text):
    """An emoji may be written as two escapes, each half of a surrogate pair: a character in JavaScript, two in Python."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
