"""Who may read and write a node.

A node has a list of permissions. The first entry names its owner, who may do
everything, and says what everybody may do who has no entry of their own; of
the entries that follow, the first one for a domain counts. Privileged domains
(dom0 and xenstored's own) are not asked. On the wire an entry is a letter and
a domid: "n0", "r5", "w5", "b7".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

__all__ = ["Permission", "format_permissions", "parse_permissions"]

_LETTERS = {(False, False): "n", (True, False): "r", (False, True): "w", (True, True): "b"}
_ACCESS = {letter: access for access, letter in _LETTERS.items()}

#: Digits of the longest domid a daemon gives back: oxenstored takes 63-bit numbers from guests.
_DIGITS = 20


class Permission(tuple[int, bool, bool]):
    """What one domain may do with a node. Compared by value; never changes.

    Args:
        domid: 0..65535. `xensys.abi.xen.DOMID_ANY`, where the daemon offers
            that, is every domain.
        read, write: what it may do. In a list's first entry: what all others
            may do, for the domid there is the owner's.

    Example:
        >>> str(Permission(5, read=True))
        'r5'
    """

    __slots__ = ()

    def __new__(cls, domid: int, read: bool = False, write: bool = False) -> Self:
        from xensys._packing import check

        check(domid, "Permission", "domid", 0, 0xFFFF)
        return cls._unchecked(int(domid), bool(read), bool(write))

    @classmethod
    def _unchecked(cls, domid: int, read: bool, write: bool) -> Self:
        return tuple.__new__(cls, (domid, read, write))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the form that the wire and `str()` have: "r5".

        The domid may be any decimal number: daemons keep and give back what a
        guest wrote, "r-1" and "r70000" too, though it is nobody's.

        Raises:
            ValueError: not of this form.
        """
        access = _ACCESS.get(text[:1])
        digits = text[1:].removeprefix("-")
        if access is None or not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
            shown = repr(text) if len(text) <= _DIGITS else f"{text[:_DIGITS]!r}…"
            raise ValueError(f"not a permission: {shown}; one of n, r, w, b and a domid is needed")
        return cls._unchecked(int(text[1:]), *access)

    @property
    def domid(self) -> int:
        """Whose; in a list's first entry the owner."""
        return self[0]

    @property
    def read(self) -> bool:
        """May read the value, the names of the children and the permissions."""
        return self[1]

    @property
    def write(self) -> bool:
        """May set the value, make children and remove the node."""
        return self[2]

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).parse, (str(self),)

    def __str__(self) -> str:
        return f"{_LETTERS[self[1:]]}{self[0]}"

    def __repr__(self) -> str:
        domid, read, write = self
        return f"{type(self).__name__}({domid}, read={read}, write={write})"


def format_permissions(permissions: Iterable[Permission | str]) -> bytes:
    """A list as SET_PERMS wants it, each entry with its NUL.

    The list may be of any length, but it travels in one message: with some
    600 entries that is full, and the encoder refuses it (E2BIG). There is no
    way to send it in parts. Daemons refuse guests long before (ENOSPC).

    Args:
        permissions: entries; text ("r5") is taken for one.
    Raises:
        ValueError: no entry at all, for there must be an owner; or text that is none.
    """
    if isinstance(permissions, str | Permission):
        raise TypeError("a list of permissions is needed, not one permission")
    entries = [Permission.parse(entry) if isinstance(entry, str) else entry for entry in permissions]
    if not entries:
        raise ValueError("a node's permissions begin with its owner: at least one entry is needed")
    return "".join(f"{entry}\0" for entry in entries).encode("ascii")


def parse_permissions(payload: bytes) -> tuple[Permission, ...]:
    """A list as GET_PERMS gives it.

    Raises:
        ValueError: not one.
    """
    entries = payload.removesuffix(b"\0").decode("latin-1").split("\0")
    return tuple(Permission.parse(entry) for entry in entries)
