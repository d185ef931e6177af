"""How this process asks the system for memory."""

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # malloc.h
_MOST = 2**31 - 1


def keep_memory() -> None:
    """Keep freed tensors' memory for the next ones instead of giving it back to the system.

    By default glibc maps every large tensor anew, and a third of a training step goes to page faults
    (docs/log.md). Without glibc nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(_MMAP_MAX, 0)
    mallopt(_TRIM_THRESHOLD, _MOST)
    mallopt(_TOP_PAD, 64 * 2**20)
