"""Colours, spacing and fonts: a dark and a light palette, and the style sheet made of them."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from engine.paths import resources

Name = Literal["dark", "light"]

GAP = 8  # between things that belong together
PAD = 12  # inside a panel
RADIUS = 6
FONT = "Inter"
SIZE = 10.0  # points
SMALL = 8.5


@dataclass(frozen=True)
class Palette:
    """Every colour of the window. `base` and `tuned` are the two clips, wherever they are shown."""

    background: str
    panel: str
    raised: str
    inset: str
    line: str
    text: str
    muted: str
    faint: str
    base: str
    tuned: str
    negative: str
    on_accent: str
    good: str
    warning: str
    danger: str


DARK = Palette(
    background="#14161a",
    panel="#1d2026",
    raised="#292d35",
    inset="#121418",
    line="#343943",
    text="#e8eaee",
    muted="#9ba3b0",
    faint="#5b626e",
    base="#74b3e8",
    tuned="#ff9f4a",
    negative="#4fc9bd",
    on_accent="#1a1206",
    good="#7ccf83",
    warning="#f2c14e",
    danger="#ff6b62",
)
LIGHT = Palette(
    background="#dfe2e7",
    panel="#f3f4f6",
    raised="#ffffff",
    inset="#e6e8ec",
    line="#c3c8d0",
    text="#1b1e24",
    muted="#59616e",
    faint="#9aa1ac",
    base="#1f6fb2",
    tuned="#c95f00",
    negative="#0c8478",
    on_accent="#ffffff",
    good="#2f8a3a",
    warning="#96690a",
    danger="#c4302b",
)
PALETTES: dict[Name, Palette] = {"dark": DARK, "light": LIGHT}


class _Dresser(QObject):
    dressed = Signal()


_dresser = _Dresser()
changed = _dresser.dressed  # after `apply`; what draws in colours of its own draws again
_current = DARK


def current() -> Palette:
    """The palette in use."""
    return _current


def color(name: str, alpha: float = 1.0) -> QColor:
    """A colour of the palette in use by its field's name."""
    found = QColor(getattr(_current, name))
    found.setAlphaF(alpha)
    return found


