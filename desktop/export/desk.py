"""The desktop around the app: files on the clipboard, in a drag, and in the file manager."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

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


def reveal(path: Path) -> None:
    """Show a file in its folder, selected where the system can do that."""
    if sys.platform == "win32":
        subprocess.Popen(["explorer", f"/select,{path}"])
    elif sys.platform == "darwin":
        subprocess.Popen(["open", "-R", str(path)])
    elif not _shown_by_file_manager(path):
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


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
