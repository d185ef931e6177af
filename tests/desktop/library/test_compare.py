from desktop.library.compare import Difference, differences
from engine.job import GenerationSettings
from engine.mix import Mix
from engine.recipe import AdapterRecord
from tests.engine.takes import make_take


def recipe(**changes):
    made = make_take(seconds=0.1, prompt="jazz").recipe
    return made.model_copy(update={"job": made.job.model_copy(update=changes)})


def test_the_same_recipe_differs_in_nothing_but_the_time():
    first, second = make_take(seconds=0.1).recipe, make_take(seconds=0.1).recipe
    assert first.created != second.created
    assert differences(first, second) == []


def test_every_setting_that_differs_is_named():
    first = recipe(seed=1, mix=Mix(knobs={"energy": 2, "tempo": -1.5}, amount=2))
    second = recipe(prompt="rock", mix=Mix(knobs={"energy": 3}), settings=GenerationSettings(top_k=50))
    assert differences(first, second) == [
        Difference("Prompt", "jazz", "rock"),
        Difference("Energy", "+2", "+3"),
        Difference("Tempo", "−1.5", ""),
        Difference("Amount", "2", "1"),
        Difference("Seed", "1", "0"),
        Difference("Top-k", "the model's", "50"),
    ]


def test_packs_and_computers_are_named_too():
    adapter = AdapterRecord(metric="energy", direction="positive", pack="mine", version="2", sha256="00" * 32)
    first = recipe().model_copy(update={"adapters": (adapter,), "device": "cuda", "partial": True})
    assert [(d.name, d.first, d.second) for d in differences(first, recipe())] == [
        ("Packs", "mine 2", ""),
        ("Stopped early", "yes", ""),
        ("Computed on", "cuda", "cpu"),
    ]
