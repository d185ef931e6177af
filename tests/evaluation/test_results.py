"""The results format, and the page that is made from it."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from engine.errors import CallProblem, Problem
from evaluation.figures import draw, figures_of
from evaluation.page import write_page
from evaluation.results import Results, load_results, save_results
from tests.evaluation import samples


@pytest.fixture(scope="module")
def results() -> Results:
    return samples.results()


def test_results_come_back_as_they_were(results: Results, tmp_path: Path) -> None:
    save_results(results, tmp_path / "report.json")
    assert load_results(tmp_path / "report.json") == results
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == 1


def test_results_of_another_version_are_refused(results: Results, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(json.dumps(json.loads(results.model_dump_json()) | {"schema": 2}))
    with pytest.raises(Problem, match=r"results of version 2, and this Tunedial reads 1") as problem:
        load_results(file)
    assert "not generated again" in str(problem.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [("[]", "holds no results"), ("{", "holds no results"), ('{"schema": 1}', "damaged: ")],
)
def test_what_is_no_results_is_refused(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(Problem, match=told):
        load_results(tmp_path / "report.json")


def test_a_players_file_lies_beside_the_results(results: Results, tmp_path: Path) -> None:
    content = json.loads(results.model_dump_json())
    content["players"][0]["file"] = "../../secret.ogg"
    (tmp_path / "report.json").write_text(json.dumps(content))
    with pytest.raises(Problem, match=r"damaged: players"):
        load_results(tmp_path / "report.json")


def test_results_that_are_not_there_are_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(CallProblem, match="cannot be read"):
        load_results(tmp_path / "report.json")


def test_the_page_needs_nothing_else_and_says_all(results: Results, tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "audio" / "base.ogg").write_bytes(b"OggS")
    shown = results.model_copy(update={"listening": {"mos": [{"model": "base", "ovl": 3.25}]}})
    files = write_page(shown, tmp_path)
    page = files["report.html"].decode()
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert 'src="data:audio/ogg;base64,T2dnUw=="' in page
    for words in (
        "small model trained on the rendered songs",
        "<td class=paper>2.32</td>",
        "vibenet &lt;energy&gt;",
        "Listening test",
        "3.25",
        "tunedial evaluate report --pack sample",
        "1 of them are silent",
        "of 13 by CLAP",
    ):
        assert words in page, words
    names = {"heat-positive", "heat-negative", "steps-scored", "steps-measured", "spread", "policy"}
    assert {name for name in files if name != "report.html"} == {
        f"figures/{name}.{kind}" for name in names for kind in ("svg", "png")
    }
    for name, content in files.items():
        if name.endswith(".svg"):
            ElementTree.fromstring(content)
        elif name.endswith(".png"):
            assert content.startswith(b"\x89PNG")


def test_figures_depend_on_results_only(results: Results) -> None:
    few = results.model_copy(update={"policy": (), "spread": results.spread[:1], "negative_heat": None})
    assert figures_of(few).keys() == {"heat-positive", "steps-scored", "steps-measured"}
    once, again = (draw(figures_of(few)["steps-scored"]()) for _ in range(2))
    assert once == again


def test_one_prompt_says_that_it_has_no_interval(results: Results, tmp_path: Path) -> None:
    from evaluation.page import page
    from evaluation.results import Estimate

    row = results.chroma[0].model_copy(update={"similarity": Estimate(mean=0.5, interval=None, n=1)})
    text = page(results.model_copy(update={"chroma": (row,)}), {}, tmp_path)
    assert "one clip: no interval" in text
