#!/usr/bin/env python3
"""Takes the hellos in this folder anew, from clients and services of this machine over loopback.

    python3 -m venv v && v/bin/pip install scapy ja4plus curl_cffi
    v/bin/python tests/data/tls/capture.py FOLDER

Between client and service stands a relay that keeps the first bytes of either side. What stands in
`expected.json` comes from others: the facts from scapy's dissector, fingerprints from ja4plus.
Needs: openssl, curl, wget, node, python3, go, java, gnutls-cli, tstclnt (libnss3-tools).
"""
import hashlib, json, os, socket, subprocess, sys, tempfile, threading, time

OUT = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp()
os.chdir(WORK)

GO = """package main
import ("crypto/tls"; "net/http"; "os")
func main() {
    t := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "Shop.Example"}}
    t.ForceAttemptHTTP2 = len(os.Args) > 2
    (&http.Client{Transport: t}).Get(os.Args[1])
}"""
JAVA = """import java.net.*; import java.net.http.*;
public class J { public static void main(String[] a) throws Exception {
    HttpClient.newHttpClient().send(HttpRequest.newBuilder(URI.create(a[0])).build(),
        HttpResponse.BodyHandlers.ofString()); } }"""


def run(command, wait=20, feed=b""):
    try:
        return subprocess.run(command, input=feed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=wait)
    except subprocess.TimeoutExpired:
        return None


def relay(upstream):
    """A port, and the bytes of both directions of the last connection to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = {}

    def pump(source, sink, side):
        try:
            while data := source.recv(65536):
                seen[side] += data
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve():
        while True:
            client, _ = listener.accept()
            service = socket.create_connection(("127.0.0.1", upstream))
            seen.update(client=b"", service=b"")
            for pair in ((client, service, "client"), (service, client, "service")):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1], seen


def service(*options):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", "cert.pem", "-key", "key.pem", "-quiet",
         *(["-www"] if "-early_data" not in options else []), *options], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return port, process
        except OSError:
            assert process.poll() is None, options
            time.sleep(0.02)


def end_of_hello(data):
    """Where the first handshake message ends; hellos here lie within a record."""
    if data[0] != 22:
        return len(data)
    return 5 + 4 + int.from_bytes(data[6:9], "big")


def s_client(port, *options, feed=b"GET / HTTP/1.0\r\n\r\n"):
    return run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-ign_eof", *options], feed=feed)


def resumed(*options, early=False):
    """A second connection that goes on with the first one's session."""
    def client(port):
        s_client(port, *options, "-sess_out", "session")
        open("early", "wb").write(b"GET / HTTP/1.0\r\n\r\n")
        s_client(port, *options, "-sess_in", "session", *(["-early_data", "early"] if early else []))
    return client


def python(port):
    code = (f"import ssl,socket; c=ssl._create_unverified_context(); c.set_alpn_protocols(['http/1.1']);"
            f"c.wrap_socket(socket.create_connection(('127.0.0.1',{port})),server_hostname='shop.example')")
    run([sys.executable, "-c", code])


def browser(kind):
    def client(port):
        from curl_cffi import requests
        try:
            requests.get(f"https://localhost:{port}/", impersonate=kind, verify=False, timeout=5)
        except Exception:
            pass
    return client


def node(port):
    run(["node", "-e", f"require('https').get({{port:{port},rejectUnauthorized:false,servername:'shop.example'}})"
                       ".on('error',()=>{})"])


def node_http2(port):
    run(["node", "-e", f"const s=require('http2').connect('https://localhost:{port}',{{rejectUnauthorized:false}});"
                       "s.on('error',()=>{});s.on('connect',()=>s.destroy())"])


ANY = ("-alpn", "http/1.1,h2")
TLS12 = ("-tls1_2", "-alpn", "http/1.1")
CURL = ["curl", "-sk", "--max-time", "5"]
CASES = [
    ("curl", ANY, lambda p: run([*CURL, f"https://localhost:{p}/"])),
    ("curl-tls12", TLS12, lambda p: run([*CURL, "--tls-max", "1.2", f"https://localhost:{p}/"])),
    ("curl-address", ANY, lambda p: run([*CURL, f"https://127.0.0.1:{p}/"])),
    ("curl-chacha", ("-tls1_2", "-cipher", "ECDHE-RSA-CHACHA20-POLY1305"),
     lambda p: run([*CURL, "--http1.1", f"https://localhost:{p}/"])),
    ("wget", ANY, lambda p: run(["wget", "-qO-", "--no-check-certificate", f"https://localhost:{p}/"])),
    ("openssl", ANY, lambda p: s_client(p)),
    ("openssl-tls12", TLS12, lambda p: s_client(p, "-tls1_2", "-alpn", "http/1.1", "-servername", "SHOP.example")),
    ("openssl-tls13", ANY, lambda p: s_client(p, "-tls1_3", "-servername", "shop.example")),
    ("openssl-tls10", ("-cipher", "ALL:@SECLEVEL=0"), lambda p: s_client(p, "-tls1", "-cipher", "ALL:@SECLEVEL=0",
                                                                         "-noservername")),
    ("openssl-retry", ("-groups", "P-521"), lambda p: s_client(p, "-groups", "X25519:P-521")),
    ("openssl-resumed", ANY, resumed("-tls1_3")),
    ("openssl-early", ("-early_data", *ANY), resumed("-tls1_3", early=True)),
    ("openssl-ticket", TLS12, resumed("-tls1_2")),
    ("openssl-version", ("-tls1_3",), lambda p: s_client(p, "-tls1_2")),
    ("openssl-no-cipher", ("-tls1_2", "-cipher", "AES128-SHA"),
     lambda p: s_client(p, "-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384")),
    ("openssl-no-protocol", ("-alpn", "h2"), lambda p: s_client(p, "-alpn", "http/1.1")),
    ("openssl-name-warning", ("-tls1_2", "-servername", "other.example", "-cert2", "cert.pem", "-key2", "key.pem"),
     lambda p: s_client(p, "-tls1_2", "-servername", "shop.example")),
    ("gnutls", ANY, lambda p: run(["gnutls-cli", "--insecure", "--alpn=h2", "--alpn=http/1.1",
                                   "--sni-hostname=shop.example", "-p", str(p), "127.0.0.1"])),
    ("nss", ANY, lambda p: run(["tstclnt", "-h", "127.0.0.1", "-p", str(p), "-a", "shop.example", "-o", "-D", "-Q",
                                "-b"])),
    ("python", ANY, python),
    ("node", ANY, node),
    ("node-http2", ANY, node_http2),
    ("go", ANY, lambda p: run(["./go-client", f"https://127.0.0.1:{p}/"])),
    ("go-http2", ANY, lambda p: run(["./go-client", f"https://127.0.0.1:{p}/", "h2"])),
    ("java", ANY, lambda p: run(["java", "J.java", f"https://localhost:{p}/"], wait=60)),
    ("chrome", ANY, browser("chrome131")),
    ("firefox", ANY, browser("firefox135")),
    ("safari", ANY, browser("safari180")),
]