@cache
def load_fonts() -> None:
    """Make the fonts that ship with the app known to Qt."""
    for file in sorted((resources() / "fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(file))


def font(size: float = SIZE, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The app's font; figures all have one width."""
    made = QFont(FONT)
    made.setPointSizeF(size)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def apply(app: QApplication, name: Name) -> None:
    """Dress the whole app in a palette."""
    global _current
    _current = PALETTES[name]
    load_fonts()
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(_qt_palette(_current))
    app.setStyleSheet(_style_sheet(_current))
    changed.emit()


def _qt_palette(p: Palette) -> QPalette:
    made = QPalette()
    role = QPalette.ColorRole
    for which, value in {
        role.Window: p.background,
        role.WindowText: p.text,
        role.Base: p.inset,
        role.AlternateBase: p.panel,
        role.Text: p.text,
        role.Button: p.raised,
        role.ButtonText: p.text,
        role.ToolTipBase: p.raised,
        role.ToolTipText: p.text,
        role.PlaceholderText: p.faint,
        role.Highlight: p.tuned,
        role.HighlightedText: p.on_accent,
        role.Link: p.base,
    }.items():
        made.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(p.faint))
    return made


def _style_sheet(p: Palette) -> str:
    return f"""
    QToolTip {{ background: {p.raised}; color: {p.text}; border: 1px solid {p.line}; padding: 6px; }}
    QFrame[panel="true"] {{ background: {p.panel}; border-radius: {RADIUS}px; }}
    QFrame[card="true"] {{ background: {p.raised}; border-radius: {RADIUS}px; }}
    QLabel[role="heading"] {{ color: {p.muted}; font-size: {SMALL}pt; font-weight: 600; }}
    QLabel[role="muted"] {{ color: {p.muted}; }}
    QLabel[role="small"] {{ color: {p.muted}; font-size: {SMALL}pt; }}
    QLabel[role="title"] {{ font-size: 13pt; font-weight: 600; }}
    QLabel[role="problem"] {{ color: {p.danger}; }}

    QPushButton, QToolButton {{
        background: {p.raised}; color: {p.text}; border: 1px solid transparent; border-radius: {RADIUS}px;
        padding: 4px 10px; min-height: 18px;
    }}
    QToolButton {{ padding: 4px 7px; }}
    QPushButton:hover, QToolButton:hover {{ border-color: {p.faint}; }}
    QPushButton:pressed, QToolButton:pressed {{ background: {p.inset}; }}
    QPushButton:focus, QToolButton:focus {{ border-color: {p.base}; }}
    QPushButton:checked, QToolButton:checked {{ background: {p.inset}; color: {p.tuned}; border-color: {p.tuned}; }}
    QPushButton[clip="base"]:checked {{ color: {p.base}; border-color: {p.base}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {p.faint}; }}
    QPushButton[flat="true"], QToolButton[flat="true"] {{ background: transparent; }}
    QPushButton[flat="true"]:hover, QToolButton[flat="true"]:hover {{ background: {p.raised}; }}
    QFrame[card="true"] QPushButton {{ border-color: {p.line}; }}
    QFrame[card="true"] QPushButton:hover {{ border-color: {p.faint}; }}
    QFrame[card="true"] QPushButton:focus {{ border-color: {p.base}; }}
    QFrame[card="true"] QPushButton:checked {{ border-color: {p.tuned}; }}
    QToolButton[tight="true"] {{ padding: 1px 7px; }}
    QPushButton[accent="true"] {{
        background: {p.tuned}; color: {p.on_accent}; font-weight: 600; font-size: 11pt; padding: 4px 20px; min-height: 40px;
    }}
    QPushButton[accent="true"]:hover {{ border-color: {p.text}; }}
    QPushButton[accent="true"]:disabled {{ background: {p.raised}; color: {p.faint}; }}
    QPushButton[chip="true"] {{
        background: transparent; border: 1px solid {p.line}; border-radius: 11px; padding: 1px 9px;
        color: {p.muted}; font-size: {SMALL}pt;
    }}
    QPushButton[chip="true"]:hover {{ color: {p.text}; border-color: {p.faint}; }}
    QPushButton[chip="true"]:checked {{ color: {p.tuned}; border-color: {p.tuned}; }}
    QToolButton::menu-indicator {{ image: none; width: 0; }}
    QToolButton[popupMode="1"] {{ padding-right: 18px; }}
    QToolButton::menu-button {{ border: none; width: 16px; }}
    QToolButton::menu-arrow {{ image: url({resources().as_posix()}/icons/down.svg); width: 10px; height: 10px; }}

    QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{
        background: {p.inset}; color: {p.text}; border: 1px solid {p.line}; border-radius: {RADIUS}px;
        padding: 3px 6px; min-height: 18px; selection-background-color: {p.tuned}; selection-color: {p.on_accent};
    }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
    QComboBox:focus {{ border-color: {p.base}; }}
    QLineEdit QToolButton {{ padding: 0; min-height: 0; border: none; background: transparent; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
        width: 0; border: none;
    }}
    QComboBox::drop-down {{ border: none; width: 16px; }}
    QComboBox::down-arrow {{ image: url({resources().as_posix()}/icons/down.svg); width: 10px; height: 10px; }}
    QComboBox QAbstractItemView {{ background: {p.raised}; border: 1px solid {p.line}; outline: none; }}

    QMenu {{ background: {p.raised}; border: 1px solid {p.line}; padding: 4px; }}
    QMenu::item {{ padding: 4px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {p.tuned}; color: {p.on_accent}; }}
    QMenu::item:disabled {{ color: {p.faint}; }}
    QMenu::separator {{ height: 1px; background: {p.line}; margin: 4px 6px; }}

    QListView, QTreeView, QTableView, QListWidget {{
        background: {p.inset}; border: 1px solid {p.line}; border-radius: {RADIUS}px; outline: none;
    }}
    QListView::item {{ border-radius: 4px; padding: 2px; }}
    QListView::item:selected {{ background: {p.raised}; color: {p.text}; }}
    QHeaderView::section {{ background: {p.panel}; color: {p.muted}; border: none; padding: 3px 6px; }}

    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
    QScrollBar::handle {{ background: {p.line}; border-radius: 3px; min-height: 24px; min-width: 24px; margin: 2px; }}
    QScrollBar::handle:hover {{ background: {p.faint}; }}
    QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
        background: none; border: none; width: 0; height: 0;
    }}
    QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
    QSplitter::handle {{ background: transparent; }}

    QProgressBar {{
        background: {p.inset}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px;
    }}
    QProgressBar::chunk {{ background: {p.tuned}; border-radius: 3px; }}
    QSlider::groove:horizontal {{ background: {p.inset}; height: 4px; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {p.tuned}; border-radius: 2px; }}
    QSlider::handle:horizontal {{
        background: {p.text}; width: 12px; height: 12px; margin: -4px 0; border-radius: 6px;
    }}
    QSlider::handle:horizontal:focus {{ background: {p.base}; }}
    QCheckBox {{ spacing: 6px; }}
    """
