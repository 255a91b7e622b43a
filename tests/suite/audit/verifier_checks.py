"""Each check of the verifier in Python by an input that only this check refuses.

Arguments: the path of verify.py; --first to end with the first fault. Signatures are forged with the arithmetic of that file and
a secret number that is known here, so that a log's owner is the liar.
"""
import contextlib, hashlib, importlib.util, io, os, sys, tempfile

spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
v = importlib.util.module_from_spec(spec)
spec.loader.exec_module(v)
faults = []


def fault(text):
    faults.append(text)
    if "--first" in sys.argv:
        sys.exit(1)


def refused(name, words, call, kind=v.Tampered):
    """`call` raises that kind of fault, with these words."""
    try:
        result = call()
    except (v.Tampered, v.NotChecked) as found:
        if type(found) is not kind or words not in str(found):
            fault("%s: %r" % (name, found))
    except Exception as found:
        fault("%s: %r" % (name, found))
    else:
        fault("%s: taken, %r" % (name, result))


def expect(name, condition):
    if not condition:
        fault(name)


# Points and signatures.
def bytes_of(p):
    inverse = pow(p[2], v.P - 2, v.P)
    x, y = p[0] * inverse % v.P, p[1] * inverse % v.P
    return (y | (x & 1) << 255).to_bytes(32, "little")


SECRET, NONCE = 123456789123456789, 987654321987654321
PUBLIC = bytes_of(v.times(SECRET, v.BASE))


def challenge(r, message):
    return int.from_bytes(hashlib.sha512(r + PUBLIC + message).digest(), "little") % v.ORDER


def sign(message, point=None, sign_of=1, more=0):
    """A signature; a liar's has another point or another sign."""
    r = bytes_of(point or v.times(NONCE, v.BASE))
    s = sign_of * (NONCE + challenge(r, message) * SECRET) % v.ORDER + more
    return r + s.to_bytes(32, "little")


MESSAGE = b"a message"
expect("a good signature", v.verifies(PUBLIC, MESSAGE, sign(MESSAGE)))
expect("a signature of something else", not v.verifies(PUBLIC, b"else", sign(MESSAGE)))
expect("s of the group's order or more", not v.verifies(PUBLIC, MESSAGE, sign(MESSAGE, more=v.ORDER)))
expect("a point with the same y", not v.verifies(PUBLIC, MESSAGE, sign(MESSAGE, sign_of=-1)))
# The point of order two, added: another y with the same x, up to the sign of s.
TWISTED = v.add(v.times(NONCE, v.BASE), (0, v.P - 1, 1, 0))
expect("a point with the same x", not v.verifies(PUBLIC, MESSAGE, sign(MESSAGE, TWISTED, -1)))
for name, y in [("x that is no square root", 2), ("y of p or more", v.P + 1), ("the sign of no x", 1 | 1 << 255)]:
    encoded = y.to_bytes(32, "little")
    refused(name, "not on the curve", lambda: v.point(encoded))
    # As a key, the last two would be the neutral point, for which anybody can sign.
    anybody = (1).to_bytes(32, "little") + bytes(32)
    refused(name, "not on the curve", lambda: v.verifies(encoded, MESSAGE, anybody))

# Base64, origins, keys.
refused("bits behind the last byte", "not canonical", lambda: v.decode("AB=="))
LOG = "tablets.example.com/01970000-0000-7000-8000-000000000001"
for number in ["01", "+1", " 1", "1_0", "\u0661"]:
    refused("epoch " + number, "an origin", lambda: v.epoch(LOG + "/" + number))
for log in ["tablets example/01970000-0000-7000-8000-000000000001", "a/b", "a+b/" + LOG[-36:], LOG[-36:]]:
    refused("log " + log, "an origin", lambda: v.epoch(log + "/1"))


def vkey(name=LOG + "/1", kind=b"\1", public=PUBLIC, keyid=None):
    keyid = keyid or v.sha(name.encode(), b"\n", kind, public)[:4].hex()
    return "%s+%s+%s" % (name, keyid, v.encode(kind + public))


ROOT = v.encode(bytes(32))


