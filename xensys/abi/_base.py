"""What every generated structure rests on: checks, handles, packing, repr.

The only logic below xensys.abi that is written by hand. Generated classes
state their layout in `_fields_` (and `_bits_`, `_anonymous_` has its own form
here: `_anon_`); the metaclass replaces each ctypes field by a data descriptor
that checks what is stored.

Always true here: a value that does not fit is refused on every way in
(constructor, attribute, array item, slice, nested, bit-field, packed), with
structure, field and range named; a guest handle holds nothing but hypercall
memory or NULL. Nothing global changes but the table of regions.
"""

from __future__ import annotations

import ctypes
from _operator import index as _index
from _thread import allocate_lock
from bisect import bisect_right
from ctypes import POINTER, addressof, c_char, sizeof
from struct import Struct as _Format
from struct import error as _FormatError
from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType
    from typing import Any, ClassVar, Generic, Protocol, SupportsIndex, TypeVar, overload

    from typing_extensions import Buffer

HANDLE = POINTER(c_char)
"""The ctypes type of every XEN_GUEST_HANDLE(T): 8 bytes on x86_64 and arm64."""

_ONE_CHAR = c_char * 1
_NOTHING = _ONE_CHAR()


def _machine() -> str:
    # os is there since the interpreter's start; platform is not light.
    from os import uname

    return "arm64" if uname().machine in ("aarch64", "arm64") else "x86_64"


try:
    MACHINE = _machine()
except ImportError:  # not a Unix: layouts can still be read
    MACHINE = "x86_64"


def load(name: str) -> ModuleType:
    """Import a module by its full name; what the lazy packages use."""
    __import__(name)
    return modules[name]


_INTEGERS = {
    ctypes.c_uint8: (0, 0xFF, "unsigned char"),
    ctypes.c_uint16: (0, 0xFFFF, "unsigned short"),
    ctypes.c_uint32: (0, 0xFFFF_FFFF, "unsigned int"),
    ctypes.c_uint64: (0, 0xFFFF_FFFF_FFFF_FFFF, "unsigned long"),
    ctypes.c_int8: (-0x80, 0x7F, "signed char"),
    ctypes.c_int16: (-0x8000, 0x7FFF, "short"),
    ctypes.c_int32: (-0x8000_0000, 0x7FFF_FFFF, "int"),
    ctypes.c_int64: (-0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, "long"),
}


def _integer(value: Any, low: int, high: int, what: str, kind: str) -> int:
    """Return `value` as an integer in low..high, or say which field refuses it."""
    try:
        number = _index(value)
    except TypeError:
        raise TypeError(f"{what}: an integer is needed, not {type(value).__name__}") from None
    if low <= number <= high:
        return number
    raise OverflowError(f"{what}: {number} does not fit in {low}..{high} ({kind})")


# -- hypercall memory ---------------------------------------------------------

# Sorted ends and starts of disjoint ranges. Writers replace the tuple under
# the lock, so readers see one state without taking it.
_regions: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
_regions_lock = allocate_lock()


def add_region(address: int, length: int) -> None:
    """Register an address range as hypercall memory.

    Args:
        address: first byte.
        length: bytes, more than 0.
    Raises:
        ValueError: empty, or overlapping a registered range.
    """
    global _regions
    if length <= 0:
        raise ValueError(f"a region of {length} bytes")
    with _regions_lock:
        starts, ends = _regions
        place = bisect_right(starts, address)
        before = place > 0 and ends[place - 1] > address
        after = place < len(starts) and starts[place] < address + length
        if before or after:
            raise ValueError(f"region {address:#x}+{length:#x} overlaps a registered one")
        _regions = (
            (*starts[:place], address, *starts[place:]),
            (*ends[:place], address + length, *ends[place:]),
        )


def remove_region(address: int) -> None:
    """Forget the range that starts at `address`.

    Raises:
        ValueError: no registered range starts there.
    """
    global _regions
    with _regions_lock:
        starts, ends = _regions
        place = bisect_right(starts, address) - 1
        if place < 0 or starts[place] != address:
            raise ValueError(f"no region starts at {address:#x}")
        _regions = (starts[:place] + starts[place + 1 :], ends[:place] + ends[place + 1 :])


