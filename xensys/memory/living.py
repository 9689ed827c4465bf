"""Which mappings there are, by the domain whose memory it is.

What is mapped of a dead domain keeps it a zombie, with all of its memory: so it
can be listed, and let go. Nothing here keeps a mapping alive.
"""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    from xensys.memory.foreign import ForeignMapping
    from xensys.memory.grant import GrantMapping
    from xensys.memory.resource import ResourceMapping

    Held: TypeAlias = "ForeignMapping | GrantMapping | ResourceMapping"


class Living:
    """Mappings of one kind that were made and are open; iterating lists them."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        # Changed by single dictionary operations only: finalizers do, too.
        self._known: dict[int, ref[Held]] = {}

    def add(self, mapping: Held) -> None:
        """Know of one, for as long as it lives."""
        key = id(mapping)
        known = self._known

        def forget(dead: ref[Held]) -> None:
            # An id is reused only once this has run.
            if known.get(key) is dead:
                known.pop(key, None)

        known[key] = ref(mapping, forget)

    def __iter__(self) -> Iterator[Held]:
        for reference in tuple(self._known.values()):
            mapping = reference()
            if mapping is not None and not mapping.closed:
                yield mapping


class Maps(tuple["Held", ...]):
    """Mappings of one domain's memory, as they were when this was made; `xen.maps_of()`.

    Attributes:
        domid: whose memory.
    """

    domid: int

    @classmethod
    def of(cls, domid: int, *groups: Iterable[Held]) -> Maps:
        """Those of a domain."""
        made = cls(
            mapping
            for group in groups
            for mapping in group
            if domid in getattr(mapping, "domids", ()) or domid == getattr(mapping, "domid", None)
        )
        made.domid = domid
        return made

    @property
    def pages(self) -> int:
        """4 KiB pages that they keep, counted once for each mapping; of grants, this domain's alone."""
        return sum(
            domids.count(self.domid)
            if (domids := getattr(mapping, "domids", None)) is not None
            else len(mapping) >> 12
            for mapping in self
        )

    def close(self, *, revoke: bool = False) -> None:
        """Unmap every one; those that are closed already are passed over.

        Args:
            revoke: also those with views, which see zero pages from then on.
        Raises:
            BufferError: some have views, and not `revoke`; the others are closed.
        """
        blocked: BufferError | None = None
        for mapping in self:
            try:
                mapping.close(revoke=revoke)
            except BufferError as error:
                blocked = error
        if blocked is not None:
            raise blocked

    def __repr__(self) -> str:
        return f"<Maps of domain {self.domid}: {len(self)} mapping(s), {self.pages} page(s)>"
