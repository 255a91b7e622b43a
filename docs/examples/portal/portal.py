"""A portal of your own in front of modegate's API: Python 3, standard library only.

The browser never sees a token of modegate. This program asks for one that acts for the person who
is signed in (see docs/api.md, "A token for one person"), keeps it in memory, and passes on only the
few requests that the page portal.html makes.

  MODEGATE_URL=https://mdm.contoso.com:8444 MODEGATE_TOKEN=mdt_… python3 portal.py 127.0.0.1:8000

MODEGATE_TOKEN is a token of the role admin: only that may make tokens. MODEGATE_CA names a file with
the issuer of modegate's certificate, where that is your own. Who is signed in is what your reverse
proxy says in X-User: put one in front that signs people in and replaces that header, and listen on
loopback, as here.
"""

import datetime, http.server, json, os, pathlib, re, ssl, sys, threading, time
import urllib.error, urllib.parse, urllib.request

URL, ADMIN = os.environ["MODEGATE_URL"].rstrip("/"), os.environ["MODEGATE_TOKEN"]
CONTEXT = ssl.create_default_context(cafile=os.environ.get("MODEGATE_CA"))
PAGE = (pathlib.Path(__file__).parent / "portal.html").read_bytes()
HOURS, TOKENS, LOCK = 8, {}, threading.Lock()
DEVICE, INSTALL = r"/devices/[0-9a-f]{32}", r"/installs/[0-9a-f]{32}-i[0-9]+"
ALLOWED = [("GET", r"/devices"), ("GET", DEVICE + r"/offers(\?q=[^&]*)?"), ("POST", DEVICE + "/installs"),
           ("GET", INSTALL), ("GET", INSTALL + "/events"), ("DELETE", INSTALL)]


def call(token, method, path, body=None, **headers):
    headers.update({"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    request = urllib.request.Request(URL + "/api/v1" + path, body, headers, method=method)
    return urllib.request.urlopen(request, timeout=60, context=CONTEXT if URL.startswith("https") else None)


def token_of(user):
    """The token that acts for this user on the user's devices."""
    with LOCK:
        token, ends = TOKENS.get(user, (None, 0))
        if time.time() < ends - 60:
            return token
        devices = json.load(call(ADMIN, "GET", "/devices?user=" + urllib.parse.quote(user, safe="")))["items"]
        if not devices:
            return None
        ends = time.time() + HOURS * 3600
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).isoformat()
        person = {"user": user, "devices": [device["id"] for device in devices][:64]}
        new = {"name": "portal " + os.urandom(8).hex(), "role": "portal", "expires_at": until, "person": person}
        TOKENS[user] = json.load(call(ADMIN, "POST", "/tokens", json.dumps(new).encode()))["token"], ends
        return TOKENS[user][0]


class Portal(http.server.BaseHTTPRequestHandler):
    def answer(self, status, kind, body):
        self.send_response(status)
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, user = self.path.removeprefix("/api"), self.headers.get("X-User")
        if self.path == "/":
            return self.answer(200, "text/html; charset=utf-8", PAGE)
        is_allowed = any(self.command == method and re.fullmatch(form, path) for method, form in ALLOWED)
        # A page of another site cannot set this header, so it cannot send a write.
        is_own = self.command == "GET" or self.headers.get("X-Portal") == "1"
        if not (user and self.path.startswith("/api/") and is_allowed and is_own):
            return self.answer(403, "application/json", b'{"detail":"this is not for you"}')
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 4096)) or None
        last = {"Last-Event-ID": self.headers["Last-Event-ID"]} if "Last-Event-ID" in self.headers else {}
        try:
            token = token_of(user)
            if token is None:
                return self.answer(200, "application/json", b'{"items":[],"next":null}')
            answer = call(token, self.command, path, body, **last)
        except urllib.error.HTTPError as error:
            return self.answer(error.code, "application/json", error.read())
        if not path.endswith("/events"):
            return self.answer(answer.status, "application/json", answer.read())
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        while line := answer.readline():
            self.wfile.write(line)
            self.wfile.flush()

    do_POST = do_DELETE = do_GET


if __name__ == "__main__":
    host, port = sys.argv[1].rsplit(":", 1)
    server = http.server.ThreadingHTTPServer((host, int(port)), Portal)
    print("http://%s:%d/" % server.server_address, flush=True)
    server.serve_forever()