def in_hypercall_memory(address: int, length: int) -> bool:
    """Tell whether the whole range lies in one registered region."""
    starts, ends = _regions
    place = bisect_right(starts, address) - 1
    return place >= 0 and address + length <= ends[place]


def _export(value: Any, what: str) -> Any:
    """Return the c_char array that a handle field may keep for `value`."""
    export = getattr(value, "_xen_export_", None)
    if export is not None:
        array = export()
        if isinstance(array, ctypes.Array) and array._type_ is c_char:
            return array
        raise TypeError(f"{what}: _xen_export_() returned {type(array).__name__}, not a c_char array")
    # A structure or array that was built in place in hypercall memory.
    if isinstance(value, ctypes.Structure | ctypes.Union | ctypes.Array):
        if sizeof(value) and in_hypercall_memory(addressof(value), sizeof(value)):
            return _ONE_CHAR.from_buffer(value)
        raise TypeError(
            f"{what}: this {type(value).__name__} is not in hypercall memory; "
            f"build it there with xen.buffers.new({type(value).__name__})"
        )
    raise TypeError(
        f"{what}: a guest handle takes hypercall memory or None, not {type(value).__name__}; "
        "use xen.buffers.alloc() or xen.buffers.new()"
    )


# -- fields -------------------------------------------------------------------


class Field(property):
    """A checked field; `offset` and `size` are in bytes, as ctypes' own have them."""

    offset: int
    size: int


def _place(field: Field, raw: Any) -> Field:
    field.offset = raw.offset
    field.size = raw.size
    return field


def _int_field(what: str, raw: Any, ctype: Any) -> Field:
    low, high, kind = _INTEGERS[ctype]
    store = raw.__set__

    def put(self: Any, value: Any) -> None:
        try:
            if low <= value <= high:
                store(self, value)
                return
        except TypeError:
            pass
        store(self, _integer(value, low, high, what, kind))

    return _place(Field(raw.__get__, put), raw)


def _text_field(what: str, raw: Any, length: int) -> Field:
    start = raw.offset

    def put(self: Any, value: Any) -> None:
        if not isinstance(value, bytes):
            raise TypeError(f"{what}: bytes are needed, not {type(value).__name__}")
        if len(value) > length:
            raise OverflowError(f"{what}: {len(value)} bytes do not fit in {length} (char array)")
        # Not through ctypes: it stops at the first NUL and leaves the end of a
        # longer text standing.
        memoryview(self).cast("B")[start : start + length] = value.ljust(length, b"\0")

    return _place(Field(raw.__get__, put), raw)


def _built(value: Any, ctype: Any) -> Any:
    """Build a nested structure from a tuple here: ctypes would hide its error."""
    return ctype(*value) if type(value) is tuple else value


def _nested_field(raw: Any, ctype: Any) -> Field:
    store = raw.__set__

    def put(self: Any, value: Any) -> None:
        store(self, _built(value, ctype))

    return _place(Field(raw.__get__, put), raw)


def _array_field(what: str, raw: Any, ctype: Any) -> Field:
    store = raw.__set__

    def put(self: Any, value: Any) -> None:
        try:
            count = len(value)
        except TypeError:
            kind = type(value).__name__
            raise TypeError(f"{what}: a sequence is needed, not {kind}") from None
        if count > ctype._length_:
            raise OverflowError(f"{what}: {count} items do not fit in {ctype._length_}")
        store(self, ctype(*value))

    return _place(Field(raw.__get__, put), raw)


def _handle_field(what: str, raw: Any) -> Field:
    load = raw.__get__
    store = raw.__set__

    def get(self: Any) -> int | None:
        pointer = load(self)
        return addressof(pointer.contents) if pointer else None

    def put(self: Any, value: Any) -> None:
        # ctypes keeps the array alive in the structure that owns this field. NULL
        # alone would leave the last one kept: something else takes its place first.
        store(self, _NOTHING if value is None else _export(value, what))
        if value is None:
            store(self, None)

    return _place(Field(get, put), raw)


