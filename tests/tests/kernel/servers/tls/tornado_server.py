"""usage: tornado_server.py CERTIFICATE KEY PORT ADDRESS..."""
import asyncio
import socket
import ssl
import sys

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

STATUSES = [200, 201, 404, 410, 502]


class Id(RequestHandler):
    def get(self, n):
        self.set_status(STATUSES[int(n) % 5])
        self.write(f"id {n}\n")


class Length(RequestHandler):
    def post(self):
        self.write(f"length {len(self.request.body)}\n")


class Big(RequestHandler):
    def get(self, size):
        self.write(b"0123456789abcdef" * (int(size) // 16))


class Chunked(RequestHandler):
    async def get(self):
        for n in range(10):
            self.write(f"chunk {n}\n")
            await self.flush()


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        # Tornado's own listen() never takes both families.
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
    sock.setblocking(False)
    sock.bind((address, port))
    sock.listen(512)
    return sock


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["http/1.1"])
    site = Application(
        [(r"/id/(\d+)", Id), (r"/length/\d+", Length), (r"/big/(\d+)/\d+", Big), (r"/chunked/\d+", Chunked),
         (r"/ws/\d+", Echo)],
        log_function=lambda _: None,
    )
    server = HTTPServer(site, ssl_options=context, idle_connection_timeout=300)
    server.add_sockets([listen(address, int(sys.argv[3])) for address in sys.argv[4:]])
    await asyncio.Event().wait()


asyncio.run(main())
