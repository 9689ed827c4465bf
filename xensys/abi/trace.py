# GENERATED from abi/trace.json (trace.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Records that Xen writes into trace buffers, one for each physical CPU (xentrace).

trace.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint16, c_uint32

from ._base import Struct, Union, arr, fitting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField

# TRC_FORMAT: Where an event's parts and a record's count of words lie.
TRACE_EXTRA_MAX = 7
TRACE_EXTRA_SHIFT = 28
TRC_CLS_SHIFT = 16

# TRC_CLASS: Classes of events with every subclass, as masks to choose what is traced.
TRC_GEN = 0x1f000
TRC_SCHED = 0x2f000
TRC_DOM0OP = 0x4f000
TRC_HVM = 0x8f000
TRC_MEM = 0x10f000
TRC_PV = 0x20f000
TRC_SHADOW = 0x40f000
TRC_HW = 0x80f000
TRC_GUEST = 0x800f000
TRC_ALL = 0xffff000

TRC_HD_CYCLE_FLAG = 0x80000000  # In a record's first word: a time follows

# TRC_FORMAT, more
TRC_SUBCLS_SHIFT = 12

# TRC_SUBCLASS: Subclasses of events, as masks to choose what is traced.
TRC_HVM_ENTRYEXIT = 0x81000
TRC_HVM_HANDLER = 0x82000
TRC_HVM_EMUL = 0x84000
TRC_SCHED_MIN = 0x21000
TRC_SCHED_CLASS = 0x22000
TRC_SCHED_VERBOSE = 0x28000

# TRC_FORMAT, more
TRC_SCHED_ID_BITS = 3
TRC_SCHED_ID_SHIFT = 9
TRC_SCHED_ID_MASK = 0xe00
TRC_SCHED_EVT_MASK = 0xfffffffffffff1ff

# TRC_SCHED_ID: Schedulers, in bits 11:9 of an event of TRC_SCHED_CLASS; the scheduler numbers the
# rest.
TRC_SCHED_CSCHED = 0
TRC_SCHED_CSCHED2 = 1
TRC_SCHED_ARINC653 = 3
TRC_SCHED_RTDS = 4
TRC_SCHED_SNULL = 5

# TRC_SUBCLASS, more
TRC_DOM0_DOMOPS = 0x41000
TRC_HW_PM = 0x801000
TRC_HW_IRQ = 0x802000

# TRC: Events, by class (bits 27:16), subclass (15:12) and number; names in 64 carry 64-bit
# addresses.
TRC_LOST_RECORDS = 0x1f001
TRC_TRACE_WRAP_BUFFER = 0x1f002
TRC_TRACE_CPU_CHANGE = 0x1f003
TRC_SCHED_RUNSTATE_CHANGE = 0x21001
TRC_SCHED_CONTINUE_RUNNING = 0x21002
TRC_SCHED_DOM_ADD = 0x28001
TRC_SCHED_DOM_REM = 0x28002
TRC_SCHED_SLEEP = 0x28003
TRC_SCHED_WAKE = 0x28004
TRC_SCHED_YIELD = 0x28005
TRC_SCHED_BLOCK = 0x28006
TRC_SCHED_SHUTDOWN = 0x28007
TRC_SCHED_CTL = 0x28008
TRC_SCHED_ADJDOM = 0x28009
TRC_SCHED_SWITCH = 0x2800a
TRC_SCHED_S_TIMER_FN = 0x2800b
TRC_SCHED_T_TIMER_FN = 0x2800c
TRC_SCHED_DOM_TIMER_FN = 0x2800d
TRC_SCHED_SWITCH_INFPREV = 0x2800e
TRC_SCHED_SWITCH_INFNEXT = 0x2800f
TRC_SCHED_SHUTDOWN_CODE = 0x28010
TRC_SCHED_SWITCH_INFCONT = 0x28011
TRC_DOM0_DOM_ADD = 0x41001
TRC_DOM0_DOM_REM = 0x41002
TRC_MEM_PAGE_GRANT_MAP = 0x10f001
TRC_MEM_PAGE_GRANT_UNMAP = 0x10f002
TRC_MEM_PAGE_GRANT_TRANSFER = 0x10f003
TRC_MEM_SET_P2M_ENTRY = 0x10f004
TRC_MEM_DECREASE_RESERVATION = 0x10f005
TRC_MEM_POD_POPULATE = 0x10f010
TRC_MEM_POD_ZERO_RECLAIM = 0x10f011
TRC_MEM_POD_SUPERPAGE_SPLINTER = 0x10f012

