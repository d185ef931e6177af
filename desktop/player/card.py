"""The sound card through QtMultimedia. Lives in the sound thread; QtMultimedia loads with the first sound."""

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QIODevice, QObject, QTimer, Signal, Slot

from desktop.player.frames import Encoding, Pull, Resampler, encoded
from desktop.player.mixer import Mixer

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QAudioDevice, QAudioFormat, QAudioSink, QMediaDevices

BUFFER_S = 0.06  # a switch is heard within this time
_LINGER_MS = 250  # the card stays open this long after a stop, for its fade and for a quick start


class Card(QObject):
    """Plays a mixer on the default device, and moves with it when another becomes the default."""

    available = Signal(bool)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._mixer: Mixer | None = None
        self._wanted = False
        self._sink: QAudioSink | None = None
        self._source: _Source | None = None
        self._devices: QMediaDevices | None = None
        self._device_id = b""

    @Slot()
    def prepare(self) -> None:
        """Load QtMultimedia and look for devices, which takes a while the first time."""
        from PySide6.QtMultimedia import QMediaDevices

        if self._devices is None:
            devices = QMediaDevices(self)
            devices.audioOutputsChanged.connect(self._devices_changed)
            self._devices = devices

    @Slot(object)
    def play(self, mixer: Mixer) -> None:
        """Pull from `mixer` from now on."""
        self._wanted = True
        same = self._mixer is mixer and self._sink is not None
        self._mixer = mixer
        if not same:
            self._open()

    @Slot()
    def stop(self) -> None:
        """Close the card once the fade is through, unless it is wanted again by then."""
        self._wanted = False
        QTimer.singleShot(_LINGER_MS, self, self._close_unwanted)

    @Slot()
    def close(self) -> None:
        """Let go of everything that lives in this thread."""
        self._wanted = False
        self._drop()
        self._devices = None
        self.closed.emit()

    def heard(self, mixer: Mixer) -> int:
        """How many frames have reached the ear; may be asked from any thread."""
        source = self._source
        return source.heard(mixer) if source is not None else 0

    def _open(self) -> None:
        from PySide6.QtMultimedia import QAudioSink, QMediaDevices

        self._drop()
        self.prepare()
        device = QMediaDevices.defaultAudioOutput()
        mixer = self._mixer
        if mixer is None or device.isNull():
            self._device_id = b""
            self.available.emit(False)
            return
        self._device_id = bytes(device.id().data())
        form = _format(device, mixer.sample_rate)
        sink = QAudioSink(device, form, self)
        sink.setBufferSize(form.bytesForDuration(round(BUFFER_S * 1e6)))
        self._source = _Source(mixer, form, self)
        self._source.open(QIODevice.OpenModeFlag.ReadOnly | QIODevice.OpenModeFlag.Unbuffered)
        sink.stateChanged.connect(self._state_changed)
        sink.start(self._source)
        self._source.buffered = sink.bufferSize() // form.bytesPerFrame()
        self._sink = sink
        self.available.emit(not _failed(sink))

    def _drop(self) -> None:
        if self._sink is not None:
            self._sink.stateChanged.disconnect(self._state_changed)
            self._sink.stop()
            self._sink.deleteLater()
        if self._source is not None:
            self._source.close()
        self._sink = self._source = None

    @Slot()
    def _close_unwanted(self) -> None:
        if not self._wanted:
            self._drop()

    @Slot()
    def _devices_changed(self) -> None:
        from PySide6.QtMultimedia import QMediaDevices

        if self._wanted and QMediaDevices.defaultAudioOutput().id().data() != self._device_id:
            self._open()

    @Slot()
    def _state_changed(self) -> None:
        if self._wanted and self._sink is not None and _failed(self._sink):
            self._drop()
            self.available.emit(False)


class _Source(QIODevice):
    """What the card reads: the mixer's samples, without end."""

    def __init__(self, mixer: Mixer, form: "QAudioFormat", parent: QObject) -> None:
        super().__init__(parent)
        self.buffered = 0
        self._mixer = mixer
        self._channels, self._frame_bytes = form.channelCount(), form.bytesPerFrame()
        self._encoding = _encodings()[form.sampleFormat()]
        self._rate = form.sampleRate()
        self._pull: Pull = mixer.pull
        if self._rate != mixer.sample_rate:
            self._pull = Resampler(mixer.pull, mixer.sample_rate, self._rate, mixer.channels).pull
        self._last = (0.0, 0)  # when it was read last, and the mixer's frames then

    def readData(self, size: int) -> bytes:
        """At most `size` bytes; Qt calls this."""
        frames = min(size // self._frame_bytes, self._rate // 4)
        data = encoded(self._pull(frames), self._channels, self._encoding)
        self._last = (time.monotonic(), self._mixer.pulled)
        return data

    def bytesAvailable(self) -> int:
        """There is always more."""
        return 1 << 20

    def isSequential(self) -> bool:
        """A stream has no place to go back to."""
        return True

    def heard(self, mixer: Mixer) -> int:
        """The frames that were read, less those that wait in the card's buffer."""
        when, pulled = self._last
        rate = mixer.sample_rate
        waiting = self.buffered * rate / self._rate
        heard = min(pulled, pulled - waiting + (time.monotonic() - when) * rate)
        return max(0, round(min(heard, mixer.pulled)))


def _format(device: "QAudioDevice", sample_rate: int) -> "QAudioFormat":
    """Two channels of float at the clip's own rate where the card takes that, else what it likes best."""
    from PySide6.QtMultimedia import QAudioFormat

    form = QAudioFormat()
    form.setSampleRate(sample_rate)
    form.setChannelCount(2)
    form.setSampleFormat(QAudioFormat.SampleFormat.Float)
    return form if device.isFormatSupported(form) else device.preferredFormat()


def _encodings() -> dict[Any, Encoding]:
    from PySide6.QtMultimedia import QAudioFormat

    of = QAudioFormat.SampleFormat
    return {of.UInt8: "uint8", of.Int16: "int16", of.Int32: "int32", of.Float: "float"}


def _failed(sink: "QAudioSink") -> bool:
    from PySide6.QtMultimedia import QtAudio

    return sink.error() not in (QtAudio.Error.NoError, QtAudio.Error.UnderrunError)
