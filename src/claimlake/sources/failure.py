"""What stopped a load through no fault of its source: the embedded database or the disk, in plain words."""

import errno

import duckdb

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_WORDS = ("no space left", "disk quota exceeded", "max_temp_directory_size")


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room left to write, however that is reported."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, duckdb.Error) and any(words in str(error).lower() for words in FULL_WORDS)


def stopped(error: BaseException) -> str:
    """What DuckDB or the disk stopped with, without its message, which can quote a value."""
    if is_disk_full(error):
        return "the load stopped because the workspace's disk is full. Free space on it and run again."
    return f"the load stopped with {type(error).__name__}. Trying again may help."
