"""usage: asyncio_server.py ACCESS_LOG PORT ADDRESS..."""
import asyncio
import socket
import sys

log = open(sys.argv[1], "a", buffering=1)
port = int(sys.argv[2])


async def skip_body(headers, reader, writer):
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        while await reader.readline() not in (b"\r\n", b""):
            pass
    left = int(headers.get("content-length", 0))
    while left > 0:
        data = await reader.read(min(left, 1 << 16))
        if not data:
            break
        left -= len(data)


async def serve(reader, writer):
    ip, peer_port = writer.get_extra_info("peername")[:2]
    try:
        while line := await reader.readline():
            method, target, version = line.decode("latin-1").split()
            headers = {}
            while (field := await reader.readline()) not in (b"\r\n", b""):
                name, _, value = field.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            await skip_body(headers, reader, writer)
            status = "200 OK" if target.startswith("/t/") else "404 Not Found"
            log.write(f"{ip} {peer_port} {method} {target} {status[:3]}\n")
            body = b"" if method == "HEAD" else b"ok\n"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\n".encode() + body)
            await writer.drain()
            if version == "HTTP/1.0" or headers.get("connection", "").lower() == "close":
                break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def listen(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if address == "::" else 1)
    sock.bind((address, port))
    return sock


async def main():
    servers = [await asyncio.start_server(serve, sock=listen(a), backlog=128) for a in sys.argv[3:]]
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
