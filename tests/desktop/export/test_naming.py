import pytest

from desktop.export.naming import file_stem, short_key
from desktop.pair.facts import Facts
from desktop.state import Span


def test_a_name_is_prompt_bpm_key_seed():
    assert file_stem("Jazz, piano", 7, "tuned", Facts(119.7, "A minor")) == "jazz-piano-120bpm-Am-seed7-tuned"


def test_what_nobody_knows_is_left_out():
    assert file_stem("jazz", 7, "base", Facts()) == "jazz-seed7-base"
    assert file_stem("¿?", 7, "base", Facts()) == "seed7-base"


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("Élan / ../../etc: 100%", "élan-etc-100"),
        ("日本 の 音楽", "日本-の-音楽"),
        ("a" * 100, "a" * 48),
        (
            "classic rock with a very long description of guitars",
            "classic-rock-with-a-very-long-description-of",
        ),
    ],
)
def test_a_prompt_becomes_words_that_any_disk_takes(prompt, slug):
    assert file_stem(prompt, 1, "base", Facts()) == f"{slug}-seed1-base"


@pytest.mark.parametrize(
    ("span", "tempo", "ending"),
    [
        (Span(2, 4), 120, "bar2"),
        (Span(2, 6), 120, "bars2-3"),
        (Span(2.1, 6), 120, "2.10-6.00s"),
        (Span(2, 6), None, "2.00-6.00s"),
    ],
)
def test_a_stretch_is_named_by_bars_or_seconds(span, tempo, ending):
    assert file_stem("x", 1, "base", Facts(tempo), span).endswith(f"-{ending}")


def test_bars_are_counted_from_the_first_one():
    assert file_stem("x", 1, "base", Facts(120, None, 0.5), Span(2.5, 4.5)).endswith("-bar2")


@pytest.mark.parametrize(("key", "short"), [("A minor", "Am"), ("C# major", "C#"), ("F# minor", "F#m")])
def test_keys_are_short(key, short):
    assert short_key(key) == short