def note(origin=LOG + "/1", size="7", root=ROOT, text=None, more="", end="\n", signature=None, twice=False):
    text = text or "%s\n%s\n%s\n" % (origin, size, root)
    own = v.sha(origin.encode(), b"\n\1", PUBLIC)[:4]
    line = "\u2014 %s %s\n" % (origin, v.encode(own + (signature or sign(text.encode()))))
    return (text + "\n" + line * (2 if twice else 1) + more).encode()[: None if end else -1]


def checkpoint(name, words, made, key=None, kind=v.Tampered, what="checkpoint"):
    refused(name, words, lambda: v.checkpoint(made, key or vkey(), what), kind)


expect("a good checkpoint", v.checkpoint(note(), vkey()) == (LOG + "/1", 7, bytes(32)))
expect("one of a later epoch", v.checkpoint(note(LOG + "/2"), vkey())[0] == LOG + "/2")
checkpoint("a tab", "control character", note(more="\u2014 a\tb AAAAAAA=\n"))
checkpoint("a deleted character", "control character", note(more="\u2014 a\x7f AAAAAAA=\n"))
checkpoint("a witness's key", "no verifier key", note(), vkey(kind=b"\4"), v.NotChecked)
checkpoint("a witness's key by a log's id", "no verifier key", note(),
           vkey(kind=b"\4", keyid=v.sha((LOG + "/1").encode(), b"\n\1", PUBLIC)[:4].hex()), v.NotChecked)
checkpoint("a short key", "no verifier key", note(), vkey(public=PUBLIC[:31]), v.NotChecked)
checkpoint("another key id", "no verifier key", note(), vkey(keyid="00000000"), v.NotChecked)
for size in ["07", "+7", " 7", "\u0667"]:
    checkpoint("size " + size, "its form", note(size=size))
checkpoint("a short root", "its form", note(root=v.encode(bytes(31))))
checkpoint("no line end", "its form", note(end=""))
OTHER = "other.example/01970000-0000-7000-8000-000000000001/1"
checkpoint("another log", "of another log", note(OTHER), kind=v.NotChecked)
checkpoint("an epoch before the key's", "an epoch before", note(), vkey(LOG + "/2"))
for line in ["- a AAAAAAA=\n", "\u2014  AAAAAAA=\n", "\u2014 a AAAA\n"]:
    checkpoint("a line " + line, "no signature", note(more=line))
checkpoint("no signature of the key", "not signed by", note(), vkey(public=bytes_of(v.BASE)), v.NotChecked)
checkpoint("signed twice", "signature is wrong", note(twice=True))
checkpoint("a byte more", "signature is wrong", note(signature=sign(note().split(b"\n\n")[0] + b"\n") + b"\0"))
checkpoint("a wrong signature", "signature is wrong", note(signature=sign(MESSAGE)))

# Files.
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "long"), "wb") as file:
        file.write(bytes(9))
    os.symlink("long", os.path.join(folder, "link"))
    expect("a file", v.read(folder, "long", 9) == bytes(9))
    refused("a long file", "too long", lambda: v.read(folder, "long", 8))
    refused("no file", "missing", lambda: v.read(folder, "none"))
    refused("a directory", "missing", lambda: v.read(os.path.dirname(folder), os.path.basename(folder)))
    refused("a link", "is a link", lambda: v.read(folder, "link"), v.NotChecked)

# Entries, and what they say.
SALT = b"\x10" + bytes(16)


def event(seq=1, **more):
    return v.dumps({"v": 2, "seq": seq, "type": "server.started", **more})


def entries(*all):
    log = v.Log("/nowhere")
    for number, entry in enumerate(all):
        log.entry(number, entry)
    return log


entries(b"\0" + event(), SALT + event(2))
refused("a short redacted entry", "its length", lambda: entries(b"\xff" + bytes(31)))
refused("no text", "its form", lambda: entries(SALT))
refused("another kind of entry", "its form", lambda: entries(b"\x11" + bytes(16) + event()))
refused("no salt any more", "no salt", lambda: entries(SALT + event(), b"\0" + event(2)))
refused("a newer version", "newer version", lambda: entries(SALT + event(v=3)), v.NotChecked)
refused("spaces", "canonical", lambda: entries(SALT + event() + b" "))
refused("a stub", "stands for a redacted", lambda: entries(SALT + event(type="redacted")))
refused("a number twice", "number 1 behind", lambda: entries(SALT + event(), SALT + event()))
refused("a gap", "number 3 behind", lambda: entries(SALT + event(), SALT + event(3)))
refused("a beginning that is not 1", "number 2 behind", lambda: entries(SALT + event(2)))
refused("a path for a digest", "no digest", lambda: entries(SALT + event(exchange={"policy_set": "../x"})))


