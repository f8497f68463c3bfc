"""usage: http_server.py ACCESS_LOG PORT ADDRESS..."""
import socket
import sys
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = open(sys.argv[1], "a", buffering=1)
port = int(sys.argv[2])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def read_body(self):
        """CRC-32 of the body."""
        crc = 0
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                crc = zlib.crc32(self.rfile.read(size), crc)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            data = self.rfile.read(min(left, 1 << 16))
            if not data:
                break
            crc = zlib.crc32(data, crc)
            left -= len(data)
        return crc

    def answer(self):
        crc = self.read_body()
        body = b"ok\n"
        if self.path.startswith("/t/"):
            status = 200
        elif self.path.startswith("/sum/"):
            status, body = 200, b"%08x" % crc
        else:
            status = 404
        ip, peer_port = self.client_address[:2]
        log.write(f"{ip} {peer_port} {self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address = address
        super().__init__((address, port), Handler)

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            only = 0 if self.address == "::" else 1
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        super().server_bind()


servers = [Server(address) for address in sys.argv[3:]]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
