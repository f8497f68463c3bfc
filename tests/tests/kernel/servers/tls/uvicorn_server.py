"""usage: uvicorn_server.py CERTIFICATE KEY PORT ADDRESS..."""
import socket
import sys

import uvicorn

STATUSES = [200, 201, 404, 410, 502]


async def read_body(receive):
    """Length of the body."""
    length = 0
    while True:
        message = await receive()
        length += len(message.get("body", b""))
        if not message.get("more_body"):
            return length


async def site(scope, receive, send):
    words = scope["path"].split("/")
    length = await read_body(receive)
    status, bodies, sized = 200, [], True
    if words[1] == "id":
        status, bodies = STATUSES[int(words[2]) % 5], [f"id {words[2]}\n".encode()]
    elif words[1] == "length":
        bodies = [f"length {length}\n".encode()]
    elif words[1] == "big":
        bodies = [b"0123456789abcdef" * (int(words[2]) // 16)]
    elif words[1] == "chunked":
        bodies, sized = [b"chunk %d\n" % n for n in range(10)], False
    else:
        status = 400
    headers = [(b"content-length", str(sum(map(len, bodies))).encode())] if sized else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for body in bodies:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio switches Nagle's algorithm off only for sockets that say that they are TCP's.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
    sock.bind((address, port))
    return sock


config = uvicorn.Config(
    site, ssl_certfile=sys.argv[1], ssl_keyfile=sys.argv[2], log_level="warning", lifespan="off", ws="none",
    # Its own default has none of TLS 1.2 that goes with a key on a curve.
    ssl_ciphers="DEFAULT", timeout_keep_alive=300, backlog=512,
)
uvicorn.Server(config).run(sockets=[listen(address, int(sys.argv[3])) for address in sys.argv[4:]])
