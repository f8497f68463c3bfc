"""A small shop, as somebody would write it in an afternoon. Nothing here knows of Picket."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ITEMS = [{"id": n, "name": name} for n, name in enumerate(["tea", "coffee", "cocoa", "mate"])]


class Shop(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        wanted = parse_qs(url.query).get("q", [""])[0]
        if url.path == "/search":
            self.answer([item for item in ITEMS if wanted in item["name"]])
        else:
            self.answer(ITEMS)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer({"received": len(body)})

    def answer(self, what):
        body = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", 8000), Shop).serve_forever()
