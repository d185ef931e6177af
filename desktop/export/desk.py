"""The desktop around the app: files on the clipboard, in a drag, and in the file manager."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from desktop.app import App

_GNOME = "x-special/gnome-copied-files"


def file_mime(path: Path) -> QMimeData:
    """A file for a drag or the clipboard: text/uri-list. Raises FileNotFoundError if it is not there."""
    if not path.is_file():
        raise FileNotFoundError(path)
    mime = QMimeData()
    url = QUrl.fromLocalFile(str(path))
    mime.setUrls([url])
    mime.setData(_GNOME, b"copy\n" + url.toEncoded().data())
    return mime


def copy_file(path: Path) -> None:
    """Put a file on the clipboard, to be pasted into a folder or a DAW."""
    QGuiApplication.clipboard().setMimeData(file_mime(path))


def reveal(app: App, path: Path) -> None:
    """Show a file in its folder, selected where the system can do that."""

    def asked(shown: bool) -> None:
        if not shown:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))

    app.background.call(lambda: _selected_in_its_folder(path), asked)


def _selected_in_its_folder(path: Path) -> bool:
    """True if the system can do that. It may take a second to answer."""
    if sys.platform == "win32":
        subprocess.Popen(["explorer", f"/select,{path}"])
        return True
    if sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
        return True
    return _shown_by_file_manager(path)


def _shown_by_file_manager(path: Path) -> bool:
    """Ask the file manager over D-Bus (freedesktop's org.freedesktop.FileManager1)."""
    from PySide6.QtDBus import QDBusConnection, QDBusMessage

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    name = "org.freedesktop.FileManager1"
    call = QDBusMessage.createMethodCall(name, "/org/freedesktop/FileManager1", name, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    reply = bus.call(call, timeout=1000)
    return reply.type() == QDBusMessage.MessageType.ReplyMessage
