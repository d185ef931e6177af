"""The codebooks of stems, one stem after another."""


def levels(books: tuple[int, ...]) -> list[int]:
    """Each codebook's place in its stem, which has `books` of them: (2, 1, 3) -> 0, 1, 0, 0, 1, 2."""
    return [level for count in books for level in range(count)]
