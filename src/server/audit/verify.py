#!/usr/bin/env python3
"""Verify an export of a modegate audit log with Python's standard library alone.

    python3 verify.py DIRECTORY VKEY [OLDER_CHECKPOINT ...]

VKEY is the log's verifier key; take it and this file from a source that you trust, not
from the export. Exit codes: 0 good; 1 tampered or forked; 2 could not be checked; 3 good,
but entries were deleted, left out or redacted. It keeps one tile per level, one bundle of
256 entries and one number per device in memory.
"""
import base64, hashlib, json, os, re, sys

class Tampered(Exception): pass
class NotChecked(Exception): pass

def need(condition, what, kind=Tampered):
    if not condition:
        raise kind(what)

# Ed25519 (RFC 8032, section 5.1).
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, ROOT = -121665 * pow(121666, P - 2, P) % P, pow(2, (P - 1) // 4, P)

def point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if (x * x - xx) % P == 0 else x * ROOT % P
    need(y < P and (x * x - xx) % P == 0 and (x or not sign), "a point that is not on the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P

def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    return (b - a) * (d - c) % P, (d + c) * (b + a) % P, (d - c) * (d + c) % P, (b - a) * (b + a) % P

def times(number, p):
    total = (0, 1, 1, 0)
    while number:
        total, p, number = add(total, p) if number & 1 else total, add(p, p), number >> 1
    return total

BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))