# TRC_SUBCLASS, more
TRC_PV_ENTRY = 0x201000
TRC_PV_SUBCALL = 0x202000

# TRC, more
TRC_PV_HYPERCALL = 0x201001
TRC_PV_TRAP = 0x201003
TRC_PV_PAGE_FAULT = 0x201004
TRC_PV_FORCED_INVALID_OP = 0x201005
TRC_PV_EMULATE_PRIVOP = 0x201006
TRC_PV_EMULATE_4GB = 0x201007
TRC_PV_MATH_STATE_RESTORE = 0x201008
TRC_PV_PAGING_FIXUP = 0x201009
TRC_PV_GDT_LDT_MAPPING_FAULT = 0x20100a
TRC_PV_PTWR_EMULATION = 0x20100b
TRC_PV_PTWR_EMULATION_PAE = 0x20100c
TRC_PV_HYPERCALL_V2 = 0x20100d
TRC_PV_HYPERCALL_SUBCALL = 0x20200e

TRC_PV_HYPERCALL_V2_ARG_MASK = 0xfff00000  # In HYPERCALL_V2's first word: two bits for each argument, 1: 32 bits, 2: 64 bits

# TRC, more
TRC_SHADOW_NOT_SHADOW = 0x40f001
TRC_SHADOW_FAST_PROPAGATE = 0x40f002
TRC_SHADOW_FAST_MMIO = 0x40f003
TRC_SHADOW_FALSE_FAST_PATH = 0x40f004
TRC_SHADOW_MMIO = 0x40f005
TRC_SHADOW_FIXUP = 0x40f006
TRC_SHADOW_DOMF_DYING = 0x40f007
TRC_SHADOW_EMULATE = 0x40f008
TRC_SHADOW_EMULATE_UNSHADOW_USER = 0x40f009
TRC_SHADOW_EMULATE_UNSHADOW_EVTINJ = 0x40f00a
TRC_SHADOW_EMULATE_UNSHADOW_UNHANDLED = 0x40f00b
TRC_SHADOW_WRMAP_BF = 0x40f00c
TRC_SHADOW_PREALLOC_UNPIN = 0x40f00d
TRC_SHADOW_RESYNC_FULL = 0x40f00e
TRC_SHADOW_RESYNC_ONLY = 0x40f00f

TRC_HVM_NESTEDFLAG = 0x400  # Added to an HVM event: it happened in a nested guest

