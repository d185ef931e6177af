import base64
import io
import json
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile

from engine.audio import loudness
from engine.errors import CallProblem, Problem
from engine.mix import Mix
from engine.take import write_take
from evaluation.listening.make import make_test, repeatable, system_of, take_folders
from evaluation.listening.page import listening_page
from tests.engine.takes import make_take
from tests.evaluation.listening.sitting import write_takes


class Scripts(HTMLParser):
    """What stands in a page's scripts, and every address that the page names."""

    def __init__(self, page):
        super().__init__()
        self.scripts, self.addresses, self._open = [], [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._open = tag == "script"
        self.addresses += [value for name, value in attrs if name in ("src", "href")]
        if self._open:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._open = False

    def handle_data(self, data):
        if self._open:
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def test_of_four(tmp_path_factory):
    takes = write_takes(tmp_path_factory.mktemp("takes"))
    return make_test(take_folders([takes]), "A </script> & B", anchors=2, repeats=2)


def test_a_test_holds_each_take_once_and_its_anchors(test_of_four):
    key = test_of_four.key
    assert sorted(trial.take.split("/")[-1] for trial in key.trials if trial.kind == "take") == [
        f"take {n}" for n in range(4)
    ]
    assert {trial.system for trial in key.trials} == {"energy +5", "energy −5", "anchor"}
    assert key.presentations == 4 + 2 + 2
    assert set().union(*(trial.clips for trial in key.trials)) == test_of_four.clips.keys()
    base_of = {trial.take: trial.plain for trial in key.trials if trial.kind == "take"}
    assert all(base_of[trial.take] == trial.plain for trial in key.trials if trial.kind == "anchor")


def test_all_clips_are_equally_loud(test_of_four):
    for audio, rate in test_of_four.clips.values():
        assert loudness(audio, rate) == pytest.approx(test_of_four.key.loudness, abs=0.05)


def test_the_page_needs_no_other_file_and_does_not_tell_which_clip_is_which(test_of_four):
    page = listening_page(test_of_four)
    found = Scripts(page)
    assert found.addresses == [] and "http" not in page
    content = json.loads(found.scripts[0])
    assert content["title"] == "A </script> & B" and content["id"] == test_of_four.key.id
    assert sorted(content["trials"][0]) == ["clips", "id", "prompt"]
    assert not any(word in found.scripts[0] for word in ("base", "tuned", "anchor", "energy", "take"))
    assert content["sounds"].keys() == test_of_four.clips.keys()
    for name, sound in content["sounds"].items():
        audio, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)))
        assert rate == test_of_four.clips[name][1]
        assert abs(len(audio) - test_of_four.clips[name][0].shape[1]) < 2048


def test_takes_without_a_difference_or_without_sound_are_left_out(tmp_path):
    write_takes(tmp_path, 1)
    write_take(make_take(), tmp_path / "neutral")
    silent = make_take({"energy": 5})
    write_take(
        type(silent)(silent.base, silent.tuned * 0, silent.sample_rate, silent.recipe), tmp_path / "silent"
    )
    test = make_test(take_folders([tmp_path]), "t", anchors=3, repeats=3)
    assert len(test.key.trials) == 2, "one take, and one anchor made of it"
    reasons = {name.split("/")[-1]: reason for name, reason in test.left_out.items()}
    assert reasons["neutral"].startswith("no knob") and reasons["silent"].startswith("a clip is silent")
    with pytest.raises(Problem, match="No take is left"):
        make_test([tmp_path / "neutral"], "t", 1, 1)


def test_takes_of_two_base_models_are_refused(tmp_path):
    write_takes(tmp_path, 1)
    other = make_take({"tempo": 5})
    model = other.recipe.model.model_copy(update={"sha256": "11" * 32})
    recipe = other.recipe.model_copy(update={"model": model})
    write_take(type(other)(other.base, other.tuned, other.sample_rate, recipe), tmp_path / "other")
    with pytest.raises(CallProblem, match="different base models"):
        make_test(take_folders([tmp_path]), "t", 1, 1)


def test_a_folder_without_takes_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CallProblem, match="holds no take"):
        take_folders([tmp_path / "empty"])


def test_systems_are_called_by_what_differs():
    assert system_of(Mix(knobs={"tempo": -2.5, "energy": 5})) == "energy +5, tempo −2.5"
    assert (
        system_of(Mix(knobs={"energy": 5}, amount=2, base_weight=8)) == "energy +5, amount 2, base weight 8"
    )


def test_how_many_trials_can_come_again():
    assert [repeatable(trials) for trials in (1, 2, 3, 4, 9, 10)] == [1, 1, 1, 1, 4, 4]


def test_the_same_takes_and_seed_make_the_same_key(tmp_path, test_of_four):
    folders = take_folders([write_takes(tmp_path)])
    one, two = (make_test(folders, "A </script> & B", 2, 2) for _ in range(2))
    assert one.key.model_copy(update={"created": two.key.created}) == two.key
    assert make_test(folders, "A </script> & B", 2, 2, seed=1).key.id != one.key.id
    assert np.array_equal(one.clips["c1"][0], two.clips["c1"][0])
