import pytest
from pydantic import ValidationError

from engine.errors import Problem
from engine.preferences import PREFERENCE, Preference, read_preference, write_preference


@pytest.mark.parametrize(
    "preference",
    [
        Preference(choice="tuned"),
        Preference(choice="tie", stars=0, liked=False),
        Preference(stars=5, liked=True),
    ],
)
def test_a_judgement_is_read_back(tmp_path, preference):
    write_preference(tmp_path, preference)
    assert read_preference(tmp_path) == preference


def test_without_a_file_nothing_was_said(tmp_path):
    assert read_preference(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "[]", '{"schema": 2}', '{"schema": 1, "stars": 6}', '{"mood": "good"}']
)
def test_a_file_that_is_no_judgement_is_named(tmp_path, content):
    (tmp_path / PREFERENCE).write_text(content)
    with pytest.raises(Problem, match=r"preference\.json could not be read"):
        read_preference(tmp_path)


@pytest.mark.parametrize("wrong", [{"stars": 6}, {"stars": -1}, {"choice": "both"}, {"loved": True}])
def test_a_judgement_out_of_range_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Preference(**wrong)