# TRC, more
TRC_HVM_VMENTRY = 0x81001
TRC_HVM_VMX_EXIT = 0x81002  # not in 4.17, 4.14
TRC_HVM_VMX_EXIT64 = 0x81102  # not in 4.17, 4.14
TRC_HVM_SVM_EXIT = 0x81003  # not in 4.17, 4.14
TRC_HVM_SVM_EXIT64 = 0x81103  # not in 4.17, 4.14
TRC_HVM_PF_XEN = 0x82001
TRC_HVM_PF_XEN64 = 0x82101
TRC_HVM_PF_INJECT = 0x82002
TRC_HVM_PF_INJECT64 = 0x82102
TRC_HVM_INJ_EXC = 0x82003
TRC_HVM_INJ_VIRQ = 0x82004
TRC_HVM_REINJ_VIRQ = 0x82005
TRC_HVM_IO_READ = 0x82006
TRC_HVM_IO_WRITE = 0x82007
TRC_HVM_CR_READ = 0x82008
TRC_HVM_CR_READ64 = 0x82108
TRC_HVM_CR_WRITE = 0x82009
TRC_HVM_CR_WRITE64 = 0x82109
TRC_HVM_DR_READ = 0x8200a
TRC_HVM_DR_WRITE = 0x8200b
TRC_HVM_MSR_READ = 0x8200c
TRC_HVM_MSR_WRITE = 0x8200d
TRC_HVM_CPUID = 0x8200e
TRC_HVM_INTR = 0x8200f
TRC_HVM_NMI = 0x82010
TRC_HVM_SMI = 0x82011
TRC_HVM_VMMCALL = 0x82012
TRC_HVM_HLT = 0x82013
TRC_HVM_INVLPG = 0x82014
TRC_HVM_INVLPG64 = 0x82114
TRC_HVM_MCE = 0x82015
TRC_HVM_IOPORT_READ = 0x82016
TRC_HVM_IOMEM_READ = 0x82017
TRC_HVM_CLTS = 0x82018
TRC_HVM_LMSW = 0x82019
TRC_HVM_LMSW64 = 0x82119
TRC_HVM_RDTSC = 0x8201a
TRC_HVM_INTR_WINDOW = 0x82020
TRC_HVM_NPF = 0x82021
TRC_HVM_REALMODE_EMULATE = 0x82022
TRC_HVM_TRAP = 0x82023
TRC_HVM_TRAP_DEBUG = 0x82024
TRC_HVM_VLAPIC = 0x82025
TRC_HVM_XCR_READ64 = 0x82126
TRC_HVM_XCR_WRITE64 = 0x82127
TRC_HVM_IOPORT_WRITE = 0x82216
TRC_HVM_IOMEM_WRITE = 0x82217
TRC_HVM_EMUL_HPET_START_TIMER = 0x84001
TRC_HVM_EMUL_PIT_START_TIMER = 0x84002
TRC_HVM_EMUL_RTC_START_TIMER = 0x84003
TRC_HVM_EMUL_LAPIC_START_TIMER = 0x84004
TRC_HVM_EMUL_HPET_STOP_TIMER = 0x84005
TRC_HVM_EMUL_PIT_STOP_TIMER = 0x84006
TRC_HVM_EMUL_RTC_STOP_TIMER = 0x84007
TRC_HVM_EMUL_LAPIC_STOP_TIMER = 0x84008
TRC_HVM_EMUL_PIT_TIMER_CB = 0x84009
TRC_HVM_EMUL_LAPIC_TIMER_CB = 0x8400a
TRC_HVM_EMUL_PIC_INT_OUTPUT = 0x8400b
TRC_HVM_EMUL_PIC_KICK = 0x8400c
TRC_HVM_EMUL_PIC_INTACK = 0x8400d
TRC_HVM_EMUL_PIC_POSEDGE = 0x8400e
TRC_HVM_EMUL_PIC_NEGEDGE = 0x8400f
TRC_HVM_EMUL_PIC_PEND_IRQ_CALL = 0x84010
TRC_HVM_EMUL_LAPIC_PIC_INTR = 0x84011
TRC_PM_FREQ_CHANGE = 0x801001
TRC_PM_IDLE_ENTRY = 0x801002
TRC_PM_IDLE_EXIT = 0x801003
TRC_HW_IRQ_MOVE_CLEANUP_DELAY = 0x802001
TRC_HW_IRQ_MOVE_CLEANUP = 0x802002
TRC_HW_IRQ_BIND_VECTOR = 0x802003
TRC_HW_IRQ_CLEAR_VECTOR = 0x802004
TRC_HW_IRQ_MOVE_FINISH = 0x802005
TRC_HW_IRQ_ASSIGN_VECTOR = 0x802006
TRC_HW_IRQ_UNMAPPED_VECTOR = 0x802007
TRC_HW_IRQ_HANDLED = 0x802008

TRC_64_FLAG = 256  # Added to an event: its addresses have 64 bits


class t_rec_u_cycles(Struct):
    """A record's words after a time.

    struct t_rec_u_cycles; 36 bytes.
    """

    _fields_ = (
        ("cycles_lo", c_uint32),  # @0 uint32_t: half of the time-stamp counter
        ("cycles_hi", c_uint32),  # @4 uint32_t: half of the time-stamp counter
        ("extra_u32", arr(c_uint32, 7)),  # @8 uint32_t
    )
    FORMAT = "<IIIIIIIII"
    FORMAT_FIELDS = (
        "cycles_lo", "cycles_hi", "extra_u32[0]", "extra_u32[1]", "extra_u32[2]", "extra_u32[3]",
        "extra_u32[4]", "extra_u32[5]", "extra_u32[6]",
    )

    if TYPE_CHECKING:
        cycles_lo: int
        cycles_hi: int
        extra_u32: IntArrayField

        def __init__(
            self, cycles_lo: int = ..., cycles_hi: int = ...,
            extra_u32: Sequence[int] | IntArray = ...,
        ) -> None: ...


class t_rec_u_nocycles(Struct):
    """A record's words, without a time.

    struct t_rec_u_nocycles; 28 bytes.
    """

    _fields_ = (
        ("extra_u32", arr(c_uint32, 7)),  # @0 uint32_t
    )
    FORMAT = "<IIIIIII"
    FORMAT_FIELDS = (
        "extra_u32[0]", "extra_u32[1]", "extra_u32[2]", "extra_u32[3]", "extra_u32[4]",
        "extra_u32[5]", "extra_u32[6]",
    )

    if TYPE_CHECKING:
        extra_u32: IntArrayField

        def __init__(self, extra_u32: Sequence[int] | IntArray = ...) -> None: ...


