"""Icons as strokes on a grid of 16, drawn in a colour of the palette."""

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from desktop import theme

SIZE = 16

SHAPES = {
    "presets": '<path d="M2.5 4h11M2.5 8h11M2.5 12h11"/><circle cx="6" cy="4" r="1.6" class="f"/>'
    '<circle cx="11" cy="8" r="1.6" class="f"/><circle cx="5" cy="12" r="1.6" class="f"/>',
    "library": '<path d="M3 2.5v11M6.3 2.5v11M9.3 3l3.6 10.3"/>',
    "queue": '<path d="M2.5 4h7M2.5 8h7M2.5 12h4"/><path d="M10.5 8.5l4 2.5-4 2.5z" class="f"/>',
    "models": '<path d="M8 1.8l5.5 3v6.4L8 14.2l-5.5-3V4.8z"/><path d="M2.5 4.8L8 8l5.5-3.2M8 8v6.2"/>',
    "midi": '<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="M6 3.5v9M10 3.5v9"/>'
    '<path d="M6 3.5v5M10 3.5v5" style="stroke-width:2.6"/>',
    "undo": '<path d="M5.5 3L2.5 6l3 3"/><path d="M2.5 6h7a4 4 0 0 1 0 8H6"/>',
    "redo": '<path d="M10.5 3l3 3-3 3"/><path d="M13.5 6h-7a4 4 0 0 0 0 8H10"/>',
    "menu": '<path d="M2.5 4h11M2.5 8h11M2.5 12h11"/>',
    "play": '<path d="M4.5 2.8v10.4L13 8z" class="f"/>',
    "stop": '<rect x="4" y="4" width="8" height="8" rx="1" class="f"/>',
    "loop": '<path d="M4 10.5A4 4 0 0 1 4 5.5l1-1.2h6.5"/><path d="M9.5 2l2.5 2.3L9.5 6.6"/>'
    '<path d="M12 5.5a4 4 0 0 1 0 5l-1 1.2H4.5"/><path d="M6.5 14L4 11.7l2.5-2.3"/>',
    "dice": '<rect x="2.5" y="2.5" width="11" height="11" rx="2.2"/><circle cx="5.6" cy="5.6" r="1" class="f"/>'
    '<circle cx="10.4" cy="5.6" r="1" class="f"/><circle cx="8" cy="8" r="1" class="f"/>'
    '<circle cx="5.6" cy="10.4" r="1" class="f"/><circle cx="10.4" cy="10.4" r="1" class="f"/>',
    "lock": '<rect x="3.5" y="7" width="9" height="6.5" rx="1.2"/><path d="M5.3 7V5a2.7 2.7 0 0 1 5.4 0v2"/>',
    "unlock": '<rect x="3.5" y="7" width="9" height="6.5" rx="1.2"/><path d="M5.3 7V4.6a2.7 2.7 0 0 1 5.2-1"/>',
    "star": '<path d="M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5z"/>',
    "star_full": '<path d="M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.4l-3.7 2.1.8-4.2L2 6.4l4.2-.5z" class="f"/>',
    "like": '<path d="M5.2 7.2L8 2.2c1.2 0 1.7.8 1.5 1.8L9 6.5h3.3c.9 0 1.4.8 1.2 1.6l-1 4c-.2.8-.7 1.2-1.5 1.2H5.2z"/>'
    '<path d="M2.6 7.2v6.1"/>',
    "dislike": '<path d="M5.2 8.8L8 13.8c1.2 0 1.7-.8 1.5-1.8L9 9.5h3.3c.9 0 1.4-.8 1.2-1.6l-1-4c-.2-.8-.7-1.2-1.5-1.2H5.2z"/>'
    '<path d="M2.6 8.8V2.7"/>',
    "blind": '<path d="M1.8 8s2.3-4.2 6.2-4.2S14.2 8 14.2 8s-2.3 4.2-6.2 4.2S1.8 8 1.8 8z"/>'
    '<path d="M3 13.5L13 2.5"/>',
    "close": '<path d="M4 4l8 8M12 4l-8 8"/>',
    "add": '<path d="M8 3v10M3 8h10"/>',
    "left": '<path d="M10 3L5 8l5 5"/>',
    "right": '<path d="M6 3l5 5-5 5"/>',
    "down": '<path d="M3.5 6L8 10.5 12.5 6"/>',
    "search": '<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2l3.6 3.6"/>',
    "zoom_in": '<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2l3.6 3.6M5.2 7h3.6M7 5.2v3.6"/>',
    "zoom_out": '<circle cx="7" cy="7" r="4.2"/><path d="M10.2 10.2l3.6 3.6M5.2 7h3.6"/>',
    "fit": '<path d="M2 3.5v9M14 3.5v9M4.5 8h7M6.5 6l-2 2 2 2M9.5 6l2 2-2 2"/>',
    "compare": '<path d="M2.5 3h4v10h-4zM9.5 3h4v10h-4zM8 1.5v13"/>',
    "reset": '<path d="M3.2 6.2A5.2 5.2 0 1 1 2.8 9"/><path d="M3 2.6v3.8h3.8"/>',
    "sort": '<path d="M4.5 3v10M2 10.5L4.5 13 7 10.5"/><path d="M9 4h5M9 8h4M9 12h2.5"/>',
    "copy": '<rect x="5.5" y="5.5" width="8" height="8" rx="1.2"/><path d="M10.5 3.5v-1h-8v8h1"/>',
    "folder": '<path d="M2 4.2h4.2l1.4 1.6H14v7.4H2z"/>',
    "trash": '<path d="M3 4.5h10M6 4.5V2.8h4v1.7M4.3 4.5l.6 8.9h6.2l.6-8.9"/>',
    "save": '<path d="M2.5 2.5h8.3l2.7 2.7v8.3h-11z"/><path d="M5.2 2.5v3.4h4.6V2.5M5 13.5V9h6v4.5"/>',
    "download": '<path d="M8 2.5v7.5M4.8 7L8 10.2 11.2 7M3 13.5h10"/>',
    "audio": '<path d="M2.5 7v2M5.2 5v6M8 2.5v11M10.8 5v6M13.5 7v2"/>',
    "scout": '<circle cx="8" cy="8" r="5.5"/><path d="M10.6 5.4L9 9l-3.6 1.6L7 7z" class="f"/>',
    "warning": '<path d="M8 2.5l6 11H2z"/><path d="M8 6.5v3.2M8 11.3v.6"/>',
    "info": '<circle cx="8" cy="8" r="5.8"/><path d="M8 7.3v3.6M8 4.9v.6"/>',
}


def pixmap(name: str, color: str = "text", size: int = SIZE, ratio: float = 1.0) -> QPixmap:
    """An icon drawn for a screen of `ratio` device pixels a point."""
    stroke = theme.color(color).name()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><style>.f{{fill:{stroke}}}</style>'
        f'<g fill="none" stroke="{stroke}" stroke-width="1.3" stroke-linecap="round" stroke-linejoin="round">'
        f"{SHAPES[name]}</g></svg>"
    ).replace('class="f"', f'fill="{stroke}"')
    drawn = QPixmap(QSize(size, size) * ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(svg.encode())).render(painter)
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


def icon(name: str, color: str = "text", size: int = SIZE) -> QIcon:
    """An icon in a colour of the palette in use, faint where it is disabled."""
    ratio = max([screen.devicePixelRatio() for screen in QGuiApplication.screens()] or [1.0])
    made = QIcon(pixmap(name, color, size, ratio))
    made.addPixmap(pixmap(name, "faint", size, ratio), QIcon.Mode.Disabled)
    return made
