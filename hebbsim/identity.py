"""What tells a custom part from every other: a hash of all that it computes with, the same in every process.

A function is its bytecode, defaults and closure, and what it refers to by name in the user's own modules, all the way
down; an array is its content, an object its class and its state, a function of an installed package its name. Comments
and names of local variables do not count; every constant does, docstrings apart. Bytecode is that of one Python version:
another version gives other identities, and work that is done again, never two parts under one name.
"""

import dis
import enum
import functools
import hashlib
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from hebbsim.errors import HebbsimError

DIGITS = 12
LIBRARIES = tuple({os.path.join(path, "") for name, path in sysconfig.get_paths().items() if "lib" in name})
HERE = os.path.join(os.path.dirname(__file__), "")
PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented), range, np.dtype)
# Of a class: what Python keeps for itself. Annotations are not computed with.
KEPT = {
    "__dict__",
    "__weakref__",
    "__module__",
    "__doc__",
    "__annotations__",
    "__firstlineno__",
    "__static_attributes__",
}
KEPT |= {"__abstractmethods__", "_abc_impl", "__slotnames__", "__parameters__", "__orig_bases__"}
DOCUMENTED = 0x4000000  # flag of a code object whose first constant is its docstring, from Python 3.13 on


def fingerprint(*things: Any) -> str:
    """Hexadecimal digits that two lists of things share only if they compute the same.

    Raises HebbsimError for a thing whose state cannot be known, such as an open file or a generator.
    """
    digest = hashlib.sha256()
    for token in _Walk().tokens(things):
        digest.update(len(token).to_bytes(8, "big") + token)
    return digest.hexdigest()[:DIGITS]


def is_library(path: str) -> bool:
    """Whether a file belongs to Python, to an installed package or to hebbsim: code that is known by its name."""
    if path.startswith("<"):
        return path.startswith("<frozen")
    parts = path.replace("\\", "/").split("/")
    return path.startswith((*LIBRARIES, HERE)) or "site-packages" in parts or "dist-packages" in parts


