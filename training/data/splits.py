"""Train or test, by what must not stand in both: a song, a prompt."""

import hashlib

from engine.pairs import Split

TEST_SHARE = 0.1


def split_of(name: str) -> Split:
    """The split of `name`: always the same, whatever else is in the data."""
    share = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 2**32
    return "test" if share < TEST_SHARE else "train"