def _bit_field(what: str, raw: Any, ctype: Any, shift: int, width: int, signed: bool) -> Field:
    load = raw.__get__
    store = raw.__set__
    mask = (1 << width) - 1
    low, high = (-(1 << width - 1), mask >> 1) if signed else (0, mask)
    kind = f"{width} bits"
    whole = sizeof(ctype)
    in_bytes = ctype not in _INTEGERS  # 3 or 5 bytes long, or misaligned in C

    def get(self: Any) -> int:
        unit = int.from_bytes(bytes(load(self)), "little") if in_bytes else load(self)
        number: int = unit >> shift & mask
        return number - (1 << width) if number > high else number

    def put(self: Any, value: Any) -> None:
        number = _integer(value, low, high, what, kind)
        unit = int.from_bytes(bytes(load(self)), "little") if in_bytes else load(self)
        unit = unit & ~(mask << shift) | (number & mask) << shift
        store(self, ctype(*unit.to_bytes(whole, "little")) if in_bytes else unit)

    return _place(Field(get, put), raw)


def _forwarded(raw: Any, name: str) -> Field:
    """Return a member of an anonymous structure or union as a field of the outer one."""
    load = raw.__get__

    def get(self: Any) -> Any:
        return getattr(load(self), name)

    def put(self: Any, value: Any) -> None:
        setattr(load(self), name, value)

    return Field(get, put)


def _keyword_init(self: Any, *values: Any, **named: Any) -> None:
    if values:
        raise TypeError(f"{type(self).__name__}() takes its fields by name only")
    super(_top(type(self)), self).__init__(**named)


def _top(cls: type) -> Any:
    return Union if issubclass(cls, ctypes.Union) else Struct


def _name_array(ctype: Any, what: str) -> None:
    """Tell an array type, and the arrays in it, which field it is: for its errors."""
    ctype._what_ = what
    item = ctype._type_
    if issubclass(item, ctypes.Array) and item._type_ is not c_char:
        _name_array(item, what)


def _dress(cls: Any, namespace: dict[str, Any]) -> None:
    """Replace the ctypes fields of a new class by checked ones."""
    fields: list[tuple[str, Any]] | None = namespace.get("_fields_")
    if fields is None:
        return
    shown: list[str] = []
    handles: list[str] = []
    anonymous = namespace.get("_anon_", ())
    bits = namespace.get("_bits_", ())
    stores = {bit[1] for bit in bits}
    raws: dict[str, tuple[Any, Any]] = {}
    for name, ctype in fields:
        raw = cls.__dict__[name]
        raws[name] = (raw, ctype)
        what = f"{cls.__name__}.{name.removeprefix('__')}"
        if name in anonymous:
            for inner in ctype._shown_:
                field = _forwarded(raw, inner)
                member = getattr(ctype, inner)
                field.offset = raw.offset + member.offset
                field.size = member.size
                setattr(cls, inner, field)
                shown.append(inner)
            continue
        if ctype in _INTEGERS:
            field = _int_field(what, raw, ctype)
        elif ctype is HANDLE:
            field = _handle_field(what, raw)
        elif not issubclass(ctype, ctypes.Array):
            field = _nested_field(raw, ctype)
        elif ctype._type_ is c_char:
            field = _text_field(what, raw, sizeof(ctype))
        else:
            _name_array(ctype, what)
            field = _array_field(what, raw, ctype)
        setattr(cls, name, field)
        if name.startswith("__"):  # inside a class Python would mangle that
            name = name[2:]
            setattr(cls, name, field)
        if name not in stores and not name.startswith("_hole"):
            shown.append(name)
        if ctype is HANDLE:
            handles.append(name)
    for name, store, shift, width, signed in bits:
        raw, ctype = raws[store]
        field = _bit_field(f"{cls.__name__}.{name}", raw, ctype, shift, width, signed)
        setattr(cls, name, field)
        shown.append(name)
    cls._shown_ = tuple(shown)
    cls._handles_ = tuple(handles)
    if anonymous or bits:
        # By position would mean the hidden storage, not C's order of fields.
        cls.__init__ = _keyword_init


if not TYPE_CHECKING:

    class _StructMeta(type(ctypes.Structure)):
        def __new__(mcls, name, bases, namespace):
            # Without a __dict__ a misspelt attribute is an AttributeError.
            namespace.setdefault("__slots__", ())
            return super().__new__(mcls, name, bases, namespace)

        def __init__(cls, name, bases, namespace):
            super().__init__(name, bases, namespace)
            _dress(cls, namespace)

    class _UnionMeta(type(ctypes.Union)):
        def __new__(mcls, name, bases, namespace):
            namespace.setdefault("__slots__", ())
            return super().__new__(mcls, name, bases, namespace)

        def __init__(cls, name, bases, namespace):
            super().__init__(name, bases, namespace)
            _dress(cls, namespace)


