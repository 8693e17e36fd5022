"""Why a file is not read: each reason by name, with the sentence that its owner sees. Pure."""

REASONS = {
    "encrypted": "The file is encrypted; save it without a password and upload that.",
    "no_text": "The file holds no text; a scanned or photographed resume cannot be read.",
    "malformed": "The file is damaged, or not what it says it is.",
    "too_large": "The resume is larger than is read: 5 MB as a file, 2.5 MB as text.",
    "too_complex": "The file is too long or too involved: a resume has at most 60 pages and 100,000 characters.",
    "unknown_type": "The file is neither text, PDF nor DOCX.",
    "lost": "The reading of this file was interrupted; upload it again.",
}


class FileRefused(Exception):
    """A file that is not read; `reason` is a key of REASONS, the message its sentence."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(REASONS[reason])
