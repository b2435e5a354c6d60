"""Serves a folder over loopback as CloudFront serves the page: compressed, with its security headers."""

from __future__ import annotations

import gzip
import http.server
import threading
from functools import cache
from pathlib import Path

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8", ".json": "application/json",
}  # fmt: skip
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6)


class Server:
    """What a test may change: which file is answered with which status."""

    def __init__(self, site: Path, data: Path) -> None:
        self.failing: set[str] = set()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                path = self.path.partition("?")[0].lstrip("/") or "index.html"
                file = (data if path.startswith("data/") else site) / path
                status = 200 if file.is_file() and ".." not in path else 403
                if any(name in path for name in server.failing):
                    status = 503
                body = compressed(file) if status == 200 else gzip.compress(b"no")
                self.send_response(status)
                self.send_header("Content-Type", MEDIA_TYPES.get(file.suffix, "text/plain"))
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", POLICY)
                self.send_header("X-Content-Type-Options", "nosniff")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Http(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A browser that goes elsewhere hangs up."""

        self.http = Http(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