# -- repr ---------------------------------------------------------------------

_HEX_ENDS = ("fn", "frame", "addr", "address", "flags", "mask", "base", "va")
_COUNTS = ("nr_", "num", "count", "len", "size", "total", "max_nr")


def _show(name: str, value: Any) -> str:
    """Return one value for repr: frames and addresses in hex, the rest in decimal."""
    if isinstance(value, ctypes.Array):
        items = [_show(name, item) for item in value[:8]]
        more = f", … {len(value)} items" if len(value) > 8 else ""
        return f"[{', '.join(items)}{more}]"
    if isinstance(value, list):
        return f"[{', '.join(_show(name, item) for item in value)}]"
    if isinstance(value, int) and (name.endswith(_HEX_ENDS) or value >= 1 << 32):
        return repr(value) if name.startswith(_COUNTS) else f"{value:#x}"
    return repr(value)


def _repr(self: Any) -> str:
    """Name every field. The joint where flags and enumerations are decoded is _show()."""
    cls = type(self)
    parts = []
    for name in cls._shown_:
        value = getattr(self, name)
        # A handle reads as an address.
        text = hex(value) if name in cls._handles_ and value is not None else _show(name, value)
        parts.append(f"{name}={text}")
    return f"{cls.__name__}({', '.join(parts)})"


