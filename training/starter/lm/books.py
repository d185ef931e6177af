"""The starter's codebooks: those of the metre, then of one stem after another."""

from engine.codecs.metre import BOOKS
from engine.codecs.stem_network import StemCodecConfig

STARTER = StemCodecConfig()
PARTS = (BOOKS, *STARTER.books)  # how many codebooks the metre and each stem have


def levels(parts: tuple[int, ...]) -> list[int]:
    """Each codebook's place in its part, which has so many: (2, 1, 3) -> 0, 1, 0, 0, 1, 2."""
    return [level for count in parts for level in range(count)]
