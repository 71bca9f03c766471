"""Zip archives that others have made: nothing is read that grows out of proportion."""

import zipfile

from gradual_learning.jobs.errors import UserError

_LARGE = 100_000_000  # bytes that a job can always hold
_MAX_RATIO = 100  # texts shrink to a tenth, weights hardly; zeros to a thousandth


def refuse_bomb(member: zipfile.ZipInfo, archive: object) -> None:
    """Check that a file in an archive is not one of a few megabytes that grows to gigabytes.

    Args:
        member: the file. No more is read than the size that it states.
        archive: name of the archive, for the message.

    Raises:
        UserError: the file is large and more than 100 times as large as in the archive.
    """
    size, stored = member.file_size, member.compress_size
    if size > _LARGE and size > _MAX_RATIO * stored:
        raise UserError(
            f"{archive}:{member.filename}: grows from {stored / 1e6:.1f} MB to {size / 1e9:.1f} GB, as no questions or "
            "weights do. Do not use this archive."
        )
