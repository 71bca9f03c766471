"""Files given as a dict of names and texts, written to a zip archive or to a folder."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def pack(files: Mapping[str, str | bytes], path: Path) -> Path:
    """Write the files to a zip archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def unpack(files: Mapping[str, str], folder: Path) -> Path:
    """Write the files to a folder, byte for byte."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder
