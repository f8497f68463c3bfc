"""A small shop with the holes that shops have.

usage: shop.py ACCESS_LOG PORT ADDRESS...

Users are user0 to user399 with the password "right-USER-1". Order N belongs to user N % 400; orders with an even number are
handed to anybody who is logged in. Cards that end in 0002 are declined.
"""
import base64
import hashlib
import hmac
import html
import json
import os
import re
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import traceback
import urllib.request
import xmlrpc.client
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

log = open(sys.argv[1], "a", buffering=1)
port = int(sys.argv[2])
here = os.path.dirname(os.path.abspath(sys.argv[1]))
USERS = 400
SECRET = secrets.token_bytes(32)


def password_of(user):
    return f"right-{user}-1"


class Shop:
    """What the shop keeps. SQLite is asked by one thread at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sessions = {}
        self.accounts = {f"user{n}": password_of(f"user{n}") for n in range(USERS)}
        self.database = sqlite3.connect(":memory:", check_same_thread=False)
        self.database.execute("CREATE TABLE products (id INTEGER, name TEXT, price TEXT)")
        self.database.execute("CREATE TABLE customers (name TEXT, email TEXT, hash TEXT)")
        for n in range(200):
            name = f"{['red', 'green', 'blue', 'grey'][n % 4]} {['lamp', 'chair', 'table', 'shelf', 'mug'][n % 5]} {n}"
            self.database.execute("INSERT INTO products VALUES (?, ?, ?)", (n, name, f"{n}.90"))
        for n in range(USERS):
            row = (f"user{n}", f"user{n}@mail.example", hashlib.sha256(b"%d" % n).hexdigest())
            self.database.execute("INSERT INTO customers VALUES (?, ?, ?)", row)
        for folder in ("files", "uploads"):
            os.makedirs(os.path.join(here, folder), exist_ok=True)
        with open(os.path.join(here, "files", "manual.txt"), "w") as manual:
            manual.write("Put the lamp on the table.\n")

    def ask(self, statement, values=()):
        with self.lock:
            return self.database.execute(statement, values).fetchall()


shop = Shop()


class Refused(Exception):
    """An answer that is no page."""

    def __init__(self, status, body, headers=()):
        super().__init__(status)
        self.answer = (status, body, headers)


def page(title, body):
    return f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_for(user):
    """A JSON web token (RFC 7519), HS256."""
    head = encoded(b'{"alg":"HS256","typ":"JWT"}') + "." + encoded(json.dumps({"sub": user}).encode())
    return head + "." + encoded(hmac.new(SECRET, head.encode(), "sha256").digest())


def user_of_token(token):
    head, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature, encoded(hmac.new(SECRET, head.encode(), "sha256").digest())):
        raise Refused(401, {"error": "unauthorized"})
    payload = head.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]


# A field at the top of a GraphQL document, and one of its arguments; as much of the language as the shop's own pages send.
FIELD = re.compile(r'(?:(\w+)\s*:\s*)?\b(login|me|products|forgotPassword)\b\s*(?:\(([^()]*)\))?')
ARGUMENT = re.compile(r'(\w+)\s*:\s*(?:"((?:[^"\\]|\\.)*)"|\$(\w+))')

LOGIN = '<form method="post"><input name="username"><input type="password" name="password"><button>Log in</button></form>'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "shop/1"
    sys_version = ""

    # What was asked.

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def fields(self):
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/json"):
            value = json.loads(self.body or b"{}")
            return value if isinstance(value, dict) else {}
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return {}

    def cookies(self):
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}
        except CookieError:
            return {}

    def user(self):
        """Who is logged in, or a refusal."""
        kind, _, token = self.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer" and token.count(".") == 2:
            return user_of_token(token)
        user = shop.sessions.get(self.cookies().get("session"))
        if user is None:
            raise Refused(401, {"error": "unauthorized"})
        return user

    # Pages.

    def home(self):
        return 200, page("Shop", '<a href="/search?q=lamp">Lamps</a> <a href="/login">Log in</a>')

    def healthz(self):
        return 200, {"status": "up"}

    def product(self, number):
        rows = shop.ask("SELECT name, price FROM products WHERE id = ?", (number,))
        if not rows:
            raise Refused(404, page("Not here", "This product is gone."))
        return 200, page(rows[0][0], f"<p>{rows[0][1]} EUR</p>")

    def stock(self, number):
        return 200, {"product": number, "stock": 7}

    def search(self):
        """The hole: what is searched for becomes part of the statement."""
        rows = shop.ask(f"SELECT name, price FROM products WHERE name LIKE '%{self.query.get('q', '')}%'")
        return 200, page("Found", "".join(f"<p>{name}: {price}</p>" for name, price in rows))

    def item(self):
        """The same without the hole."""
        rows = shop.ask("SELECT name FROM products WHERE name LIKE ?", (f"%{self.query.get('name', '')}%",))
        return 200, page("Items", f"<p>{len(rows)} found</p>")

    def login(self):
        if self.command == "GET":
            return 200, page("Log in", LOGIN)
        fields = self.fields()
        user, password = fields.get("username", ""), fields.get("password", "")
        if shop.accounts.get(user) != password:
            return 401, page("Log in", "<p>Invalid username or password.</p>" + LOGIN)
        session = secrets.token_hex(16)
        shop.sessions[session] = user
        return 303, "", (("Location", "/account"), ("Set-Cookie", f"session={session}; Path=/; HttpOnly; SameSite=Lax"))

    def logout(self):
        shop.sessions.pop(self.cookies().get("session"), None)
        return 303, "", (("Location", "/"), ("Set-Cookie", "session=; Path=/; Max-Age=0"))

    def api_login(self):
        """It tells who has an account."""
        fields = self.fields()
        user = fields.get("username", "")
        if user not in shop.accounts:
            return 401, {"error": "unknown user"}
        if shop.accounts[user] != fields.get("password"):
            return 401, {"error": "wrong password"}
        return 200, {"access_token": token_for(user), "token_type": "Bearer"}

    def graphql(self):
        asked = json.loads(self.body)
        if isinstance(asked, list):
            return 200, [self.run(one) for one in asked]
        return 200, self.run(asked)

    def run(self, asked):
        """A document: GraphQL answers 200 whatever comes of it."""
        data, errors = {}, []
        variables = asked.get("variables") or {}
        for alias, name, given in FIELD.findall(asked["query"].partition("{")[2]):
            key = alias or name
            values = {to: variables.get(variable) if variable else text for to, text, variable in ARGUMENT.findall(given)}
            try:
                data[key] = getattr(self, "resolve_" + name)(values)
            except ValueError as error:
                data[key] = None
                errors.append({"message": str(error), "path": [key]})
        return {"data": data, "errors": errors} if errors else {"data": data}

    def resolve_login(self, values):
        user = values.get("username", "")
        if shop.accounts.get(user) != values.get("password"):
            raise ValueError("Invalid credentials")
        return {"token": token_for(user)}

    def resolve_me(self, _):
        return {"name": self.user()}

    def resolve_products(self, _):
        return [{"name": name} for (name,) in shop.ask("SELECT name FROM products LIMIT 5")]

    def resolve_forgotPassword(self, _):
        return True

    def xmlrpc(self):
        """What WordPress answers to programs."""
        values, method = xmlrpc.client.loads(self.body)
        try:
            answer = (self.call(method, values),)
        except xmlrpc.client.Fault as fault:
            answer = fault
        return 200, "<?xml version='1.0'?>\n" + xmlrpc.client.dumps(answer, methodresponse=True)

    def call(self, method, values):
        if method == "system.multicall":
            return [self.called(one["methodName"], one["params"]) for one in values[0]]
        if method == "system.listMethods":
            return ["system.multicall", "wp.getUsersBlogs", "wp.getPosts"]
        place = {"wp.getUsersBlogs": 0, "wp.getPosts": 1}.get(method)
        if place is None:
            raise xmlrpc.client.Fault(-32601, f"server error. requested method {method} does not exist.")
        user, password = values[place:place + 2]
        if shop.accounts.get(user) != password:
            raise xmlrpc.client.Fault(403, "Incorrect username or password.")
        return [{"isAdmin": False, "blogid": "1", "blogName": "Lamps"}]

    def called(self, method, values):
        try:
            return [self.call(method, values)]
        except xmlrpc.client.Fault as fault:
            return {"faultCode": fault.faultCode, "faultString": fault.faultString}

    def signup(self):
        if self.command == "GET":
            return 200, page("Sign up", LOGIN)
        fields = self.fields()
        user = fields.get("username", "")
        if user in shop.accounts:
            return 409, page("Sign up", "<p>That name is already taken.</p>")
        shop.accounts[user] = fields.get("password", "")
        return 303, "", (("Location", "/welcome"),)

    def welcome(self):
        return 200, page("Welcome", "<p>Good that you are here.</p>")

    def forgot(self):
        return 200, page("Password", "<p>If there is such an account, a mail is on its way.</p>")

    def api_forgot(self):
        """It tells who has an account, and hands out what belongs into a mail."""
        if self.fields().get("email", "").partition("@")[0] not in shop.accounts:
            return 404, {"error": "no such user"}
        return 200, {"sent": True, "reset_token": secrets.token_hex(16)}

    def reset(self):
        return 303, "", (("Location", "/login"),)

    def account(self):
        return 200, page("Account", f"<p>{html.escape(self.user())}</p>")

    def order(self, number):
        user = self.user()
        if not number.isdigit() or int(number) >= 10_000:
            raise Refused(404, {"error": "no such order"})
        owner = f"user{int(number) % USERS}"
        if owner != user and int(number) % 2:
            raise Refused(403, {"error": "not yours"})
        return 200, {"order": int(number), "owner": owner, "total": "19.90"}

    def checkout(self):
        fields = self.fields()
        if fields.get("card", "").endswith("0002"):
            return 402, {"error": "card_declined", "message": "Your card was declined."}
        return 201, {"order": 4711}

    def download(self):
        """The hole: any file."""
        try:
            with open(os.path.join(here, "files", self.query.get("file", "")), "rb") as file:
                return 200, file.read(65536)
        except (OSError, ValueError):
            raise Refused(404, page("Not here", "No such file.")) from None

    def fetch(self):
        """The hole: any address, from here."""
        try:
            with urllib.request.urlopen(self.query.get("url", ""), timeout=0.3) as answer:
                return 200, answer.read(65536)
        except (OSError, ValueError):
            return 200, page("Preview", "<p>There is no preview of this page.</p>")

    def ping(self):
        """The hole: a shell."""
        command = f"echo pinging {self.query.get('host', '')}"
        done = subprocess.run(command, shell=True, capture_output=True, timeout=5, cwd=here, check=False)
        return 200, page("Ping", f"<pre>{html.escape(done.stdout.decode('utf-8', 'replace'))}</pre>")

    def greet(self):
        """The hole: what is sent is written into the page."""
        return 200, page("Hello", f"<p>Hello {self.query.get('name', 'you')}</p>")

    def render(self):
        return 200, page("Preview", f"<p>{html.escape(self.query.get('template', ''))}</p>")

    def report(self):
        """Falls over anything that is no number."""
        return 200, {"month": int(self.query.get("month", "1")), "sales": 17}

    def upload(self):
        """The hole: any name, any content."""
        boundary = self.headers.get("Content-Type", "").partition("boundary=")[2].encode()
        head, _, content = self.body.partition(b"\r\n\r\n")
        name = os.path.basename(head.partition(b'filename="')[2].partition(b'"')[0].decode())
        with open(os.path.join(here, "uploads", name), "wb") as file:
            file.write(content.partition(b"\r\n--" + boundary)[0])
        return 201, {"stored": f"/uploads/{name}"}

    def uploaded(self, name):
        """The hole: programs among the uploads are run, as PHP's module does."""
        file = os.path.join(here, "uploads", os.path.basename(name))
        if not os.path.exists(file):
            raise Refused(404, page("Not here", ""))
        if name.endswith(".php"):
            done = subprocess.run(self.query.get("cmd", ":"), shell=True, capture_output=True, timeout=5, check=False)
            return 200, done.stdout
        with open(file, "rb") as opened:
            return 200, opened.read()

    def environment(self):
        """The hole: it lies where the pages are."""
        return 200, "APP_ENV=production\nAPP_SECRET=pa55-0f-the-5hop\nDATABASE_PASSWORD=5hop-d8\n"

    def admin(self, *_):
        self.user()
        raise Refused(403, {"error": "forbidden"})

    def echo(self, *_):
        """Takes anything; for what has no page of its own."""
        return 200, {"taken": len(self.body)}

    PAGES = {
        "": home, "healthz": healthz, "search": search, "items": item, "login": login, "logout": logout,
        "signup": signup, "welcome": welcome, "account": account, "checkout": checkout, "download": download,
        "fetch": fetch, "ping": ping, "greet": greet, "render": render, "report": report, "upload": upload,
        ".env": environment, "admin": admin, "api/login": api_login, "password/forgot": forgot,
        "password/reset": reset, "api/password/forgot": api_forgot, "feedback": echo,
        "graphql": graphql, "xmlrpc.php": xmlrpc,
    }
    FOLDERS = {
        "product": product, "api/stock": stock, "orders": order, "uploads": uploaded, "admin": admin,
        "reset": echo, "hooks": echo, "editor": echo,
    }

    def answer(self):
        self.body = self.read_body()
        target = urlsplit(self.path)
        self.query = dict(parse_qsl(target.query, keep_blank_values=True))
        path = unquote(target.path).strip("/")
        folder, _, name = path.rpartition("/")
        try:
            if path in self.PAGES:
                answer = self.PAGES[path](self)
            elif folder in self.FOLDERS:
                answer = self.FOLDERS[folder](self, name)
            else:
                answer = 404, page("Not here", "There is no such page.")
        except Refused as refused:
            answer = refused.answer
        except sqlite3.Error:
            # The hole: whoever wrote the search was to see what is wrong with it.
            answer = 500, page("Error", f"<pre>{html.escape(traceback.format_exc())}</pre>")
        except Exception:  # pylint: disable=broad-except
            answer = 500, page("Error", "<p>Something went wrong.</p>")
        self.say(*answer)

    def say(self, status, body, headers=()):
        kind = "text/html; charset=utf-8"
        if isinstance(body, (dict, list)):
            kind, body = "application/json", json.dumps(body)
        if isinstance(body, str) and body.startswith("<?xml"):
            kind = "text/xml"
        if isinstance(body, bytes):
            kind = "text/plain"
        else:
            body = body.encode()
        ip, peer_port = self.client_address[:2]
        log.write(f"{ip} {peer_port} {self.command} {self.path} {status}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, port), Handler)


servers = [Server(address) for address in sys.argv[3:]]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