def _equal(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    return bytes(self) == bytes(other)


if TYPE_CHECKING:

    class XenExport(Protocol):
        """A xensys buffer, or a view of one."""

        def _xen_export_(self) -> ctypes.Array[c_char]: ...

    XenMemory = XenExport | ctypes.Structure | ctypes.Union | ctypes.Array[Any]

    class HandleField:
        """A guest handle: reads as the address or None, takes hypercall memory or None."""

        @overload
        def __get__(self, instance: None, owner: object) -> Field: ...
        @overload
        def __get__(self, instance: object, owner: object = ...) -> int | None: ...
        def __get__(self, instance: object, owner: object = ...) -> Field | int | None: ...
        def __set__(self, instance: object, value: XenMemory | None) -> None: ...

    class IntArray(ctypes.Array[ctypes.c_uint64]):
        """A checked array of integers."""

        @overload
        def __getitem__(self, key: int, /) -> int: ...
        @overload
        def __getitem__(self, key: slice, /) -> list[int]: ...
        def __getitem__(self, key: int | slice, /) -> int | list[int]: ...
        @overload  # type: ignore[override]
        def __setitem__(self, key: int, value: SupportsIndex, /) -> None: ...
        @overload
        def __setitem__(self, key: slice, value: Sequence[int], /) -> None: ...
        def __setitem__(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, key: Any, value: Any, /
        ) -> None: ...
        def __iter__(self) -> Iterator[int]: ...

    class IntArrayField:
        """An array of integers: takes any sequence of them that is not too long."""

        def __get__(self, instance: object, owner: object = ...) -> IntArray: ...
        def __set__(self, instance: object, value: Sequence[int] | IntArray) -> None: ...

    T = TypeVar("T")

    class StructArray(ctypes.Array[Any], Generic[T]):
        """An array of structures or of arrays."""

        @overload
        def __getitem__(self, key: int, /) -> T: ...
        @overload
        def __getitem__(self, key: slice, /) -> list[T]: ...
        def __getitem__(self, key: int | slice, /) -> T | list[T]: ...
        def __setitem__(self, key: Any, value: Any, /) -> None: ...
        def __iter__(self) -> Iterator[T]: ...

    class StructArrayField(Generic[T]):
        """An array of structures or of arrays, as a field."""

        def __get__(self, instance: object, owner: object = ...) -> StructArray[T]: ...
        def __set__(self, instance: object, value: Sequence[T] | StructArray[T]) -> None: ...

    class Struct(ctypes.Structure):
        """A structure of the ABI under its C name."""

        FORMAT: ClassVar[str]
        FORMAT_FIELDS: ClassVar[tuple[str, ...]]
        # typeshed lets a Structure have any attribute; here a misspelt one is an error.
        __getattr__: None = None  # type: ignore[assignment, misc]
        __setattr__: None = None  # type: ignore[assignment, misc]
        __hash__ = None  # type: ignore[assignment]

        def __init__(self) -> None: ...

    class Union(ctypes.Union):
        """A union of the ABI under its C name."""

        __getattr__: None = None  # type: ignore[assignment, misc]
        __setattr__: None = None  # type: ignore[assignment, misc]
        __hash__ = None  # type: ignore[assignment]

        def __init__(self) -> None: ...

    def arr(item: type[Any], length: int) -> type[ctypes.Array[Any]]: ...

else:

    class Struct(ctypes.Structure, metaclass=_StructMeta):
        """A structure of the ABI under its C name."""

        _shown_ = ()
        _handles_ = ()
        __repr__ = _repr
        __eq__ = _equal
        __hash__ = None

    class Union(ctypes.Union, metaclass=_UnionMeta):
        """A union of the ABI under its C name."""

        _shown_ = ()
        _handles_ = ()
        __repr__ = _repr
        __eq__ = _equal
        __hash__ = None

    class _Checked:
        """The part of an array that checks what is stored."""

        __slots__ = ()
        _what_ = "array"

        def __setitem__(self, key, value):
            if isinstance(key, slice):
                places = range(*key.indices(len(self)))
                pairs = zip(places, value, strict=True)
                super().__setitem__(key, [self._checked(place, item) for place, item in pairs])
            else:
                super().__setitem__(key, self._checked(key, value))

        def _checked(self, place, value):
            limits = _INTEGERS.get(self._type_)
            if limits is None:
                return _built(value, self._type_)
            low, high, kind = limits
            return _integer(value, low, high, f"{self._what_}[{place}]", kind)

    def arr(item, length):
        """Return a new array type, whose errors will name the field it is used for."""
        if item is c_char:
            return c_char * length
        namespace = {"_type_": item, "_length_": length, "__slots__": ()}
        name = f"{item.__name__}_Array_{length}"
        return type(ctypes.Array)(name, (_Checked, ctypes.Array), namespace)


def offset_of(cls: type[Struct | Union], field: str) -> int:
    """Return a field's offset in bytes."""
    found: int = getattr(cls, field).offset
    return found


# -- packing ------------------------------------------------------------------

_CODES = {
    "B": _INTEGERS[ctypes.c_uint8],
    "H": _INTEGERS[ctypes.c_uint16],
    "I": _INTEGERS[ctypes.c_uint32],
    "Q": _INTEGERS[ctypes.c_uint64],
    "b": _INTEGERS[ctypes.c_int8],
    "h": _INTEGERS[ctypes.c_int16],
    "i": _INTEGERS[ctypes.c_int32],
    "q": _INTEGERS[ctypes.c_int64],
}


class Packer:
    """Packs all fields of one structure in one call: the hot path.

    Handles are plain addresses here: whoever packs them answers for the
    memory (the hypercall layer does; it holds the buffer over the call).
    """

    __slots__ = ("_codes", "_names", "_pack", "name", "size", "unpack_from")

    def __init__(self, cls: type[Struct]) -> None:
        layout = _Format(cls.FORMAT)
        self.name = cls.__name__
        self.size = layout.size
        self.unpack_from = layout.unpack_from
        self._pack = layout.pack_into
        self._names = cls.FORMAT_FIELDS
        self._codes = [code for code in cls.FORMAT if code in _CODES]

    def pack_into(self, buffer: Buffer, offset: int, *values: SupportsIndex) -> None:
        """Store every field of the structure at `offset`, holes as zero.

        Raises:
            OverflowError: a value does not fit; names structure, field and range.
            TypeError: not an integer, or not as many values as fields.
            ValueError: the buffer is too small.
        """
        try:
            self._pack(buffer, offset, *values)
        except _FormatError as error:
            self._explain(values, error)

    def _explain(self, values: Iterable[Any], error: Exception) -> None:
        values = list(values)
        if len(values) != len(self._names):
            raise TypeError(
                f"{self.name}: {len(self._names)} values are needed, not {len(values)}"
            ) from None
        for name, code, value in zip(self._names, self._codes, values, strict=True):
            low, high, kind = _CODES[code]
            _integer(value, low, high, f"{self.name}.{name}", kind)
        raise ValueError(f"{self.name}: {error}") from None
