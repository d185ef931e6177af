import random

from tests.training.fixtures import DESCRIPTION
from training.starter.corpus.caption import Description, caption, paper_caption


def captions(description: Description, count: int = 300) -> set[str]:
    rng = random.Random(0)
    return {caption(description, rng) for _ in range(count)}


def test_the_papers_caption_names_drums_if_they_sound() -> None:
    assert paper_caption(DESCRIPTION) == "jazz, piano, upright bass, drums"
    quiet = DESCRIPTION.model_copy(update={"instruments": ("piano", "upright bass", "saxophone")})
    assert paper_caption(quiet) == "jazz, piano, upright bass, saxophone"
    drums = DESCRIPTION.model_copy(update={"instruments": ("drums",)})
    assert paper_caption(drums) == "jazz, drums"


def test_captions_vary_and_say_only_what_sounds() -> None:
    made = captions(DESCRIPTION)
    assert len(made) > 60
    assert "jazz, piano, upright bass, drums" in made
    assert not any("vocals" in text or "live" in text or "guitar" in text for text in made)
    assert all(text and text == text.strip(" ,") for text in made)


def test_captions_name_voices_audiences_and_tempo_of_some() -> None:
    described = {"voice": "rap", "audience": True, "tempo": 150.0}
    made = captions(DESCRIPTION.model_copy(update=described))
    for word in ("rap", "live", "150 bpm", "fast"):
        share = sum(word in text for text in made) / len(made)
        assert 0.05 < share < 0.95, word


def test_captions_of_variants_do_not_name_the_quality() -> None:
    described = {"voice": "rap", "audience": True, "tempo": 150.0, "varied": True}
    made = captions(DESCRIPTION.model_copy(update=described))
    assert not any(word in text for text in made for word in ("rap", "live", "bpm", "fast", "applause"))


def test_articles_agree() -> None:
    ambient = captions(DESCRIPTION.model_copy(update={"genre": "ambient"}))
    assert any(text.startswith("an ambient") for text in ambient)
    assert not any("a ambient" in text for text in ambient)


def test_one_instrument_alone_is_a_solo_at_times() -> None:
    alone = captions(DESCRIPTION.model_copy(update={"instruments": ("piano",)}))
    assert any("solo" in text for text in alone)
    assert not any("solo" in text for text in captions(DESCRIPTION))
