"""Which files of the library a result depends on: the import closure of what makes it.

Imports are read from the source and not run: planning stays light, and sees what a command imports
late, too.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from .method_table import METHODS
from .places import LIBRARY, PROMPTS, SCRIPTS
from .runtime_table import RUNTIMES

PACKAGE = LIBRARY.name
# How one sample becomes records, and which samples; the rest of a shard's run only keeps them.
RECORD_ROOTS = (f"{PACKAGE}.shard.sample_loop", f"{PACKAGE}.shard.samples")
# Parts of a statement that hold statements of their own.
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def record_code() -> list[Path]:
    """Modules that a record depends on: an edit of one of them times everything again."""
    return closure(*record_modules())


def record_modules() -> list[str]:
    """Where the making of a record begins.

    Methods and runtimes are loaded by their names, which no import tells: the tables do.
    """
    methods = [f"{PACKAGE}.methods.{name}" for name in METHODS]
    runtimes = [f"{PACKAGE}.engine.runtimes.{name}" for name in RUNTIMES]
    return [*RECORD_ROOTS, *filter(_file, [*methods, *runtimes])]


def method_templates(methods: Iterable[str]) -> list[Path]:
    """Templates that these methods read, beside those of the data set's card."""
    return sorted({PROMPTS / name for method in methods for name in METHODS[method].templates})


def script_code(script: str) -> list[Path]:
    """Modules that a command of ``workflow/scripts`` imports, also inside its functions."""
    return closure(*_imported_by(SCRIPTS / script, package=""))


def closure(*modules: str) -> list[Path]:
    """Files of these modules of the library, and of all that they import of it, sorted.

    Modules are named in full (``c2c_timing.shard.run``); names of anything else are passed over.
    """
    files: dict[str, Path | None] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in files:
            continue
        file = files[module] = _file(module)
        waiting.append(_parent(module))
        if file:
            package = module if file.name == "__init__.py" else _parent(module)
            waiting += _imported_by(file, package)
    return sorted(filter(None, files.values()))


@functools.cache
def _file(module: str) -> Path | None:
    """A module's source; None where it is none of the library's."""
    if module.split(".")[0] != PACKAGE:
        return None
    place = LIBRARY.joinpath(*module.split(".")[1:])
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((path for path in candidates if path.is_file()), None)


def _parent(module: str) -> str:
    return module.rpartition(".")[0]


@functools.cache
def _imported_by(file: Path, package: str) -> tuple[str, ...]:
    """Full names that a file imports; ``from a import b`` may mean a module ``a.b``, or not."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: list[str] = []
    for statement in _statements(tree):
        if isinstance(statement, ast.Import):
            names += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            source = _source(statement, package)
            names += [source, *(f"{source}.{alias.name}" for alias in statement.names)]
    return tuple(dict.fromkeys(names))


def _source(statement: ast.ImportFrom, package: str) -> str:
    """From what a statement imports, without the leading dots."""
    for _ in range(statement.level - 1):
        package = _parent(package)
    beginning = [package] if statement.level else []
    return ".".join([*beginning, *filter(None, [statement.module])])


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements that may run; what stands under ``if TYPE_CHECKING`` never does."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _BLOCKS):
            continue
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield other
                yield from _statements(other)
        else:
            yield child
            yield from _statements(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"
