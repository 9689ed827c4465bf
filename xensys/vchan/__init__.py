"""vchan: a pipe of bytes both ways between two domains, as C's libxenvchan has it.

    from xensys.vchan import Vchan

    with Vchan.listen(xen, 3, "/local/domain/0/data/pipe", read_size=65536) as pipe:
        pipe.accept(timeout=30)
        pipe.write(b"hello")
        for data in pipe:                       # until the client has gone
            ...

    with Vchan.connect(xen, 0, "/local/domain/0/data/pipe", timeout=30) as pipe:
        pipe.read(4096, timeout=5)

The server shares the memory and chooses its size, the client maps it; apart
from that both can do the same. Either end may be C. With asyncio the same
under `await`: see `aio`.

Streams and packets. `read` and `write` are about bytes, as with a pipe; `recv`
and `send` about all or nothing: a packet is read and written in one go, and is
no longer than the ring. Nothing in the ring tells one from the other.

The end. When the other end closes or its process dies (the kernel tells: the
grant device's notification on unmap) everything it had written can be read,
then reads give b"", and writes raise VchanClosedError. A server that persists
goes on with the next client. Of a whole domain that is destroyed nobody tells:
who waits looks every 5 seconds whether Xen has closed its port, if hypercalls
are allowed.

The other end is not trusted. What lies in shared memory and in its nodes is
copied once, checked, and used: an order, an index that cannot be is a RingError,
a reference or port that leads nowhere an XenError, and no call lasts longer than
its timeout, whether the other end notifies us or not, all the time or never.
Other domains can stop writing at any time: give timeouts.

Uses xensys.memory.byterings for the rings, `xen.grants` and events of its own.
Rules are those of xen/include/public/io/libxenvchan.h and Xen's tools/libs/vchan.
"""

from __future__ import annotations

from xensys.memory.rings import RingError
from xensys.vchan._blocking import Vchan
from xensys.vchan._channel import VchanClosedError, VchanTimeoutError

__all__ = ["RingError", "Vchan", "VchanClosedError", "VchanTimeoutError"]
