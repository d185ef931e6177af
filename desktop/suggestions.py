"""Words for the prompt, in the form the models were trained on: genre, instrument, instrument, …"""

GENRES = (
    "jazz", "classic rock", "folk", "techno", "blues", "latin", "pop", "ballad", "funk", "hip hop", "reggae",
    "country", "ambient", "classical",
)  # fmt: skip
INSTRUMENTS = (
    "piano", "drums", "electric guitar", "acoustic guitar", "double bass", "bass guitar", "strings",
    "saxophone", "trumpet", "synth pad", "organ", "flute", "violin", "choir",
)  # fmt: skip
PROMPTS = (
    "jazz, piano, double bass, drums",
    "classic rock, electric guitar, piano, drums",
    "folk, acoustic guitar, violin",
    "techno, synth pad, drums",
    "latin, trumpet, piano, drums",
)


def with_word(prompt: str, word: str) -> str:
    """The prompt with `word` added, or without it if it is there; a genre takes the place of another."""
    words = [part.strip() for part in prompt.split(",") if part.strip()]
    if word in words:
        return ", ".join(part for part in words if part != word)
    if word in GENRES:
        return ", ".join([word, *(part for part in words if part not in GENRES)])
    return ", ".join([*words, word])
