"""What every generated structure rests on: checks, handles, packing, repr.

The only logic below xensys.abi that is written by hand. Generated classes
state their layout in `_fields_` (and `_bits_`, `_anonymous_` has its own form
here: `_anon_`); the metaclass replaces each ctypes field by a data descriptor
that checks what is stored.

Always true here: a value that does not fit is refused on every way in
(constructor, attribute, array item, slice, nested, bit-field, packed), with
structure, field and range named; a guest handle that is set holds nothing but
hypercall memory or NULL, keeps it alive, and is neither copied nor pickled.
Bytes that are read in (from_buffer) mean what they say, and so do other
members of a handle's union. Nothing global changes but the table of regions.
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


def _called(owner: Any, name: str) -> str:
    """Return what errors call a field; `owner` is None for an array that is no field."""
    return f"{owner._title_ or owner.__name__}.{name.removeprefix('__')}" if owner else name


def _integer(value: Any, low: int, high: int, kind: str, owner: Any, name: str) -> int:
    """Return `value` as an integer in low..high, or say which field refuses it."""
    try:
        number = _index(value)  # exactly an int: a subclass may compare as it likes
    except TypeError:
        what = _called(owner, name)
        raise TypeError(f"{what}: an integer is needed, not {type(value).__name__}") from None
    if low <= number <= high:
        return number
    # Python refuses to print thousands of digits.
    shown = number if number.bit_length() <= 1024 else f"an integer of {number.bit_length()} bits"
    raise OverflowError(f"{_called(owner, name)}: {shown} does not fit in {low}..{high} ({kind})")


def fitting(value: int, low: int, high: int, what: str) -> int:
    """Return the argument of a function-like macro, or say why it is none."""
    return _integer(value, low, high, "argument", None, what)


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


def _export(value: Any, name: str, owner: Any = None) -> Any:
    """Return the c_char array that a handle field may keep for `value`."""
    export = getattr(value, "_xen_export_", None)
    if export is not None:
        array = export()
        if isinstance(array, ctypes.Array) and array._type_ is c_char:
            return array
        what = _called(owner, name)
        raise TypeError(f"{what}: _xen_export_() returned {type(array).__name__}, not a c_char array")
    # A structure or array that was built in place in hypercall memory.
    if isinstance(value, ctypes.Structure | ctypes.Union | ctypes.Array):
        if sizeof(value) and in_hypercall_memory(addressof(value), sizeof(value)):
            return _ONE_CHAR.from_buffer(value)
        raise TypeError(
            f"{_called(owner, name)}: this {type(value).__name__} is not in hypercall memory; "
            f"build it there with xen.buffers.new({type(value).__name__})"
        )
    raise TypeError(
        f"{_called(owner, name)}: a guest handle takes hypercall memory or None, "
        f"not {type(value).__name__}; "
        "use xen.buffers.alloc() or xen.buffers.new()"
    )


# -- fields -------------------------------------------------------------------


class Field(property):
    """A checked field; `offset` and `size` are in bytes, as ctypes' own have them.

    Reading is property's, in C: it calls what ctypes reads with. No closures
    for two thousand fields, whose cells the collector would walk, and no names
    before there is an error: importing a module costs a tenth to a third less so.
    """

    __slots__ = ("_cls", "_ctype", "_name", "_raw")
    _cls: Any
    _ctype: Any
    _name: str
    _raw: Any  # has offset and size

    def __init__(self, cls: Any, name: str, raw: Any, ctype: Any, get: Any) -> None:
        # Without a text of its own a property looks for its getter's: slow.
        super().__init__(get, None, None, "")
        self._cls = cls
        self._ctype = ctype
        self._name = name
        self._raw = raw

    @property
    def offset(self) -> int:
        """Bytes from the start of the structure."""
        offset: int = self._raw.offset
        return offset

    @property
    def size(self) -> int:
        """Bytes; of the storage, for a bit-field."""
        size: int = self._raw.size
        return size


class _Int(Field):
    __slots__ = ()

    def __set__(self, instance: Any, value: Any) -> None:
        low, high, kind = _INTEGERS[self._ctype]
        if type(value) is not int or not low <= value <= high:
            value = _integer(value, low, high, kind, self._cls, self._name)
        self._raw.__set__(instance, value)


class _Text(Field):
    __slots__ = ()

    # Neither goes through ctypes. That reads to the first NUL, but rings and
    # register areas are char arrays too; and it leaves the end of a longer text standing.
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else bytes(self._bytes(instance)).rstrip(b"\0")

    def __set__(self, instance: Any, value: Any) -> None:
        if not isinstance(value, bytes):
            what = _called(self._cls, self._name)
            raise TypeError(f"{what}: bytes are needed, not {type(value).__name__}")
        length = self._raw.size
        if len(value) > length:
            what = _called(self._cls, self._name)
            raise OverflowError(f"{what}: {len(value)} bytes do not fit in {length} (char array)")
        self._bytes(instance)[:] = value.ljust(length, b"\0")

    def _bytes(self, instance: Any) -> memoryview:
        start = self._raw.offset
        return memoryview(instance).cast("B")[start : start + self._raw.size]


def _items(value: Any, ctype: Any, owner: Any, name: str) -> Any:
    """Build an array from a sequence: refused whole, or checked item by item."""
    # What has no length may never end; what has no order would be stored in any.
    if not hasattr(value, "__len__") or isinstance(value, set | frozenset | dict):
        kind = type(value).__name__
        raise TypeError(f"{_called(owner, name)}: a sequence is needed, not {kind}")
    items = tuple(value)
    if len(items) > ctype._length_:
        what = _called(owner, name)
        raise OverflowError(f"{what}: {len(items)} items do not fit in {ctype._length_}")
    return ctype(*items)


def _built(value: Any, ctype: Any, owner: Any, name: str) -> Any:
    """Build a nested structure or array here: ctypes would hide its error."""
    if isinstance(value, ctype):
        return value
    if issubclass(ctype, ctypes.Array):
        return _items(value, ctype, owner, name)
    if isinstance(value, tuple):
        return ctype(*value)
    what = _called(owner, name)
    raise TypeError(f"{what}: {ctype.__name__} or a tuple is needed, not {type(value).__name__}")


class _Nested(Field):
    __slots__ = ()

    def __set__(self, instance: Any, value: Any) -> None:
        self._raw.__set__(instance, _built(value, self._ctype, self._cls, self._name))


class _Array(Field):
    __slots__ = ()

    def __set__(self, instance: Any, value: Any) -> None:
        self._raw.__set__(instance, _items(value, self._ctype, self._cls, self._name))


class _Handle(Field):
    __slots__ = ()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        pointer = self._raw.__get__(instance)
        return addressof(pointer.contents) if pointer else None

    def __set__(self, instance: Any, value: Any) -> None:
        # ctypes keeps the array alive in the structure that owns this field. NULL
        # alone would leave the last one kept: something else takes its place first.
        kept = _NOTHING if value is None else _export(value, self._name, self._cls)
        self._raw.__set__(instance, kept)
        if value is None:
            self._raw.__set__(instance, None)


class _Bits(Field):
    __slots__ = ("_shift", "_signed", "_width")
    _shift: int
    _signed: bool
    _width: int

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        number = self._unit(instance) >> self._shift & (1 << self._width) - 1
        return number - (1 << self._width) if self._signed and number >> self._width - 1 else number

    def __set__(self, instance: Any, value: Any) -> None:
        mask = (1 << self._width) - 1
        low, high = (-(mask >> 1) - 1, mask >> 1) if self._signed else (0, mask)
        number = _integer(value, low, high, f"{self._width} bits", self._cls, self._name)
        unit = self._unit(instance) & ~(mask << self._shift) | (number & mask) << self._shift
        ctype = self._ctype
        if ctype not in _INTEGERS:
            unit = ctype(*unit.to_bytes(sizeof(ctype), "little"))
        self._raw.__set__(instance, unit)

    def _unit(self, instance: Any) -> int:
        stored = self._raw.__get__(instance)
        # Storage is bytes where it is 3 or 5 of them, or misaligned in C.
        unit: int = stored if self._ctype in _INTEGERS else int.from_bytes(bytes(stored), "little")
        return unit


class _Forwarded(Field):
    """A member of an anonymous structure or union, as a field of the outer one."""

    __slots__ = ()

    @property
    def offset(self) -> int:
        """Bytes from the start of the outer structure."""
        offset: int = self._raw.offset + self._member.offset
        return offset

    @property
    def size(self) -> int:
        """Bytes; of the storage, for a bit-field."""
        size: int = self._member.size
        return size

    @property
    def _member(self) -> Field:
        member: Field = getattr(self._ctype, self._name)
        return member

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else getattr(self._raw.__get__(instance), self._name)

    def __set__(self, instance: Any, value: Any) -> None:
        setattr(self._raw.__get__(instance), self._name, value)


def _retitle(cls: Any, title: str) -> None:
    """Let errors in an anonymous structure or union name the one that holds it."""
    cls._title_ = title
    for name, ctype in cls._fields_:
        if name in cls.__dict__.get("_anon_", ()):
            _retitle(ctype, title)


def _keyword_init(self: Any, *values: Any, **named: Any) -> None:
    if values:
        raise TypeError(f"{type(self).__name__}() takes its fields by name only")
    super(_top(type(self)), self).__init__(**named)


def _top(cls: type) -> Any:
    return Union if issubclass(cls, ctypes.Union) else Struct


def _name_array(ctype: Any, cls: Any, name: str) -> None:
    """Tell an array type, and the arrays in it, which field it is: for its errors."""
    ctype._owner_ = cls
    ctype._name_ = name
    item = ctype._type_
    if issubclass(item, ctypes.Array) and item._type_ is not c_char:
        _name_array(item, cls, f"{name}[…]")


def _dress(cls: Any, namespace: dict[str, Any]) -> None:
    """Replace the ctypes fields of a new class by checked ones."""
    fields: Sequence[tuple[str, Any]] | None = namespace.get("_fields_")
    if fields is None:
        return
    shown: list[str] = []
    handles: list[str] = []
    anonymous = namespace.get("_anon_", ())
    bits = namespace.get("_bits_", ())
    hidden = {bit[1] for bit in bits}
    own = cls.__dict__
    for name, ctype in fields:
        raw = own[name]
        field: Field
        if ctype in _INTEGERS:
            field = _Int(cls, name, raw, ctype, raw.__get__)
        elif ctype is HANDLE:
            field = _Handle(cls, name, raw, ctype, None)
            handles.append(name)
        elif name in anonymous:
            _retitle(ctype, cls.__name__)
            for inner in ctype._shown_:
                setattr(cls, inner, _Forwarded(cls, inner, raw, ctype, None))
                shown.append(inner)
                if inner in ctype._handles_:
                    handles.append(inner)
            continue
        elif not issubclass(ctype, ctypes.Array):
            field = _Nested(cls, name, raw, ctype, raw.__get__)
        elif ctype._type_ is c_char:
            field = _Text(cls, name, raw, ctype, None)
        else:
            _name_array(ctype, cls, name)
            field = _Array(cls, name, raw, ctype, raw.__get__)
        setattr(cls, name, field)
        if name[0] == "_":
            if name[:5] == "_hole":
                continue
            if name[:2] == "__":  # inside a class Python would mangle that
                name = name[2:]
                setattr(cls, name, field)
        if name not in hidden:
            shown.append(name)
    for name, store, shift, width, signed in bits:
        bit = _Bits(cls, name, own[store]._raw, own[store]._ctype, None)
        bit._shift = shift
        bit._width = width
        bit._signed = signed
        setattr(cls, name, bit)
        shown.append(name)
    cls._shown_ = tuple(shown)
    if handles:
        cls._handles_ = tuple(handles)
    if anonymous or bits:
        # By position would mean the hidden storage, not C's order of fields.
        cls.__init__ = _keyword_init


def _holds_handles(ctype: Any) -> bool:
    if issubclass(ctype, ctypes.Array):
        return _holds_handles(ctype._type_)
    below = getattr(ctype, "_fields_", ())
    return ctype is HANDLE or any(_holds_handles(inner) for _, inner in below)


def _reduce(self: Any) -> tuple[Any, ...]:
    """Copy and pickle by bytes; never a handle, whose memory would not come along."""
    cls = type(self)
    if _holds_handles(cls):
        raise TypeError(
            f"cannot copy or pickle {cls.__name__}: a copy of its guest handles "
            "would not keep their memory; build another one"
        )
    return cls.from_buffer_copy, (bytes(self),)


if not TYPE_CHECKING:

    class _StructMeta(type(ctypes.Structure)):
        def __new__(mcls, name, bases, namespace):
            # Without a __dict__ a misspelt attribute is an AttributeError.
            namespace["__slots__"] = ()
            return super().__new__(mcls, name, bases, namespace)

        def __init__(cls, name, bases, namespace):
            super().__init__(name, bases, namespace)
            _dress(cls, namespace)

    class _UnionMeta(type(ctypes.Union)):
        def __new__(mcls, name, bases, namespace):
            namespace["__slots__"] = ()
            return super().__new__(mcls, name, bases, namespace)

        def __init__(cls, name, bases, namespace):
            super().__init__(name, bases, namespace)
            _dress(cls, namespace)


# -- repr ---------------------------------------------------------------------

_HEX_ENDS = ("fn", "frame", "addr", "address", "flags", "mask", "base", "va")
_COUNTS = ("nr_", "num", "count", "len", "size", "total", "max_nr")
_PARTS = ("_common.", "_x86_64.", "_arm64.")


def decode(group: str, value: int) -> str:
    """Return what a number is called in C: see xensys.abi.decode."""
    from ._names import GROUPS  # not before it is asked for: a hundred tables

    kind, *tables = GROUPS[group]
    if kind == "values":
        return tables[0].get(value) or repr(value)
    if value < 0:
        return repr(value)
    flags, parts = tables
    found: list[str] = []
    rest = value
    for mask, table in parts:  # an enumeration inside the word
        if (name := table.get(value & mask)) is not None:
            found.append(name)
            rest &= ~mask
    for bits, name in flags:
        if bits and rest & bits == bits:
            found.append(name)
            rest &= ~bits
        elif not bits and not value:
            found.append(name)
    if rest or not found:
        found.append(hex(rest) if rest else "0")
    return "|".join(found)


def _groups(cls: type) -> dict[str, str]:
    """Return which group of names each field of a generated class has."""
    from ._names import FIELDS

    module = cls.__module__.removeprefix(f"{__package__}.")
    for part in _PARTS:
        module = module.removeprefix(part)
    return FIELDS.get(f"{module}.{cls.__name__}", {})


def _show(name: str, value: Any, group: str | None) -> str:
    """Return one value for repr: by name where it has one, frames and addresses in hex."""
    if isinstance(value, ctypes.Array):
        items = [_show(name, item, group) for item in value[:8]]
        more = f", … {len(value)} items" if len(value) > 8 else ""
        return f"[{', '.join(items)}{more}]"
    if isinstance(value, list):
        return f"[{', '.join(_show(name, item, group) for item in value)}]"
    if not isinstance(value, int):
        return repr(value)
    if group is not None:
        return decode(group, value)
    if name.endswith(_HEX_ENDS) or value >= 1 << 32:
        return repr(value) if name.startswith(_COUNTS) else f"{value:#x}"
    return repr(value)


def _repr(self: Any) -> str:
    """Name every field, and numbers as C does."""
    cls = type(self)
    groups = _groups(cls)
    parts = []
    for name in cls._shown_:
        value = getattr(self, name)
        if name in cls._handles_ and value is not None:  # reads as an address
            parts.append(f"{name}={value:#x}")
        else:
            parts.append(f"{name}={_show(name, value, groups.get(name))}")
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
        @overload  # type: ignore[override]
        def __setitem__(self, key: int, value: T, /) -> None: ...
        @overload
        def __setitem__(self, key: slice, value: Sequence[T], /) -> None: ...
        def __setitem__(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, key: Any, value: Any, /
        ) -> None: ...
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
        _title_ = ""  # what errors call it, where that is not its name
        __repr__ = _repr
        __eq__ = _equal
        __reduce__ = _reduce
        __setstate__ = None  # ctypes' own stores any bytes
        __hash__ = None

    class Union(ctypes.Union, metaclass=_UnionMeta):
        """A union of the ABI under its C name."""

        _shown_ = ()
        _handles_ = ()
        _title_ = ""  # what errors call it, where that is not its name
        __repr__ = _repr
        __eq__ = _equal
        __reduce__ = _reduce
        __setstate__ = None  # ctypes' own stores any bytes
        __hash__ = None

    class _Checked:
        """The part of an array that checks what is stored."""

        __slots__ = ()
        _owner_ = None
        _name_ = "array"

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
                return _built(value, self._type_, self._owner_, f"{self._name_}[{place}]")
            low, high, kind = limits
            if type(value) is int and low <= value <= high:
                return value
            return _integer(value, low, high, kind, self._owner_, f"{self._name_}[{place}]")

        def __reduce__(self):
            raise TypeError("an array of a structure is not copied or pickled; list() gives its items")

        __setstate__ = None

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

    __slots__ = ("_cls", "_codes", "_names", "_pack", "name", "size", "unpack_from")

    def __init__(self, cls: type[Struct]) -> None:
        layout = _Format(cls.FORMAT)
        self._cls = cls
        self.name = cls.__name__
        self.size = layout.size
        self.unpack_from = layout.unpack_from
        self._pack = layout.pack_into
        self._names = cls.FORMAT_FIELDS
        self._codes = [code for code in cls.FORMAT if code in _CODES]

    def pack_into(self, buffer: Buffer, offset: int, *values: SupportsIndex) -> None:
        """Store every field of the structure at `offset`, holes as zero.

        After an error the structure's bytes in the buffer are anything.

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
            _integer(value, low, high, kind, self._cls, name)
        raise ValueError(f"{self.name}: {error}") from None