def verifies(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % ORDER
    a, b = times(s, BASE), add(point(r), times(h, point(public)))
    return s < ORDER and (a[0] * b[2] - b[0] * a[2]) % P == 0 == (a[1] * b[2] - b[1] * a[2]) % P

# Files, signed notes and checkpoints.
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def node(left, right): return sha(b"\1", left, right)
def dumps(value): return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
def encode(data): return base64.b64encode(data).decode()

def decode(text):
    data = base64.b64decode(text, validate=True)
    need(encode(data) == text, "base64 that is not canonical: " + text)
    return data

def find(folder, path, most):
    found = folder
    for part in path.split("/"):
        found = os.path.join(found, part)
        need(not os.path.islink(found), path + " is a link", NotChecked)
    need(os.path.isfile(found), path + " is missing")
    need(os.path.getsize(found) <= most, path + " is too long")
    return found

def read(folder, path, most=2**30):
    with open(find(folder, path, most), "rb") as file:
        return file.read()

def epoch(origin):
    log, _, number = origin.rpartition("/")
    need(re.fullmatch("[^/+\\s]+/[0-9a-f-]{36}", log) and number == str(int(number)),
         "an origin that cannot be read: " + origin)
    return log, int(number)

def checkpoint(note, vkey, what="checkpoint"):
    note = note.decode()
    need(all(c >= " " and c != "\x7f" or c == "\n" for c in note), what + ": a control character")
    text, _, lines = note.rpartition("\n\n")
    name, keyid, key = vkey.split("+", 2)
    kind, public = decode(key)[:1], decode(key)[1:]
    need(kind == b"\1" and len(public) == 32 and sha(name.encode(), b"\n\1", public)[:4].hex() == keyid,
         "that is no verifier key of a log", NotChecked)
    origin, size, root = text.split("\n")
    need(size == str(int(size)) and len(decode(root)) == 32 and lines.endswith("\n"), what + ": its form")
    need(epoch(origin)[0] == epoch(name)[0], what + " is of another log: " + origin, NotChecked)
    need(what != "checkpoint" or epoch(origin)[1] >= epoch(name)[1], "an epoch before that of the key")
    own, signed = sha(origin.encode(), b"\n\1", public)[:4], []
    for line in lines[:-1].split("\n"):
        dash, by, signature = line.split(" ")
        need(dash == "\u2014" and by and len(decode(signature)) > 4, what + ": a line that is no signature")
        if by == origin and decode(signature)[:4] == own:
            signed.append(decode(signature)[4:])
    need(signed, what + " is not signed by this key", NotChecked)
    need(len(signed) == 1 and len(signed[0]) == 64 and verifies(public, (text + "\n").encode(), signed[0]),
         what + ": its signature is wrong")
    return origin, int(size), decode(root)

# The tree.
def tile_path(level, index, width):
    name = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        name = "x%03d/" % (index % 1000) + name
    return "tile/%s/%s" % (level, name) + (".p/%d" % width if width < 256 else "")

class Tree:
    def __init__(self, folder, size):
        self.folder, self.size, self.count, self.edge, self.tiles = folder, size, 0, [], {}

    def width(self, level, index): return max(0, min(256, (self.size >> 8 * level) - 256 * index))

    def hash(self, level, number):
        path = tile_path(level, number // 256, self.width(level, number // 256))
        if self.tiles.get(level, ("",))[0] != path:
            self.tiles[level] = path, read(self.folder, path, 8192)
            need(len(self.tiles[level][1]) == 32 * self.width(level, number // 256), path + ": its length")
        return self.tiles[level][1][number % 256 * 32:][:32]

    def push(self, hash, height, what):
        self.count += 1 << height
        while True:
            number = (self.count >> height) - 1
            if height % 8 == 0:
                need(self.hash(height // 8, number) == hash, "%s: not hash %d of level %d" % (what, number, height // 8))
            if not self.edge or self.edge[-1][0] != height:
                return self.edge.append((height, hash))
            hash, height = node(self.edge.pop()[1], hash), height + 1

    def root(self):
        hashes = [hash for _, hash in self.edge] or [sha()]
        while len(hashes) > 1:
            hashes[-2:] = [node(*hashes[-2:])]
        return hashes[0]

    def root_of(self, size):
        """The root of the first entries, by tiles that were checked."""
        tree, first = Tree(self.folder, self.size), 0
        for height in reversed(range(64)):
            if size >> height & 1:
                level, few = height // 8, 1 << height % 8
                row = [self.hash(level, (first >> 8 * level) + n) for n in range(few)]
                while len(row) > 1:
                    row = [node(*row[n:n + 2]) for n in range(0, len(row), 2)]
                tree.edge, first = tree.edge + [(height, row[0])], first + (1 << height)
        return tree.root()

# What the entries say.
class Log:
    def __init__(self, folder):
        self.folder, self.last, self.missing, self.any_first, self.salted = folder, {}, {}, False, False
        self.redacted, self.named, self.sets, self.joins = {}, {}, set(), []
        self.baselines, self.lists = set(), {}

    def entry(self, number, entry):
        where = "entry %d" % number
        if entry[:1] == b"\xff":
            need(len(entry) == 33, where + ": its length")
            self.redacted[number] = entry[1:]
            return entry[1:]
        need(entry[:1] == b"\x10" and len(entry) > 17 or entry[:1] == b"\0", where + ": its form")
        if entry[:1] == b"\0":
            need(not self.salted, where + ": no salt, and one before it has one")
            self.any_first = True
        self.salted = self.salted or entry[:1] == b"\x10"
        self.event(number, where, entry[17 if self.salted else 1:])
        return sha(b"\0", entry)

    def event(self, number, where, text):
        try:
            event = json.loads(text)
        except ValueError:
            raise Tampered(where + ": no JSON")
        need(event["v"] in (1, 2), where + ": an event of a newer version", NotChecked)
        need(event["v"] == 1 or dumps(event) == text, where + ": not in the canonical form")
        need(event["type"] != "redacted", where + ": it stands for a redacted event")
        chain, seq = event.get("device"), event["seq"]
        last = self.last.get(chain, None if self.any_first else 0)
        if last is not None:
            need(0 <= seq - last - 1 <= len(self.redacted) - len(self.missing),
                 "%s: number %d behind number %d of %s" % (where, seq, last, chain))
            self.missing.update(((chain, n), where) for n in range(last + 1, seq))
        self.last[chain] = seq
        digest, record = event.get("exchange", {}).get("policy_set"), event.get("log", {})
        if digest is not None and digest not in self.sets:
            need(re.fullmatch("[0-9a-f]{64}", digest), where + ": no digest of a policy set")
            text = read(self.folder, "policy-sets/%s.json" % digest)
            found = json.loads(text)
            parts = [part.encode() for file in found["files"] for part in file]
            own = sha(found["floor"].encode(), *(len(p).to_bytes(8, "little") + p for p in parts)).hex()
            need(own == digest and dumps(found) + b"\n" == text, where + ": another policy set than " + digest)
            self.sets.add(digest)
        named = event.get("baselines", []) + [event[key]["baseline"] for key in ("compliance", "snapshot") if key in event]
        for digest in {one["digest"] for one in named} - self.baselines:
            need(re.fullmatch("[0-9a-f]{64}", digest), where + ": no digest of a baseline")
            need(sha(read(self.folder, "baselines/%s.toml" % digest)).hex() == digest, where + ": another baseline than " + digest)
            self.baselines.add(digest)
        if "snapshot" in event:
            name, root = re.sub("^[.]", "_", event["snapshot"]["baseline"]["id"]), decode(event["snapshot"]["root"])
            self.lists["snapshots/%s-%s.txt" % (name, root.hex())] = event["snapshot"]
        if "redaction" in record:
            said = record["redaction"]
            need(said["entry"] < number and said["entry"] not in self.named, where + ": what it says was redacted")
            self.named[said["entry"]] = said["leaf_hash"], (said.get("device"), said["seq"])
        if "epoch" in record:
            said, kept = record["epoch"], record["epoch"]["kept"]
            (old, n), (new, m) = epoch(said["old_origin"]), epoch(said["origin"])
            need(old == new and n < m and kept["size"] <= number and (not self.joins or self.joins[-1][2] == n),
                 where + ": the epoch that it begins")
            self.joins.append((where, n, m, kept["size"], decode(kept["root"])))

    def close(self, tree, origin, whole):
        numbers = {}
        for number, hash in self.redacted.items():
            need(number in self.named, "entry %d is redacted, and no later event says so" % number)
            need(self.named[number][0] == encode(hash), "entry %d is redacted, with another hash" % number)
            need(self.named[number][1] not in numbers, "entry %d is redacted: its number" % number)
            numbers[self.named[number][1]] = number
        for gap, where in self.missing.items():
            need(gap in numbers, "%s: number %d of %s is missing before it" % (where, gap[1], gap[0]))
        for chain, seq in sorted(set(numbers) - set(self.missing), key=lambda number: number[1]):
            last = self.last.get(chain, seq - 1 if self.any_first else 0)
            need(seq - last == 1 or seq <= last and self.any_first, "number %d of %s is redacted: its place" % (seq, chain))
            self.last[chain] = max(last, seq)
        for where, _, _, size, root in self.joins:
            need(tree.root_of(size) == root, where + ": the root of what was kept")
        own = epoch(origin)[1]
        need(not self.joins or self.joins[-1][2] == own, "the checkpoint is of another epoch than the entries")
        need(not whole or (self.joins[0][1] if self.joins else own) <= 1, "no entry says where the epoch began")

STATES = "compliant", "exempt", "in_grace", "unknown", "not_compliant"

def devices(folder, path, said):
    """A list of devices is the one whose root and counts an event states; its digest."""
    need(said is not None, path + ": no event states its root")
    edge, lines, counts, latest, worst, digest = [], 0, dict.fromkeys(STATES, 0), ("", ""), None, hashlib.sha256()
    with open(find(folder, path, 2**36), "rb") as file:
        for line in file:
            device, control, state, since, read_at = line.decode().split(" ")
            need(re.fullmatch("[0-9a-f]{32}", device) and since == str(int(since))
                 and (read_at == "-\n" or read_at == "%d\n" % int(read_at)) and latest < (device, control),
                 "%s: line %d" % (path, lines + 1))
            if latest[0] != device:
                counts.update({worst: counts[worst] + 1} if worst else {})
            worst = state if latest[0] != device else max(worst, state, key=STATES.index)
            latest, lines, hash, number = (device, control), lines + 1, sha(b"\0", line), lines + 1
            while number % 2 == 0:
                hash, number = node(edge.pop(), hash), number // 2
            edge.append(hash)
            digest.update(line)
    counts.update({worst: counts[worst] + 1} if worst else {})
    while len(edge) > 1:
        edge[-2:] = [node(*edge[-2:])]
    need((edge or [sha()])[0] == decode(said["root"]) and lines == said["lines"] and counts == said["counts"]
         and sum(counts.values()) == said["devices"], path + ": another list than the one whose root an event states")
    return digest.hexdigest()

def files(folder, tree, log, first, origin, root):
    """The manifest, and no file that does not belong to the export."""
    listed = {}
    for directory, names, found in os.walk(folder):
        need(not any(os.path.islink(os.path.join(directory, name)) for name in names), "a link: " + directory, NotChecked)
        for name in found:
            path = os.path.relpath(os.path.join(directory, name), folder).replace(os.sep, "/")
            tile = re.fullmatch("tile/([0-7]|entries)/((?:x[0-9]{3}/)*[0-9]{3})(?:[.]p/[0-9]+)?", path)
            if tile:
                index, level = int(re.sub("[x/]", "", tile[2])), 0 if tile[1] == "entries" else int(tile[1])
                width = tree.width(level, index)
                need(width and path == tile_path(tile[1], index, width) and (level or index >= first // 256),
                     path + " does not belong to this export")
            elif path not in ("checkpoint", "manifest.json"):
                need(re.fullmatch("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", path)
                     and not path.startswith("tile/"), path + " does not belong to this export")
                is_list = path.startswith("snapshots/")
                listed[path] = devices(folder, path, log.lists.get(path)) if is_list else sha(read(folder, path)).hex()
    manifest = {"files": dict(sorted(listed.items())), "first": first, "form": 1, "origin": origin,
                "root": encode(root), "size": tree.size}
    need(dumps(manifest) + b"\n" == read(folder, "manifest.json"), "manifest.json is not that of these files")

def verify(folder, vkey, older=()):
    need(os.path.isfile(os.path.join(folder, "checkpoint")), "there is no checkpoint", NotChecked)
    origin, size, root = checkpoint(read(folder, "checkpoint", 65536), vkey)
    first = json.loads(read(folder, "manifest.json"))["first"]
    need(isinstance(first, int) and 0 <= first <= size and first % 256 == 0, "manifest.json: the first entry")
    tree, log = Tree(folder, size), Log(folder)
    log.any_first = first > 0
    for number in range(first // 256):
        tree.push(tree.hash(1, number), 8, "tile %d" % number)
    for index in range(first // 256, -(-size // 256)):
        path, width, at = tile_path("entries", index, tree.width(0, index)), tree.width(0, index), 0
        bundle = read(folder, path)
        for number in range(256 * index, 256 * index + width):
            end = at + 2 + int.from_bytes(bundle[at:at + 2], "big")
            need(at + 2 < end <= len(bundle), "%s ends before entry %d" % (path, number))
            tree.push(log.entry(number, bundle[at + 2:end]), 0, "entry %d" % number)
            at = end
        need(at == len(bundle), path + " has more than its entries")
    need(tree.root() == root, "the root of the entries is another than the checkpoint's")
    log.close(tree, origin, first == 0)
    for number, note in enumerate(older, 1):
        what = "older checkpoint %d" % number
        old, old_size, old_root = checkpoint(note, vkey, what)
        kept = [join[3] for join in log.joins if join[1] >= epoch(old)[1]] + [size]
        need(epoch(old)[1] <= epoch(origin)[1] and old_size <= min(kept), what + " has more entries than were kept: forked")
        need(old_size % 256 == 0 or old_size >= first, what + " is of entries that are not here", NotChecked)
        need(tree.root_of(old_size) == old_root, what + " has another root: forked")
    files(folder, tree, log, first, origin, root)
    lacking = ["the first entry is %d" % first] * (first > 0) + ["%d entries are redacted" % len(log.redacted)] * bool(log.redacted)
    return 3 if lacking else 0, "; ".join(["%s: %d entries, root %s" % (origin, size, encode(root))] + lacking)

def main(arguments):
    try:
        need(len(arguments) >= 2, __doc__, NotChecked)
        code, said = verify(arguments[0], arguments[1], [read(*os.path.split(os.path.abspath(path))) for path in arguments[2:]])
    except NotChecked as fault:
        code, said = 2, "could not be checked: %s" % fault
    except OSError as fault:
        code, said = 2, "could not be read: %s" % fault
    except (Tampered, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError) as fault:
        code, said = 1, "tampered: %s" % (fault if isinstance(fault, Tampered) else repr(fault))
    print(said)
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
