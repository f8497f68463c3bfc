"""usage: http_server.py CERTIFICATE KEY PORT ADDRESS..."""
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATUSES = [200, 201, 404, 410, 502]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
context.set_alpn_protocols(["http/1.1"])
port = int(sys.argv[3])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def read_body(self):
        """Length of the body."""
        length = left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                length += len(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        return length

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for n in range(10):
            self.wfile.write(b"8\r\nchunk %d\n\r\n" % n)
        self.wfile.write(b"0\r\n\r\n")

    def websocket(self):
        """Sends back what comes. The answer is the one to the key of RFC 6455 section 1.3."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.send_header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        self.end_headers()
        while data := self.rfile.read1(1 << 14):
            self.wfile.write(data)
        self.close_connection = True

    def answer(self):
        length = self.read_body()
        words = self.path.split("/")
        if words[1] == "id":
            self.reply(STATUSES[int(words[2]) % 5], f"id {words[2]}\n".encode())
        elif words[1] == "length":
            self.reply(200, f"length {length}\n".encode())
        elif words[1] == "big":
            self.reply(200, b"0123456789abcdef" * (int(words[2]) // 16))
        elif words[1] == "chunked":
            self.chunked()
        elif words[1] == "ws":
            self.websocket()
        else:
            self.reply(400, b"not known\n")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, address):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.address = address
        super().__init__((address, port), Handler)
        # The connection's own thread shakes hands, when it reads for the first time.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def server_bind(self):
        if self.address_family == socket.AF_INET6:
            only = 0 if self.address == "::" else 1
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        super().server_bind()

    def handle_error(self, request, client_address):
        # A client that goes away is no fault of the server's.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


servers = [Server(address) for address in sys.argv[4:]]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