class _Walk:
    """One walk through everything that is reached, in an order that the things themselves set."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[int, Any]] = {}  # id -> (place in the walk, the thing, kept alive)

    def tokens(self, thing: Any) -> Iterator[bytes]:
        """The thing as a stream of bytes."""
        if isinstance(thing, PLAIN) and type(thing).__module__ in ("builtins", "types", "numpy", "numpy.dtypes"):
            yield f"{type(thing).__name__}:{thing!r}".encode()
        elif type(thing) is tuple:
            yield f"tuple {len(thing)}".encode()
            for item in thing:
                yield from self.tokens(item)
        elif isinstance(thing, set | frozenset):
            yield f"{type(thing).__name__} {len(thing)}".encode()
            yield from sorted(b"".join(_Walk().tokens(item)) for item in thing)
        elif isinstance(thing, types.CodeType):
            yield from self._code(thing)
        elif id(thing) in self.seen:
            yield f"again {self.seen[id(thing)][0]}".encode()
        else:
            self.seen[id(thing)] = (len(self.seen), thing)
            yield from self._new(thing)

    def _new(self, thing: Any) -> Iterator[bytes]:
        import jax
        from jax.core import Tracer

        name = _public_name(thing)
        if name:
            yield f"name {name}".encode()
        elif isinstance(thing, Tracer):
            raise _unknown(thing, "it is traced")
        elif isinstance(thing, np.ndarray | np.generic | jax.Array):
            yield from self._array(thing)
        elif isinstance(thing, list | dict | types.MappingProxyType):
            yield f"{type(thing).__name__} {len(thing)}".encode()
            if type(thing) not in (list, dict, types.MappingProxyType):
                yield from self._object(thing)
            for item in thing if isinstance(thing, list) else thing.items():
                yield from self.tokens(item)
        elif isinstance(thing, types.FunctionType):
            yield from self._function(thing)
        elif isinstance(thing, types.MethodType):
            yield b"method"
            yield from self.tokens((thing.__func__, thing.__self__))
        elif isinstance(thing, functools.partial):
            yield b"partial"
            yield from self.tokens((thing.func, thing.args, thing.keywords))
        elif isinstance(thing, types.BuiltinFunctionType | types.MethodWrapperType):
            yield f"builtin {thing.__name__}".encode()
            yield from self.tokens(thing.__self__)
        elif isinstance(thing, property):
            yield b"property"
            yield from self.tokens((thing.fget, thing.fset, thing.fdel))
        elif isinstance(thing, staticmethod | classmethod):
            yield type(thing).__name__.encode()
            yield from self.tokens(thing.__func__)
        elif isinstance(thing, enum.Enum):
            yield f"member {thing.name}".encode()
            yield from self.tokens((type(thing), thing.value))
        elif isinstance(thing, type):
            yield from self._class(thing)
        elif isinstance(thing, types.ModuleType):
            yield f"module {thing.__name__}".encode()
        elif "jax" in type(thing).__module__ and hasattr(
            thing, "__wrapped__"
        ):  # jax.jit: how it is run is not what it is
            yield b"compiled"
            yield from self.tokens(thing.__wrapped__)
        else:
            yield from self._object(thing)

    def _array(self, thing: Any) -> Iterator[bytes]:
        import jax
        import jax.numpy as jnp

        if isinstance(thing, jax.Array) and jnp.issubdtype(thing.dtype, jax.dtypes.prng_key):
            yield f"rng_key {jax.random.key_impl(thing)}".encode()
            thing = jax.random.key_data(thing)
        array = np.asarray(thing)
        yield f"array {array.dtype} {array.shape}".encode()
        if array.dtype.hasobject:
            yield from self.tokens(array.tolist())
        else:
            yield np.ascontiguousarray(array).tobytes()

    def _function(self, function: types.FunctionType) -> Iterator[bytes]:
        code = function.__code__
        if is_library(code.co_filename):
            yield f"function {function.__globals__.get('__name__')} {code.co_qualname}".encode()
        else:
            yield b"function"
            yield from self._code(code)
            yield from self._globals(function)
        # Names with an underscore are what decorators leave there for themselves.
        attributes = [(name, vars(function)[name]) for name in sorted(vars(function)) if not name.startswith("_")]
        yield from self.tokens((function.__defaults__, function.__kwdefaults__, *attributes))
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:
                yield f"not bound yet {name}".encode()
            else:
                yield from self.tokens(value)

    def _code(self, code: types.CodeType) -> Iterator[bytes]:
        yield b"code"
        yield code.co_code
        yield code.co_exceptiontable
        arguments = code.co_argcount + code.co_kwonlyargcount
        shape = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~DOCUMENTED)
        yield from self.tokens((*shape, code.co_varnames[:arguments], code.co_names, len(code.co_freevars)))
        has_docstring = code.co_flags & DOCUMENTED if sys.version_info >= (3, 13) else not code.co_name.startswith("<")
        constants = code.co_consts
        if has_docstring and constants and isinstance(constants[0], str):
            constants = (None, *constants[1:])
        yield from self.tokens(constants)

    def _globals(self, function: types.FunctionType) -> Iterator[bytes]:
        """What the function, and those inside it, find by name in its module; of a user's other modules, what they use."""
        for name in sorted(set(_global_names(function.__code__))):
            if name not in function.__globals__:
                continue  # a builtin, or nothing: an error when it runs
            yield f"global {name}".encode()
            value = function.__globals__[name]
            yield from self.tokens(value)
            if isinstance(value, types.ModuleType) and not _is_library_module(value):
                for attribute in sorted(set(_all_names(function.__code__)) & vars(value).keys()):
                    yield f"attribute {attribute}".encode()
                    yield from self.tokens(vars(value)[attribute])

    def _class(self, kind: type) -> Iterator[bytes]:
        yield f"class {kind.__qualname__}".encode()
        yield from self.tokens(kind.__bases__)
        for name in sorted(vars(kind)):
            value = vars(kind)[name]
            if name not in KEPT and not isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
                yield f"attribute {name}".encode()
                yield from self.tokens(value)

    def _object(self, thing: Any) -> Iterator[bytes]:
        """Its class and its state: attributes, or what pickling would keep."""
        yield b"object"
        yield from self.tokens(type(thing))
        if isinstance(thing, tuple | str | bytes | int | float | complex):  # a subclass of one
            base: Any = next(kind for kind in (tuple, str, bytes, int, float, complex) if isinstance(thing, kind))
            yield from self.tokens(base(thing))
        slots = [name for kind in type(thing).__mro__ for name in _slots(kind)]
        state = {name: getattr(thing, name) for name in slots if hasattr(thing, name)} | getattr(thing, "__dict__", {})
        yield from self.tokens(sorted(state.items()))
        try:
            kept = thing.__reduce_ex__(4)  # refuses what hides its state, in C say
        except Exception:
            raise _unknown(thing, "its state cannot be read") from None
        kind = type(thing)
        if (kind.__reduce_ex__, kind.__reduce__) != (object.__reduce_ex__, object.__reduce__):
            yield from self.tokens([list(part) if isinstance(part, Iterator) else part for part in kept])


def _is_library_module(module: types.ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    if file is None:
        return module.__name__ in sys.builtin_module_names
    return is_library(file)


def _slots(kind: type) -> list[str]:
    names = vars(kind).get("__slots__", ())
    names = [names] if isinstance(names, str) else [*names]
    private = kind.__name__.lstrip("_")
    return [f"_{private}{n}" if n.startswith("__") and not n.endswith("__") else n for n in names if n not in KEPT]


def _public_name(thing: Any) -> str:
    """The dotted name under which an installed package, or hebbsim, holds this very thing; "" if it does not."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
        return ""
    found: Any = sys.modules[module]
    if not _is_library_module(found):
        return ""
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is thing else ""


def _all_names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_names(constant)


def _global_names(code: types.CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _global_names(constant)


def _unknown(thing: Any, why: str) -> HebbsimError:
    return HebbsimError(
        f"a custom part computes with a {type(thing).__module__}.{type(thing).__qualname__}, and {why}, so that its "
        "records could not be told from others; allowed: functions, arrays, and objects that can be pickled"
    )
