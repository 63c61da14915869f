"""Reads from source text how code uses a gateway and what it imports of ibkr."""

import ast
from dataclasses import dataclass

from tests.architecture.source_tree import nodes

TOOLS = frozenset({"market", "portfolio", "trading", "account_tools", "orders", "health"})


@dataclass(frozen=True, order=True)
class Use:
    """One place where code reaches the broker, or hands on the means to."""

    what: str  # "market.history", or "trading → reconcile" where the tools are handed on
    line: int


def broker_uses(source):
    """Return every attribute of a gateway's tools that the code uses or hands on.

    Knows ``gateway.market.history``, a tool kept in a variable, and ``getattr``.
    """
    parents = _parents(source)
    kept = _kept_tools(source)
    for node in nodes(source):
        tool = _tool(node, kept)
        if tool is None:
            continue
        parent = parents.get(node)
        if isinstance(parent, ast.Attribute):
            yield Use(f"{tool}.{parent.attr}", node.lineno)
        elif isinstance(parent, ast.Call) and node in parent.args:
            yield Use(f"{tool} → {ast.unparse(parent.func)}", node.lineno)
        elif isinstance(parent, ast.keyword):
            yield Use(f"{tool} → {ast.unparse(parents[parent].func)}", node.lineno)
        elif not isinstance(parent, (ast.Assign, ast.AnnAssign)):
            yield Use(f"{tool} → {type(parent).__name__}", node.lineno)


def uses_of_class(source, name):
    """Return every use of a class, as its attribute or as the kind of expression it is in."""
    parents = _parents(source)
    for node in nodes(source):
        if isinstance(node, ast.Name) and node.id == name:
            parent = parents[node]
            use = parent.attr if isinstance(parent, ast.Attribute) else type(parent).__name__
            yield Use(f"{name}.{use}", node.lineno)


def imports_of(source, package):
    """Return what the code imports of a package, as (module, name)."""
    for node in nodes(source):
        if isinstance(node, ast.ImportFrom) and _is_of(node.module or "", package):
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, "*") for a in node.names if _is_of(a.name, package))


def names_from(source, package):
    """Return the local names that the code imports from a package."""
    return {name for _, name in imports_of(source, package)}


def _is_of(module, package):
    return module == package or module.startswith(f"{package}.")


def _parents(source):
    return {child: node for node in nodes(source) for child in ast.iter_child_nodes(node)}


def _kept_tools(source):
    """Return the variables that hold one of a gateway's tools, by name."""
    kept = {}
    for node in nodes(source):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            tool = _attribute(node.value)
            kept |= {t.id: tool for t in targets if isinstance(t, ast.Name) and tool}
    return kept


def _tool(node, kept):
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return kept.get(node.id)
    return _attribute(node)


def _attribute(node):
    """Return which tool an expression gives: ``gateway.market``, or through ``getattr``."""
    if isinstance(node, ast.Attribute) and node.attr in TOOLS and _is_gateway(node.value):
        return node.attr
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr":
        return "getattr" if _is_gateway(node.args[0]) else None
    return None


def _is_gateway(node):
    """Tell a gateway by its name or by how it was opened; ``self.market`` of others is none."""
    text = ast.unparse(node)
    return "gateway" in text or "connect(" in text or "connection" in text
