"""What a kernel is made of: the definitions that its own reaches, read without running them.

So a kernel is compiled anew where one of these has changed, and nothing else is: a docstring, a comment, or the
definition of another kernel in the same module changes no digest.
"""

from __future__ import annotations

import ast
import hashlib
import symtable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeAlias

PACKAGE = "deltarule"
APART = "deltarule.errors", "deltarule.options", "deltarule.engines.compiled.catalogue"
"""Modules of which nothing goes into machine code."""


Place: TypeAlias = tuple[str, str]
"""A module of the package, and a name in it."""


class _Bare(ast.NodeTransformer):
    """Takes away what changes no code: docstrings and types."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._without_docstring(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_docstring(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def _without_docstring(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
        return self.generic_visit(node)


def _is_text(node: ast.stmt) -> bool:
    """Return whether a statement is a text that nothing is done with, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


@dataclass
class _Module:
    """What stands at the top of a module."""

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict[str, list[ast.stmt]])
    imports: dict[str, Place] = field(default_factory=dict[str, Place])
    """By the name that it has here: the module that something is imported from, and its name there."""
    others: list[ast.stmt] = field(default_factory=list[ast.stmt])
    """Statements that define nothing, on which any definition may depend."""
    used: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The names of the module that stand in its functions and classes; a local name of the same spelling is none."""

    def globals_of(self, node: ast.stmt) -> set[str]:
        """Return the names of the module that stand in a statement."""
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return _names(node)
        around = [*node.decorator_list, *(node.bases if isinstance(node, ast.ClassDef) else [node.args])]
        return self.used[node.name].union(*map(_names, around))


class Sources:
    """The modules of the package, each read once.

    >>> sources = Sources()
    >>> sources.digest("deltarule.engines.compiled.places.PANEL") == sources.digest("deltarule.maths.initial.he")
    False
    """

    def __init__(self) -> None:
        self._modules: dict[str, _Module] = {}
        self._known: dict[Place, tuple[str, set[Place]]] = {}

    def digest(self, *definitions: str) -> str:
        """Return the SHA-256 of the definitions, given as package.module.name, and of all that they reach.

        A definition that there is not is refused by a KeyError.
        """
        found: dict[Place, str] = {}
        for definition in definitions:
            module, _, name = definition.rpartition(".")
            if name not in self._module(module).definitions:
                raise KeyError(definition)
            self._reach((module, name), found)
        lines = (f"{module}.{name} {text}\n" for (module, name), text in sorted(found.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _reach(self, place: Place, found: dict[Place, str]) -> None:
        """Add a definition, and those that it names, to the ones that were found."""
        if place not in self._known:
            self._known[place] = self._look(*place)
        text, named = self._known[place]
        found[place] = text
        for other in named:
            if other not in found:
                self._reach(other, found)

    def _look(self, module: str, name: str) -> tuple[str, set[Place]]:
        """Return the text of a definition, and the definitions that it names."""
        here = self._module(module)
        nodes = here.definitions[name] + here.others
        named = {self._defined(module, each) for node in nodes for each in here.globals_of(node)}
        for node in (each for statement in nodes for each in ast.walk(statement)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                named.add(self._defined(".".join(here.imports.get(node.value.id, ())), node.attr))
        return " ".join(ast.dump(node) for node in nodes), {place for place in named if place}

    def _defined(self, module: str, name: str) -> Place | None:
        """Return where in the package a name of a module is defined."""
        if module in APART or not _is_module(module):
            return None
        here = self._module(module)
        if name in here.definitions:
            return module, name
        origin = here.imports.get(name)
        return self._defined(*origin) if origin and origin != (module, name) else None

    def _module(self, name: str) -> _Module:
        """Return a module of the package, read now if it has not been."""
        if name not in self._modules:
            self._modules[name] = _read(name)
        return self._modules[name]


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _globals(scope: symtable.SymbolTable) -> set[str]:
    """Return the names that a scope, or one within it, takes from the module."""
    own = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return own.union(*map(_globals, scope.get_children()))


def _is_module(name: str) -> bool:
    return name.startswith(f"{PACKAGE}.") and _file(name) is not None


@cache
def _file(module: str) -> Path | None:
    """Return the file of a module of the package, without importing it."""
    place = Path(__file__).parents[2].joinpath(*module.split(".")[1:])
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _read(name: str) -> _Module:
    """Return what stands at the top of a module of the package."""
    module, file = _Module(), _file(name)
    bare = _Bare().visit(ast.parse(file.read_bytes() if file else b""))
    for scope in symtable.symtable(ast.unparse(bare), name, "exec").get_children():
        module.used.setdefault(scope.get_name(), set()).update(_globals(scope))
    for node in bare.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            module.definitions.setdefault(node.name, []).append(node)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for each in (inner for target in targets for inner in ast.walk(target)):
                if isinstance(each, ast.Name):
                    module.definitions.setdefault(each.id, []).append(node)
        elif isinstance(node, ast.ImportFrom):
            module.imports |= {
                each.asname or each.name: (node.module or "", each.name) for each in node.names
            }
        elif not isinstance(node, ast.Import) and not _is_text(node):
            module.others.append(node)
    return module
