"""Loads the translation for the user's language, if there is one."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from desktop import texts

FOLDER = Path(__file__).with_name("translations")
CONTEXT = ""  # lupdate gives functions no other


def install(application: QCoreApplication, locale: QLocale, folder: Path = FOLDER) -> bool:
    """Speak the language of `locale` if `folder` has its tunedial_LANGUAGE.qm; tell whether it has."""
    translator = QTranslator(application)
    found = translator.load(locale, "tunedial", "_", str(folder))
    if found:
        application.installTranslator(translator)
        texts.use(lambda text: QCoreApplication.translate(CONTEXT, text))
    return found
