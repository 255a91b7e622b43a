"""Takes each check out of the verifier in Python, one at a time, and lists those that nobody misses.

Arguments: the paths of verify.py and verifier_checks.py. A check is what `need` is called
with, and each part of it that stands between `and`; parts of the last line of `verifies` too.
"""
import ast, contextlib, copy, io, os, sys, tempfile

source = open(sys.argv[1]).read()
checks = compile(open(sys.argv[2]).read(), sys.argv[2], "exec")
tree = ast.parse(source)


def conditions(tree):
    """The places of all checks: what holds them, in which field, at which index."""
    for node in ast.walk(tree):
        is_need = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "need"
        if is_need:
            yield from parts(node, "args", 0)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.BoolOp) and isinstance(node.value.op, ast.And):
            yield from parts(node, "value", None)


def parts(node, field, index):
    found = getattr(node, field) if index is None else getattr(node, field)[index]
    if isinstance(found, ast.BoolOp) and isinstance(found.op, ast.And):
        for number in range(len(found.values)):
            yield found, "values", number
    else:
        yield node, field, index


count, survivors = sum(1 for _ in conditions(tree)), []
for number in range(count):
    mutant = copy.deepcopy(tree)
    node, field, index = list(conditions(mutant))[number]
    place = getattr(node, field) if index is None else getattr(node, field)[index]
    name = "line %d: %s" % (place.lineno, ast.unparse(place))
    if index is None:
        setattr(node, field, ast.Constant(True))
    else:
        getattr(node, field)[index] = ast.Constant(True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "verify.py")
        with open(path, "w") as file:
            file.write(ast.unparse(ast.fix_missing_locations(mutant)))
        sys.argv = ["verifier_checks.py", path, "--first"]
        code = 0
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(checks, {"__name__": "__main__"})
            except SystemExit as end:
                code = end.code
            except Exception:
                code = 1
    if code == 0:
        survivors.append(name)

print("%d checks" % count)
print("\n".join(survivors))
sys.exit(1 if survivors else 0)
