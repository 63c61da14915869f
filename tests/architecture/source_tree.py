"""The project's own files and imports, read without running anything."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "agent", "core", "desk", "feeds", "flows", "ibkr", "journal",
    "optimiser", "review", "risk", "signals", "simulator", "tasks",
)  # fmt: skip
CODE = (*ROOMS, "tests", "benchmarks", "scripts")
MADE = {"__pycache__"}


@cache
def sources():
    """Return every Python file of ours and its text."""
    found = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path: path.read_text(encoding="utf-8") for path in found}


def of_rooms(rooms):
    """Return the files of some folders, by their path from the root, and their text."""
    named = ((path.relative_to(ROOT).as_posix(), text) for path, text in sources().items())
    return {name: text for name, text in named if name.partition("/")[0] in rooms}


@cache
def nodes(source):
    """Return every node of a source's syntax tree, the outermost first. Parsed once for all."""
    return tuple(ast.walk(ast.parse(source)))


def forget():
    """Let go of what was parsed: millions of objects that every later garbage collection walks."""
    sources.cache_clear()
    nodes.cache_clear()


def entries():
    """Return how many files and folders each folder of ours holds."""
    folders = {folder for path in sources() for folder in path.parents if ROOT in folder.parents}
    return {
        folder: sum(1 for each in folder.iterdir() if each.name not in MADE) for folder in folders
    }


def functions():
    """Return every function, by file and line, and its lines of code without the docstring."""
    for path, source in sources().items():
        for node in nodes(source):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                first = node.body[0]
                if ast.get_docstring(node) is not None:
                    lines -= first.end_lineno - first.lineno + 1
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines


def imports():
    """Return which modules of ours each module imports."""
    modules = {}
    for path in sources():
        if path.relative_to(ROOT).parts[0] in ROOMS:
            parts = path.relative_to(ROOT).with_suffix("").parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    graph = {}
    for module, path in modules.items():
        named = set()
        for node in nodes(sources()[path]):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= inner & modules.keys()
                if inner - modules.keys():
                    named.add(node.module)
        graph[module] = (named & modules.keys()) - {module}
    return graph


def of_folders(graph):
    """Return the imports between the folders and files of each folder, one graph a folder."""
    graphs = {}
    for module, imported in graph.items():
        for other in imported:
            ours, theirs = module.split("."), other.split(".")
            depth = next(
                (i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
                None,
            )
            if depth:  # the same room, and neither is the other's package
                level = graphs.setdefault(".".join(ours[:depth]), {})
                level.setdefault(ours[depth], set()).add(theirs[depth])
    return graphs


def circle(graph):
    """Return a circle of the graph, or an empty list."""
    done, path = set(), []

    def walk(node):
        if node in path:
            return path[path.index(node) :]
        if node in done:
            return []
        path.append(node)
        for other in sorted(graph.get(node, ())):
            found = walk(other)
            if found:
                return found
        path.pop()
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node))), [])
