"""Texts are collected by one command, and shown in the language they are translated to."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale

from desktop import texts, translation
from desktop.metric_names import NAMES
from desktop.panels.overlay import MOUSE
from desktop.panels.queue import WORDS
from engine.metrics import METRICS

TOOLS = Path(sys.executable).parent
OPTIONS = ("-silent", "-locations", "none", "-tr-function-alias", "tr+=mark")
SOURCES = sorted(Path("desktop").rglob("*.py"))


@pytest.fixture
def english(qapp):
    """Speaks English again at the end."""
    yield
    for translator in qapp.findChildren(translation.QTranslator):
        qapp.removeTranslator(translator)
    texts.use(None)


def test_the_file_of_texts_has_them_all(tmp_path):
    """If this fails: make translations."""
    made = tmp_path / "tunedial.ts"
    subprocess.run(
        [TOOLS / "pyside6-lupdate", *OPTIONS, *SOURCES, "-ts", made],
        check=True,
    )
    kept = (translation.FOLDER / "tunedial.ts").read_text()
    assert sources(kept) == sources(made.read_text())


def test_texts_of_tables_are_in_it():
    kept = (translation.FOLDER / "tunedial.ts").read_text()
    for text in (*WORDS.values(), *chain(*MOUSE)):
        assert f"<source>{text}</source>" in kept


def test_the_metrics_have_the_engines_names_in_its_order():
    assert list(NAMES.items()) == [(metric.id, metric.label) for metric in METRICS]


def test_a_translation_is_spoken(qapp, english, tmp_path):
    ts = tmp_path / "tunedial_de.ts"
    ts.write_text(
        '<?xml version="1.0" encoding="utf-8"?><TS version="2.1" language="de_DE"><context><name></name>'
        "<message><source>Generate</source><translation>Erzeugen</translation></message></context></TS>"
    )
    subprocess.run(
        [TOOLS / "pyside6-lrelease", "-silent", ts, "-qm", tmp_path / "tunedial_de.qm"], check=True
    )
    assert not translation.install(qapp, QLocale("fr_FR"), tmp_path)
    assert texts.tr("Generate") == "Generate"
    assert translation.install(qapp, QLocale("de_DE"), tmp_path)
    assert texts.tr("Generate") == "Erzeugen"
    assert texts.tr("Undo {}") == "Undo {}"


def sources(ts: str) -> set[str]:
    """The texts of a .ts file."""
    return {line.strip() for line in ts.splitlines() if "<source>" in line}