def redaction(entry, seq=1, leaf=bytes(32)):
    return SALT + event(log={"redaction": {"entry": entry, "leaf_hash": v.encode(leaf), "seq": seq}}, seq=2)


GONE = b"\xff" + bytes(32)
refused("a redaction of a later entry", "says was redacted", lambda: entries(GONE, redaction(1)))
refused("one entry redacted twice", "says was redacted",
        lambda: entries(GONE, redaction(0), SALT + event(3, log={"redaction": {"entry": 0, "leaf_hash": "", "seq": 1}})))


def begins(old, new, size, seq=2):
    said = {"old_origin": "%s/%s" % (LOG, old), "origin": "%s/%s" % (LOG, new),
            "kept": {"size": size, "root": ROOT}}
    return SALT + event(seq, log={"epoch": said})


entries(SALT + event(), begins(1, 2, 1))
refused("an epoch that goes back", "the epoch", lambda: entries(SALT + event(), begins(2, 1, 1)))
refused("an epoch of more than there is", "the epoch", lambda: entries(SALT + event(), begins(1, 2, 2)))
refused("an epoch that is not the next", "the epoch",
        lambda: entries(SALT + event(), begins(1, 2, 1), begins(3, 4, 1, seq=3)))
elsewhere = begins(1, 2, 1).replace(LOG.encode(), b"other.example/" + LOG[-36:].encode(), 1)
refused("an epoch of another log", "the epoch", lambda: entries(SALT + event(), elsewhere))


# At the end of the log.
class AnyTree:
    def root_of(self, size):
        return bytes(32)


def closed(*all, origin="/1", whole=True):
    return entries(*all).close(AnyTree(), LOG + origin, whole)


closed(GONE, redaction(0))
closed(SALT + event(), begins(1, 2, 1), origin="/2")
refused("redacted, and nobody says so", "no later event", lambda: closed(GONE))
refused("redacted, another hash", "another hash", lambda: closed(GONE, redaction(0, leaf=bytes([1] * 32))))
two = SALT + event(3, log={"redaction": {"entry": 1, "leaf_hash": ROOT, "seq": 1}})
refused("redacted, one number for two", "its number", lambda: closed(GONE, GONE, redaction(0), two))
refused("redacted, another number", "missing before", lambda: closed(GONE, redaction(0, seq=2)))
refused("redacted, a number far off", "its place",
        lambda: closed(GONE, SALT + event(), SALT + event(2, log={"redaction": {"entry": 0, "leaf_hash": ROOT, "seq": 9}})))
refused("a checkpoint of another epoch", "of another epoch",
        lambda: closed(SALT + event(), begins(1, 2, 1), origin="/3"))
refused("an epoch from nowhere", "where the epoch began", lambda: closed(SALT + event(), origin="/2"))


# Whole exports.
def root_of(hashes):
    if len(hashes) < 2:
        return hashes[0] if hashes else v.sha()
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return v.sha(b"\1", root_of(hashes[:split]), root_of(hashes[split:]))


def write(folder, path, data):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