def expected_of_client(data):
    from ja4plus.fingerprinters.ja4 import generate_ja4, get_raw_fingerprint
    from ja4plus.utils.tls_utils import extract_tls_info
    from scapy.all import IP, TCP, Raw, load_layer
    load_layer("tls")
    from scapy.layers.tls.all import TLS, TLSClientHello
    packet = IP() / TCP(dport=443) / Raw(data)
    info = extract_tls_info(packet)
    hello = TLS(data)[TLSClientHello]
    grease = lambda v: v & 0x0f0f == 0x0a0a and v >> 8 == v & 0xff
    plain = lambda values: [v for v in values or [] if not grease(v)]
    extensions = {e.type: e for e in hello.ext or []}
    field = lambda kind, name: getattr(extensions[kind], name, None) if kind in extensions else None
    names = field(0, "servernames") or []
    return {
        "random": (hello.gmt_unix_time.to_bytes(4, "big") + hello.random_bytes).hex(),
        "legacy_version": hello.version,
        "versions": plain(field(43, "versions")),
        "cipher_suites": plain(hello.ciphers),
        "extensions": plain(e.type for e in hello.ext or []),
        "sni": names[0].servername.decode().lower() if names else None,
        "alpn": [p.protocol.decode() for p in field(16, "protocols") or []],
        "signature_algorithms": plain(field(13, "sig_algs")),
        "groups": plain(field(10, "groups")),
        "ticket": bool(field(35, "ticket")),
        "psk": 41 in extensions,
        "early_data": 42 in extensions,
        "ech": 0xfe0d in extensions,
        "ja4": generate_ja4(info),
        "ja4_r": get_raw_fingerprint(info),
    }


def expected_of_service(data):
    from scapy.all import load_layer
    load_layer("tls")
    from scapy.layers.tls.all import TLS, TLS13HelloRetryRequest
    alerts = []
    while data[0] == 21:
        alerts.append((data[5], data[6]))
        data = data[7:]
        if not data or alerts[-1][0] == 2:
            return {"alert": {"level": alerts[-1][0], "description": alerts[-1][1]}}
    message = data[5:end_of_hello(data)]
    # Without the client's hello, scapy does not try whether it is a HelloRetryRequest.
    retry = hashlib.sha256(b"HelloRetryRequest").digest() in message
    first = TLS13HelloRetryRequest(message) if retry else TLS(data).msg[0]
    extensions = {e.type: e for e in first.ext or []}
    version = getattr(extensions.get(43), "version", first.version)
    protocols = getattr(extensions.get(16), "protocols", None) or []
    return {
        "version": version,
        "cipher_suite": first.cipher,
        "alpn": protocols[0].protocol.decode() if protocols else None,
        "retry": retry,
        "warnings": len(alerts),
    }


def main():
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
         "-days", "2", "-subj", "/CN=localhost"])
    open("main.go", "w").write(GO)
    open("J.java", "w").write(JAVA)
    print(run(["go", "build", "-o", "go-client", "main.go"], wait=300).stdout.decode())
    expected = []
    for name, options, client in CASES:
        upstream, process = service(*options)
        port, seen = relay(upstream)
        client(port)
        deadline = time.monotonic() + 5
        while not (seen.get("client") and seen.get("service")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
        if not seen.get("client"):
            print("nothing of", name)
            continue
        entry = {"name": name}
        # A little of what follows the hello is kept: it has to be left alone.
        hello = seen["client"][:end_of_hello(seen["client"]) + 16]
        open(f"{OUT}/{name}.client", "wb").write(hello)
        entry["client"] = expected_of_client(seen["client"][:end_of_hello(seen["client"])])
        answer = seen["service"]
        if answer:
            at = 0
            while answer[at] == 21 and answer[at + 5] == 1:
                at += 7
            open(f"{OUT}/{name}.service", "wb").write(answer[:at + end_of_hello(answer[at:]) + 16])
            entry["service"] = expected_of_service(answer)
        expected.append(entry)
        print(name, len(seen["client"]), len(answer), entry["client"]["ja4"], entry.get("service"))
    with open(f"{OUT}/expected.json", "w") as file:
        lines = ",\n".join("  " + json.dumps(e) for e in expected)
        file.write(f"[\n{lines}\n]\n")


main()
