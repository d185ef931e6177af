"""A hub on loopback that gives out one model, as huggingface_hub asks for it: slowly, if it has to."""

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SHA = "0123456789abcdef0123456789abcdef01234567"
CHUNK = 1024 * 1024


class Hub(ThreadingHTTPServer):
    """Serves `folder` as the model `name`; `starts` has the byte at which each file was asked for."""

    daemon_threads = True

    def __init__(self, name: str, folder: Path, license: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.name, self.folder, self.license = name, folder, license
        self.seconds_per_chunk = 0.0
        self.starts: list[tuple[str, int]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serve(name: str, folder: Path, license: str = "mit") -> Iterator[Hub]:
    """A hub in a thread of its own."""
    hub = Hub(name, folder, license)
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith(f"/api/models/{self.server.name}"):
            card = {"license": self.server.license}
            files = [_described(file) for file in sorted(self.server.folder.iterdir())]
            self._send_json({"id": self.server.name, "sha": SHA, "siblings": files, "cardData": card})
        elif found := re.fullmatch(rf"/{self.server.name}/resolve/{SHA}/([\w.-]+)", path):
            self._send_file(self.server.folder / found[1])
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send_json(self, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, file: Path) -> None:
        content = file.read_bytes()
        asked = re.fullmatch(r"bytes=(\d+)-\d*", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("Content-Length", str(len(content) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self.server.starts.append((file.name, start))
            self._send_slowly(content[start:])

    def _send_slowly(self, content: bytes) -> None:
        try:
            for at in range(0, len(content), CHUNK):
                self.wfile.write(content[at : at + CHUNK])
                time.sleep(self.server.seconds_per_chunk)
        except OSError:  # the client was stopped
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests' output is theirs."""


def _described(file: Path) -> dict[str, object]:
    """A file as the hub lists it; it knows the sums of large ones."""
    size = file.stat().st_size
    told: dict[str, object] = {"rfilename": file.name, "size": size}
    if file.suffix == ".safetensors":
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        told["lfs"] = {"sha256": digest, "size": size, "pointerSize": 130}
    return told