class Export:
    """An export as a liar with the key makes it: `change` is given its folder before the manifest is written."""

    def __init__(self, *all, first=0, origin=LOG + "/1", root=None, change=None, manifest=None):
        self.entries, self.first, self.origin = all or (SALT + event(), SALT + event(2), SALT + event(3)), first, origin
        self.root, self.change, self.manifest = root, change, manifest or {}

    def write(self, folder):
        hashes, level = [v.sha(b"\0", entry) for entry in self.entries], 0
        root, size = self.root or root_of(hashes), len(hashes)
        while hashes:
            for index in range(0 if level else self.first // 256, -(-len(hashes) // 256)):
                row = hashes[256 * index:256 * index + 256]
                write(folder, v.tile_path(level, index, len(row)), b"".join(row))
                if level == 0:
                    bundle = [len(entry).to_bytes(2, "big") + entry for entry in self.entries[256 * index:256 * index + 256]]
                    write(folder, v.tile_path("entries", index, len(row)), b"".join(bundle))
            hashes, level = [root_of(hashes[n:n + 256]) for n in range(0, len(hashes) // 256 * 256, 256)], level + 1
        write(folder, "checkpoint", note(self.origin, str(size), v.encode(root)))
        if self.change:
            self.change(folder)
        listed = {}
        for directory, _, found in os.walk(folder):
            for name in found:
                path = os.path.relpath(os.path.join(directory, name), folder)
                if not path.startswith("tile/0/") and not path.startswith("tile/1/") and not path.startswith("tile/entries/"):
                    with open(os.path.join(directory, name), "rb") as file:
                        listed[path] = hashlib.sha256(file.read()).hexdigest()
        listed.pop("checkpoint", None)
        said = {"files": dict(sorted(listed.items())), "first": self.first, "form": 1, "origin": self.origin,
                "root": v.encode(root), "size": size, **self.manifest}
        write(folder, "manifest.json", v.dumps(said) + b"\n")

    def verify(self, *older):
        with tempfile.TemporaryDirectory() as folder:
            self.write(folder)
            return v.verify(folder, vkey(), older)[0]


def tampered(name, words, made, *older, kind=v.Tampered):
    refused(name, words, lambda: made.verify(*older), kind)


def adds(path, data=b"x"):
    return lambda folder: write(folder, path, data)


def appends(path, data):
    def change(folder):
        with open(os.path.join(folder, path), "ab") as file:
            file.write(data)
    return change


def cuts(path):
    return lambda folder: os.truncate(os.path.join(folder, path), os.path.getsize(os.path.join(folder, path)) - 1)


LONG = [SALT + event(1 + n) for n in range(260)]
HASHES = [v.sha(b"\0", entry) for entry in LONG]


def older(size, origin=LOG + "/1", root=None):
    return note(origin, str(size), v.encode(root or root_of(HASHES[:size])))


expect("a good export", Export().verify() == 0)
expect("one of two tiles", Export(*LONG).verify(older(3), older(256), older(260)) == 0)
expect("one without its beginning", Export(*LONG, first=256).verify(older(256), older(258)) == 3)
tampered("another root", "root of the entries", Export(root=bytes(32)))
tampered("a wrong hash in a tile", "not hash 1", Export(change=adds("tile/0/000.p/3", HASHES[0] + bytes(64))))
tampered("a tile that is too long", "its length", Export(change=appends("tile/0/000.p/3", bytes(32))))
tampered("a bundle that is too long", "more than its entries", Export(change=appends("tile/entries/000.p/3", b"x")))
tampered("a bundle that is cut off", "ends before entry 2", Export(change=cuts("tile/entries/000.p/3")))
for made in [-256, 512, 1, 256.0]:
    tampered("first %s" % made, "the first entry", Export(*LONG, manifest={"first": made}))
tampered("another manifest", "not that of these files", Export(manifest={"form": 2}))
tampered("an older checkpoint with another root", "another root", Export(*LONG), older(3, root=bytes(32)))
tampered("an older checkpoint of more", "more entries than were kept", Export(*LONG[:3]), older(4))
tampered("an older checkpoint of a later epoch", "more entries than were kept", Export(*LONG), older(3, LOG + "/2"))
tampered("an older checkpoint of what is gone", "not here", Export(*LONG, first=256), older(3), kind=v.NotChecked)
tampered("an epoch with another root", "root of what was kept", Export(SALT + event(), begins(1, 2, 1), origin=LOG + "/2"))
joined = begins(1, 2, 1).replace(ROOT.encode(), v.encode(HASHES[0]).encode())
expect("an epoch", Export(LONG[0], joined, origin=LOG + "/2").verify(older(1)) == 0)
tampered("an older checkpoint of what was not kept", "more entries than were kept",
         Export(LONG[0], joined, origin=LOG + "/2"), note(LOG + "/1", "2", v.encode(root_of([HASHES[0], v.sha(b"\0", joined)]))))
tampered("a file with a space", "does not belong", Export(change=adds("a b")))
tampered("a file among the tiles", "does not belong", Export(change=adds("tile/readme")))
tampered("a tile of no width", "does not belong", Export(change=adds("tile/0/005.p/0", b"")))
tampered("an older part of a tile", "does not belong", Export(change=adds("tile/0/000.p/2", bytes(64))))
tampered("a tile of what is gone", "does not belong", Export(*LONG, first=256, change=adds("tile/0/000", b"".join(HASHES[:256]))))
tampered("a directory that is a link", "a link", Export(change=lambda folder: os.symlink("tile", os.path.join(folder, "extra"))),
         kind=v.NotChecked)
tampered("no checkpoint", "no checkpoint", Export(change=lambda folder: os.remove(os.path.join(folder, "checkpoint"))),
         kind=v.NotChecked)

SET = {"files": [["a.toml", "# text"]], "floor": "floor"}
DIGEST = hashlib.sha256(b"floor" + b"".join(len(p).to_bytes(8, "little") + p for p in [b"a.toml", b"# text"])).hexdigest()


def decided(text, digest=DIGEST):
    return Export(SALT + event(exchange={"policy_set": digest}), change=adds("policy-sets/%s.json" % digest, text))


expect("a policy set", decided(v.dumps(SET) + b"\n").verify() == 0)
tampered("another policy set", "another policy set", decided(v.dumps(SET) + b"\n", "0" * 64))
tampered("another spelling of it", "another policy set", decided(v.dumps(SET) + b" \n"))

TEXT = b"# a baseline"
NAMED = {"id": "a", "digest": hashlib.sha256(TEXT).hexdigest()}
tampered("a path for a baseline's digest", "no digest of a baseline",
         Export(SALT + event(baselines=[{"id": "a", "digest": "../x"}])))
tampered("another baseline", "another baseline",
         Export(SALT + event(baselines=[NAMED]), change=adds("baselines/%s.toml" % NAMED["digest"], TEXT + b" ")))

# Lists of devices.
NONE = dict.fromkeys(v.STATES, 0)
DEVICES = ["%032x" % 1, "%032x" % 2]
LINES = ["%s a compliant 1 2\n" % DEVICES[0], "%s b unknown 3 -\n" % DEVICES[0], "%s a exempt 4 5\n" % DEVICES[1]]
COUNTS = {**NONE, "unknown": 1, "exempt": 1}


def list_of(rows, stated=True, other=None, **lie):
    """An export with that list, of which an event says the truth but for the lie."""
    root = root_of([v.sha(b"\0", line.encode()) for line in rows])
    said = {"baseline": NAMED, "at": 1, "devices": 2, "lines": len(rows), "counts": COUNTS, "root": v.encode(root), **lie}

    def change(folder):
        adds("snapshots/a-%s.txt" % root.hex(), "".join(other or rows).encode())(folder)
        adds("baselines/%s.toml" % NAMED["digest"], TEXT)(folder)
    return Export(SALT + event(**{"snapshot": said} if stated else {}), change=change)


expect("a list", list_of(LINES).verify() == 0)
expect("an empty list", list_of([], devices=0, counts=NONE).verify() == 0)
tampered("a list that no event knows", "no event states", list_of(LINES, stated=False))
for name, made in {
        "other lines": list_of(LINES, other=[LINES[0].replace(" 2", " 3")] + LINES[1:]),
        "more lines": list_of(LINES, lines=4), "more devices": list_of(LINES, devices=3),
        "other states": list_of(LINES, counts={**NONE, "compliant": 1, "exempt": 1})}.items():
    tampered(name, "another list", made)
for name, bad in {
        "no device": LINES[0].replace("0", "g", 1), "a time with a zero": LINES[0].replace(" 1 ", " 01 "),
        "no time": LINES[0].replace(" 2\n", " 02\n"), "no line end": LINES[0][:-1]}.items():
    tampered(name, "line 1", list_of([bad], devices=1, counts={**NONE, "compliant": 1}))
tampered("lines out of order", "line 2", list_of([LINES[1], LINES[0], LINES[2]]))

# The command line.
said = io.StringIO()
with contextlib.redirect_stdout(said):
    expect("no arguments", v.main([]) == 2)
expect("no arguments: the help", "VKEY" in said.getvalue())

print("\n".join(faults))
sys.exit(1 if faults else 0)
