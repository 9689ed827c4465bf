"""The page that both ends of a vchan share: what is where, and what may be believed.

No I/O. Layout: xen/include/public/io/libxenvchan.h; the choice of sizes is that
of tools/libs/vchan/init.c.
"""

from __future__ import annotations

from errno import EPROTO

from xensys._packing import check
from xensys.abi.io import libxenvchan as abi
from xensys.hypercalls._records import Record
from xensys.memory.rings import RingError, words_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PAGE = 4096
#: Orders of the two rings that fit in the page itself; each lies at an offset of its own size.
SMALL, LARGE = 10, 11
#: More would not leave room for the grants.
MAX_ORDER = 20
MAX_RING = 1 << MAX_ORDER

_PAGE_ORDER = 12
# ctypes gives a class's fields places, which its types do not tell.
_places: Any = abi.vchan_interface
CLI_LIVE: int = _places.cli_live.offset
SRV_LIVE: int = _places.srv_live.offset
CLI_NOTIFY: int = _places.cli_notify.offset
SRV_NOTIFY: int = _places.srv_notify.offset
GRANTS: int = _places.grants.offset

#: Words of the indexes: (prod, cons) of the client's direction, and of the server's.
LEFT, RIGHT = (1, 0), (3, 2)
INDEXES = 16

#: What a "live" byte says.
GONE, HERE, NOT_YET = 0, 1, 2


class Geometry(Record):
    """Where the rings are. Left is read by the server, right by the client.

    Attributes:
        left_order, right_order: log2 of their bytes.
        left_refs, right_refs: grants of their pages; none of a ring that lies in the page.
    """

    __slots__ = ("left_order", "left_refs", "right_order", "right_refs")

    left_order: int
    left_refs: tuple[int, ...]
    right_order: int
    right_refs: tuple[int, ...]

    def __init__(
        self,
        left_order: int,
        right_order: int,
        left_refs: Sequence[int] = (),
        right_refs: Sequence[int] = (),
    ) -> None:
        super().__init__(left_order, tuple(left_refs), right_order, tuple(right_refs))


def pages(order: int) -> int:
    """How many pages of its own a ring has."""
    return 1 << order - _PAGE_ORDER if order >= _PAGE_ORDER else 0


def in_page(order: int) -> tuple[int, int]:
    """(offset, length) of a ring that lies in the page."""
    return 1 << order, 1 << order


def orders(left: int, right: int) -> tuple[int, int]:
    """Orders of rings that hold so many bytes at least.

    One of up to 1 KiB and one of up to 2 KiB take no page but the shared one.

    Raises:
        OverflowError: more than 1 MiB.
    """
    check(left, "vchan", "read_size", 0, MAX_RING)
    check(right, "vchan", "write_size", 0, MAX_RING)
    small, large = 1 << SMALL, 1 << LARGE
    if left <= small and right <= large:
        return SMALL, LARGE
    if left <= large and right <= small:
        return LARGE, SMALL
    left_order, right_order = _whole_pages(left), _whole_pages(right)
    # Not the other one: the grants need the first half of the page, up to 2048.
    if left <= large:
        left_order = LARGE
    elif right <= large:
        right_order = LARGE
    return left_order, right_order


def prepare(page: memoryview, geometry: Geometry) -> None:
    """Fill a server's page; the client is not there yet, and told of what is written at once."""
    page[:PAGE] = bytes(PAGE)
    head = abi.vchan_interface(
        left_order=geometry.left_order,
        right_order=geometry.right_order,
        cli_live=NOT_YET,
        srv_live=HERE,
        cli_notify=abi.VCHAN_NOTIFY_WRITE,
    )
    page[:GRANTS] = bytes(head)
    refs = geometry.left_refs + geometry.right_refs
    with words_of(page, PAGE) as words:
        for place, ref in enumerate(refs, GRANTS // 4):
            words[place] = ref


def judge(page: memoryview) -> Geometry:
    """What a server's page says of its rings: copied once, then checked.

    Raises:
        RingError: no server can have meant that.
    """
    copied = bytes(page[:PAGE])
    head = abi.vchan_interface.from_buffer_copy(copied)
    left, right = head.left_order, head.right_order
    for name, order in (("left_order", left), ("right_order", right)):
        if not SMALL <= order <= MAX_ORDER:
            raise RingError(EPROTO, f"{name} {order} is not in {SMALL}..{MAX_ORDER}", call="vchan")
    if left == right < _PAGE_ORDER:
        raise RingError(EPROTO, f"both rings are of order {left}, at the same place", call="vchan")
    counts = pages(left), pages(right)
    # A ring in the page begins where the grants must have ended.
    end = min([1 << order for order in (left, right) if order < _PAGE_ORDER], default=PAGE)
    if GRANTS + 4 * sum(counts) > end:
        raise RingError(EPROTO, f"{sum(counts)} grants reach into the ring at {end}", call="vchan")
    with memoryview(copied)[GRANTS : GRANTS + 4 * sum(counts)] as raw, raw.cast("I") as words:
        refs = words.tolist()
    return Geometry(left, right, refs[: counts[0]], refs[counts[0] :])


def _whole_pages(size: int) -> int:
    return max((size - 1).bit_length(), _PAGE_ORDER)