class t_rec_u(Union):
    """union t_rec_u; 36 bytes."""

    _fields_ = (
        ("cycles", t_rec_u_cycles),  # @0 struct
        ("nocycles", t_rec_u_nocycles),  # @0 struct
    )

    if TYPE_CHECKING:
        cycles: t_rec_u_cycles
        nocycles: t_rec_u_nocycles

        def __init__(
            self, cycles: t_rec_u_cycles = ..., nocycles: t_rec_u_nocycles = ...,
        ) -> None: ...


class t_rec(Struct):
    """A record: what happened, perhaps when, and up to seven words about it.

    struct t_rec; 40 bytes.
    """

    _fields_ = (
        ("_bits0", c_uint32),  # @0 bit-fields
        ("u", t_rec_u),  # @4 union
    )
    _bits_ = (
        ("event", "_bits0", 0, 28, False),  # bits 0..27 uint32_t
        ("extra_u32", "_bits0", 28, 3, False),  # bits 28..30 uint32_t: how many words
        ("cycles_included", "_bits0", 31, 1, False),  # bits 31..31 uint32_t: 1: a time comes before the words (u.cycles)
    )

    if TYPE_CHECKING:
        u: t_rec_u
        event: int
        extra_u32: int
        cycles_included: int

        def __init__(
            self, *, u: t_rec_u = ..., event: int = ..., extra_u32: int = ...,
            cycles_included: int = ...,
        ) -> None: ...


class t_buf(Struct):
    """Head of a trace buffer: how far it is written and read; records follow.

    struct t_buf; 8 bytes.
    """

    _fields_ = (
        ("cons", c_uint32),  # @0 uint32_t: bytes behind the head, modulo twice the buffer's size
        ("prod", c_uint32),  # @4 uint32_t: bytes behind the head, modulo twice the buffer's size
    )
    FORMAT = "<II"
    FORMAT_FIELDS = ("cons", "prod")

    if TYPE_CHECKING:
        cons: int
        prod: int

        def __init__(self, cons: int = ..., prod: int = ...) -> None: ...


class t_info(Struct):
    """Where the trace buffers lie in machine memory.

    struct t_info; 2 bytes.
    """

    _fields_ = (
        ("tbuf_size", c_uint16),  # @0 uint16_t: 4 KiB pages of each buffer
        ("mfn_offset", arr(c_uint16, 0)),  # @2 uint16_t: per CPU: where its list of 32-bit machine frames starts, in 32-bit words from here
    )

    if TYPE_CHECKING:
        tbuf_size: int
        mfn_offset: IntArrayField

        def __init__(
            self, tbuf_size: int = ..., mfn_offset: Sequence[int] | IntArray = ...,
        ) -> None: ...


def TRC_HD_TO_EVENT(x: int) -> int:
    """The event number in the header word of a trace record.

    Macro TRC_HD_TO_EVENT; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "TRC_HD_TO_EVENT(x)")
    return x & 0x0FFFFFFF


def TRC_HD_INCLUDES_CYCLE_COUNT(x: int) -> int:
    """1 if a trace record has a time stamp, else 0.

    Macro TRC_HD_INCLUDES_CYCLE_COUNT; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "TRC_HD_INCLUDES_CYCLE_COUNT(x)")
    return int(x & TRC_HD_CYCLE_FLAG != 0)


def TRC_HD_EXTRA(x: int) -> int:
    """How many 32-bit words follow the header of a trace record.

    Macro TRC_HD_EXTRA; x in 0..0xffffffff.
    """
    x = fitting(x, 0, 0xffffffff, "TRC_HD_EXTRA(x)")
    return x >> TRACE_EXTRA_SHIFT & TRACE_EXTRA_MAX


def TRC_PV_HYPERCALL_V2_ARG_32(i: int) -> int:
    """The bit saying that a hypercall's i-th argument was traced as 32 bits.

    Macro TRC_PV_HYPERCALL_V2_ARG_32; i in 0..5.
    """
    i = fitting(i, 0, 5, "TRC_PV_HYPERCALL_V2_ARG_32(i)")
    return 1 << 20 + 2 * i


def TRC_PV_HYPERCALL_V2_ARG_64(i: int) -> int:
    """The bit saying that a hypercall's i-th argument was traced as 64 bits.

    Macro TRC_PV_HYPERCALL_V2_ARG_64; i in 0..4.
    """
    i = fitting(i, 0, 4, "TRC_PV_HYPERCALL_V2_ARG_64(i)")
    return 2 << 20 + 2 * i
