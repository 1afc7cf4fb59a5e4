"""Names of files behind an address: `SLP-….pdf` is the paper of `SLP-…`."""

MEDIA = {"pdf": "application/pdf", "xml": "application/xml"}
FILES = "files"
"""Option of a record's route: the files behind its address by their extension, in words."""


def split_name(name: str) -> tuple[str, str]:
    """Return the record a file's name names, and its extension in small letters or nothing.

    What ends in no extension of ours is a name as a whole.
    """
    bare, dot, extension = name.rpartition(".")
    if dot and extension.lower() in MEDIA:
        return bare, extension.lower()
    return name, ""
