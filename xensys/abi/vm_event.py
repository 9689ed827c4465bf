# GENERATED from abi/vm_event.json (vm_event.h, Xen 4.20).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""Events of a guest, put on a ring for a monitor, pager or sharing tool that may answer.

vm_event.h of Xen 4.20, x86_64 and arm64.
"""

from __future__ import annotations

from ctypes import c_uint8, c_uint16, c_uint32, c_uint64

from ._base import Struct, Union, arr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._base import IntArray, IntArrayField, StructArray, StructArrayField

VM_EVENT_INTERFACE_VERSION = 7  # Version in every message; Xen drops a response with another one; otherwise in 4.14

# VM_EVENT_FLAG: What holds of a request, and what Xen is to do on a response before the vCPU goes
# on.
VM_EVENT_FLAG_VCPU_PAUSED = 1  # __XEN_TOOLS__
VM_EVENT_FLAG_FOREIGN = 2  # __XEN_TOOLS__
VM_EVENT_FLAG_EMULATE = 4  # __XEN_TOOLS__
VM_EVENT_FLAG_EMULATE_NOWRITE = 8  # __XEN_TOOLS__
VM_EVENT_FLAG_TOGGLE_SINGLESTEP = 16  # __XEN_TOOLS__
VM_EVENT_FLAG_SET_EMUL_READ_DATA = 32  # __XEN_TOOLS__
VM_EVENT_FLAG_DENY = 64  # __XEN_TOOLS__
VM_EVENT_FLAG_ALTERNATE_P2M = 128  # __XEN_TOOLS__
VM_EVENT_FLAG_SET_REGISTERS = 256  # __XEN_TOOLS__
VM_EVENT_FLAG_SET_EMUL_INSN_DATA = 512  # __XEN_TOOLS__
VM_EVENT_FLAG_GET_NEXT_INTERRUPT = 0x400  # __XEN_TOOLS__
VM_EVENT_FLAG_FAST_SINGLESTEP = 0x800  # __XEN_TOOLS__
VM_EVENT_FLAG_NESTED_P2M = 0x1000  # __XEN_TOOLS__; not in 4.14
VM_EVENT_FLAG_RESET_VMTRACE = 0x2000  # __XEN_TOOLS__; not in 4.14
VM_EVENT_FLAG_RESET_FORK_STATE = 0x4000  # __XEN_TOOLS__; not in 4.14
VM_EVENT_FLAG_RESET_FORK_MEMORY = 0x8000  # __XEN_TOOLS__; not in 4.14

# VM_EVENT_REASON: What happened; it says which member of the union is meant.
VM_EVENT_REASON_UNKNOWN = 0  # __XEN_TOOLS__
VM_EVENT_REASON_MEM_ACCESS = 1  # __XEN_TOOLS__
VM_EVENT_REASON_MEM_SHARING = 2  # __XEN_TOOLS__
VM_EVENT_REASON_MEM_PAGING = 3  # __XEN_TOOLS__
VM_EVENT_REASON_WRITE_CTRLREG = 4  # __XEN_TOOLS__
VM_EVENT_REASON_MOV_TO_MSR = 5  # __XEN_TOOLS__
VM_EVENT_REASON_SOFTWARE_BREAKPOINT = 6  # __XEN_TOOLS__
VM_EVENT_REASON_SINGLESTEP = 7  # __XEN_TOOLS__
VM_EVENT_REASON_GUEST_REQUEST = 8  # __XEN_TOOLS__
VM_EVENT_REASON_DEBUG_EXCEPTION = 9  # __XEN_TOOLS__
VM_EVENT_REASON_CPUID = 10  # __XEN_TOOLS__
VM_EVENT_REASON_PRIVILEGED_CALL = 11  # __XEN_TOOLS__
VM_EVENT_REASON_INTERRUPT = 12  # __XEN_TOOLS__
VM_EVENT_REASON_DESCRIPTOR_ACCESS = 13  # __XEN_TOOLS__
VM_EVENT_REASON_EMUL_UNIMPLEMENTED = 14  # __XEN_TOOLS__
VM_EVENT_REASON_VMEXIT = 15  # __XEN_TOOLS__; not in 4.14
VM_EVENT_REASON_IO_INSTRUCTION = 16  # __XEN_TOOLS__; not in 4.17, 4.14

# VM_EVENT_X86: Control registers of x86 whose writes are reported.
VM_EVENT_X86_CR0 = 0  # __XEN_TOOLS__
VM_EVENT_X86_CR3 = 1  # __XEN_TOOLS__
VM_EVENT_X86_CR4 = 2  # __XEN_TOOLS__
VM_EVENT_X86_XCR0 = 3  # __XEN_TOOLS__

# MEM_ACCESS: Which accesses were refused, whether the linear address is known, and at which step of
# it.
MEM_ACCESS_R = 1  # __XEN_TOOLS__
MEM_ACCESS_W = 2  # __XEN_TOOLS__
MEM_ACCESS_X = 4  # __XEN_TOOLS__
MEM_ACCESS_RWX = 7  # __XEN_TOOLS__
MEM_ACCESS_RW = 3  # __XEN_TOOLS__
MEM_ACCESS_RX = 5  # __XEN_TOOLS__
MEM_ACCESS_WX = 6  # __XEN_TOOLS__
MEM_ACCESS_GLA_VALID = 8  # __XEN_TOOLS__
MEM_ACCESS_FAULT_WITH_GLA = 16  # __XEN_TOOLS__
MEM_ACCESS_FAULT_IN_GPT = 32  # __XEN_TOOLS__

# VM_EVENT_DESC: Descriptor table registers.
VM_EVENT_DESC_IDTR = 1  # __XEN_TOOLS__
VM_EVENT_DESC_GDTR = 2  # __XEN_TOOLS__
VM_EVENT_DESC_LDTR = 3  # __XEN_TOOLS__
VM_EVENT_DESC_TR = 4  # __XEN_TOOLS__

# MEM_PAGING: Whether a page is to be forgotten, and whether its eviction did not come about.
MEM_PAGING_DROP_PAGE = 1  # __XEN_TOOLS__
MEM_PAGING_EVICT_FAIL = 2  # __XEN_TOOLS__


class vm_event_x86_selector_reg(Struct):
    """Limit and attributes of a segment.

    struct vm_event_x86_selector_reg; 4 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("_bits0", c_uint32),  # @0 bit-fields
    )
    _bits_ = (
        ("limit", "_bits0", 0, 20, False),  # bits 0..19 uint32_t: bytes, or 4 KiB units if the granularity bit of ar is set
        ("ar", "_bits0", 20, 12, False),  # bits 20..31 uint32_t: descriptor bits 40-47 in 0-7, 52-55 in 8-11
    )

    if TYPE_CHECKING:
        limit: int
        ar: int

        def __init__(self, *, limit: int = ..., ar: int = ...) -> None: ...


class vm_event_regs_x86(Struct):
    """Registers of an x86 vCPU at the event.

    struct vm_event_regs_x86; 344 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("rax", c_uint64),  # @0 uint64_t
        ("rcx", c_uint64),  # @8 uint64_t
        ("rdx", c_uint64),  # @16 uint64_t
        ("rbx", c_uint64),  # @24 uint64_t
        ("rsp", c_uint64),  # @32 uint64_t
        ("rbp", c_uint64),  # @40 uint64_t
        ("rsi", c_uint64),  # @48 uint64_t
        ("rdi", c_uint64),  # @56 uint64_t
        ("r8", c_uint64),  # @64 uint64_t
        ("r9", c_uint64),  # @72 uint64_t
        ("r10", c_uint64),  # @80 uint64_t
        ("r11", c_uint64),  # @88 uint64_t
        ("r12", c_uint64),  # @96 uint64_t
        ("r13", c_uint64),  # @104 uint64_t
        ("r14", c_uint64),  # @112 uint64_t
        ("r15", c_uint64),  # @120 uint64_t
        ("rflags", c_uint64),  # @128 uint64_t
        ("dr6", c_uint64),  # @136 uint64_t
        ("dr7", c_uint64),  # @144 uint64_t
        ("rip", c_uint64),  # @152 uint64_t
        ("cr0", c_uint64),  # @160 uint64_t
        ("cr2", c_uint64),  # @168 uint64_t
        ("cr3", c_uint64),  # @176 uint64_t
        ("cr4", c_uint64),  # @184 uint64_t
        ("sysenter_cs", c_uint64),  # @192 uint64_t
        ("sysenter_esp", c_uint64),  # @200 uint64_t
        ("sysenter_eip", c_uint64),  # @208 uint64_t
        ("msr_efer", c_uint64),  # @216 uint64_t
        ("msr_star", c_uint64),  # @224 uint64_t
        ("msr_lstar", c_uint64),  # @232 uint64_t
        ("gdtr_base", c_uint64),  # @240 uint64_t
        ("npt_base", c_uint64),  # @248 uint64_t: guest-physical address of the nested guest's second-level tables, with NESTED_P2M
        ("vmtrace_pos", c_uint64),  # @256 uint64_t: byte of the trace buffer to be written next; all ones: no trace
        ("cs_base", c_uint32),  # @264 uint32_t
        ("ss_base", c_uint32),  # @268 uint32_t
        ("ds_base", c_uint32),  # @272 uint32_t
        ("es_base", c_uint32),  # @276 uint32_t
        ("fs_base", c_uint64),  # @280 uint64_t
        ("gs_base", c_uint64),  # @288 uint64_t
        ("cs", vm_event_x86_selector_reg),  # @296 vm_event_x86_selector_reg
        ("ss", vm_event_x86_selector_reg),  # @300 vm_event_x86_selector_reg
        ("ds", vm_event_x86_selector_reg),  # @304 vm_event_x86_selector_reg
        ("es", vm_event_x86_selector_reg),  # @308 vm_event_x86_selector_reg
        ("fs", vm_event_x86_selector_reg),  # @312 vm_event_x86_selector_reg
        ("gs", vm_event_x86_selector_reg),  # @316 vm_event_x86_selector_reg
        ("shadow_gs", c_uint64),  # @320 uint64_t
        ("gdtr_limit", c_uint16),  # @328 uint16_t
        ("cs_sel", c_uint16),  # @330 uint16_t
        ("ss_sel", c_uint16),  # @332 uint16_t
        ("ds_sel", c_uint16),  # @334 uint16_t
        ("es_sel", c_uint16),  # @336 uint16_t
        ("fs_sel", c_uint16),  # @338 uint16_t
        ("gs_sel", c_uint16),  # @340 uint16_t
        ("_pad", c_uint16),  # @342 uint16_t
    )

    if TYPE_CHECKING:
        rax: int
        rcx: int
        rdx: int
        rbx: int
        rsp: int
        rbp: int
        rsi: int
        rdi: int
        r8: int
        r9: int
        r10: int
        r11: int
        r12: int
        r13: int
        r14: int
        r15: int
        rflags: int
        dr6: int
        dr7: int
        rip: int
        cr0: int
        cr2: int
        cr3: int
        cr4: int
        sysenter_cs: int
        sysenter_esp: int
        sysenter_eip: int
        msr_efer: int
        msr_star: int
        msr_lstar: int
        gdtr_base: int
        npt_base: int
        vmtrace_pos: int
        cs_base: int
        ss_base: int
        ds_base: int
        es_base: int
        fs_base: int
        gs_base: int
        cs: vm_event_x86_selector_reg
        ss: vm_event_x86_selector_reg
        ds: vm_event_x86_selector_reg
        es: vm_event_x86_selector_reg
        fs: vm_event_x86_selector_reg
        gs: vm_event_x86_selector_reg
        shadow_gs: int
        gdtr_limit: int
        cs_sel: int
        ss_sel: int
        ds_sel: int
        es_sel: int
        fs_sel: int
        gs_sel: int
        _pad: int

        def __init__(
            self, rax: int = ..., rcx: int = ..., rdx: int = ..., rbx: int = ..., rsp: int = ...,
            rbp: int = ..., rsi: int = ..., rdi: int = ..., r8: int = ..., r9: int = ...,
            r10: int = ..., r11: int = ..., r12: int = ..., r13: int = ..., r14: int = ...,
            r15: int = ..., rflags: int = ..., dr6: int = ..., dr7: int = ..., rip: int = ...,
            cr0: int = ..., cr2: int = ..., cr3: int = ..., cr4: int = ..., sysenter_cs: int = ...,
            sysenter_esp: int = ..., sysenter_eip: int = ..., msr_efer: int = ...,
            msr_star: int = ..., msr_lstar: int = ..., gdtr_base: int = ..., npt_base: int = ...,
            vmtrace_pos: int = ..., cs_base: int = ..., ss_base: int = ..., ds_base: int = ...,
            es_base: int = ..., fs_base: int = ..., gs_base: int = ...,
            cs: vm_event_x86_selector_reg = ..., ss: vm_event_x86_selector_reg = ...,
            ds: vm_event_x86_selector_reg = ..., es: vm_event_x86_selector_reg = ...,
            fs: vm_event_x86_selector_reg = ..., gs: vm_event_x86_selector_reg = ...,
            shadow_gs: int = ..., gdtr_limit: int = ..., cs_sel: int = ..., ss_sel: int = ...,
            ds_sel: int = ..., es_sel: int = ..., fs_sel: int = ..., gs_sel: int = ...,
            _pad: int = ...,
        ) -> None: ...


class vm_event_regs_arm(Struct):
    """Registers of an arm vCPU at the event; a response can set pc alone.

    struct vm_event_regs_arm; 40 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("ttbr0", c_uint64),  # @0 uint64_t
        ("ttbr1", c_uint64),  # @8 uint64_t
        ("ttbcr", c_uint64),  # @16 uint64_t
        ("pc", c_uint64),  # @24 uint64_t
        ("cpsr", c_uint64),  # @32 uint64_t
    )
    FORMAT = "<QQQQQ"
    FORMAT_FIELDS = ("ttbr0", "ttbr1", "ttbcr", "pc", "cpsr")

    if TYPE_CHECKING:
        ttbr0: int
        ttbr1: int
        ttbcr: int
        pc: int
        cpsr: int

        def __init__(
            self, ttbr0: int = ..., ttbr1: int = ..., ttbcr: int = ..., pc: int = ...,
            cpsr: int = ...,
        ) -> None: ...


class vm_event_mem_access(Struct):
    """An access that the view of memory in force forbids.

    struct vm_event_mem_access; 32 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t: 4 KiB frame of the guest
        ("offset", c_uint64),  # @8 uint64_t: byte in that frame
        ("gla", c_uint64),  # @16 uint64_t: linear address, with MEM_ACCESS_GLA_VALID
        ("flags", c_uint32),  # @24 uint32_t
        ("_pad", c_uint32),  # @28 uint32_t
    )
    FORMAT = "<QQQII"
    FORMAT_FIELDS = ("gfn", "offset", "gla", "flags", "_pad")

    if TYPE_CHECKING:
        gfn: int
        offset: int
        gla: int
        flags: int
        _pad: int

        def __init__(
            self, gfn: int = ..., offset: int = ..., gla: int = ..., flags: int = ...,
            _pad: int = ...,
        ) -> None: ...


class vm_event_write_ctrlreg(Struct):
    """A control register is written.

    struct vm_event_write_ctrlreg; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("index", c_uint32),  # @0 uint32_t
        ("_pad", c_uint32),  # @4 uint32_t
        ("new_value", c_uint64),  # @8 uint64_t
        ("old_value", c_uint64),  # @16 uint64_t
    )
    FORMAT = "<IIQQ"
    FORMAT_FIELDS = ("index", "_pad", "new_value", "old_value")

    if TYPE_CHECKING:
        index: int
        _pad: int
        new_value: int
        old_value: int

        def __init__(
            self, index: int = ..., _pad: int = ..., new_value: int = ..., old_value: int = ...,
        ) -> None: ...


class vm_event_singlestep(Struct):
    """One instruction was stepped.

    struct vm_event_singlestep; 8 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t: 4 KiB frame of the instruction
    )
    FORMAT = "<Q"
    FORMAT_FIELDS = ("gfn",)

    if TYPE_CHECKING:
        gfn: int

        def __init__(self, gfn: int = ...) -> None: ...


class vm_event_fast_singlestep(Struct):
    """In a response: the view to change to once one instruction was stepped.

    struct vm_event_fast_singlestep; 2 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("p2midx", c_uint16),  # @0 uint16_t: index of the view
    )
    FORMAT = "<H"
    FORMAT_FIELDS = ("p2midx",)

    if TYPE_CHECKING:
        p2midx: int

        def __init__(self, p2midx: int = ...) -> None: ...


class vm_event_debug(Struct):
    """A breakpoint or debug exception.

    struct vm_event_debug; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t: 4 KiB frame of the instruction
        ("pending_dbg", c_uint64),  # @8 uint64_t: debug conditions, bits as in VT-x's pending debug exceptions
        ("insn_length", c_uint32),  # @16 uint32_t: bytes
        ("type", c_uint8),  # @20 uint8_t: kind of exception
        ("_pad", arr(c_uint8, 3)),  # @21 uint8_t
    )
    FORMAT = "<QQIBBBB"
    FORMAT_FIELDS = ("gfn", "pending_dbg", "insn_length", "type", "_pad[0]", "_pad[1]", "_pad[2]")

    if TYPE_CHECKING:
        gfn: int
        pending_dbg: int
        insn_length: int
        type: int
        _pad: IntArrayField

        def __init__(
            self, gfn: int = ..., pending_dbg: int = ..., insn_length: int = ..., type: int = ...,
            _pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vm_event_mov_to_msr(Struct):
    """An MSR is written.

    struct vm_event_mov_to_msr; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("msr", c_uint64),  # @0 uint64_t: number of the MSR
        ("new_value", c_uint64),  # @8 uint64_t
        ("old_value", c_uint64),  # @16 uint64_t
    )
    FORMAT = "<QQQ"
    FORMAT_FIELDS = ("msr", "new_value", "old_value")

    if TYPE_CHECKING:
        msr: int
        new_value: int
        old_value: int

        def __init__(self, msr: int = ..., new_value: int = ..., old_value: int = ...) -> None: ...


class vm_event_desc_access_arch_vmx(Struct):
    """What VT-x reports of the access to a descriptor table register.

    struct vm_event_desc_access_arch_vmx; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("instr_info", c_uint32),  # @0 uint32_t
        ("_pad1", c_uint32),  # @4 uint32_t
        ("exit_qualification", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<IIQ"
    FORMAT_FIELDS = ("instr_info", "_pad1", "exit_qualification")

    if TYPE_CHECKING:
        instr_info: int
        _pad1: int
        exit_qualification: int

        def __init__(
            self, instr_info: int = ..., _pad1: int = ..., exit_qualification: int = ...,
        ) -> None: ...


class vm_event_desc_access_arch(Union):
    """union vm_event_desc_access_arch; 16 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("vmx", vm_event_desc_access_arch_vmx),  # @0 struct
    )

    if TYPE_CHECKING:
        vmx: vm_event_desc_access_arch_vmx

        def __init__(self, vmx: vm_event_desc_access_arch_vmx = ...) -> None: ...


class vm_event_desc_access(Struct):
    """A descriptor table register is read or loaded.

    struct vm_event_desc_access; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("arch", vm_event_desc_access_arch),  # @0 union
        ("descriptor", c_uint8),  # @16 uint8_t
        ("is_write", c_uint8),  # @17 uint8_t: 1: the register is loaded
        ("_pad", arr(c_uint8, 6)),  # @18 uint8_t
    )

    if TYPE_CHECKING:
        arch: vm_event_desc_access_arch
        descriptor: int
        is_write: int
        _pad: IntArrayField

        def __init__(
            self, arch: vm_event_desc_access_arch = ..., descriptor: int = ..., is_write: int = ...,
            _pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vm_event_cpuid(Struct):
    """CPUID was executed.

    struct vm_event_cpuid; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("insn_length", c_uint32),  # @0 uint32_t: bytes
        ("leaf", c_uint32),  # @4 uint32_t: eax before
        ("subleaf", c_uint32),  # @8 uint32_t: ecx before
        ("_pad", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<IIII"
    FORMAT_FIELDS = ("insn_length", "leaf", "subleaf", "_pad")

    if TYPE_CHECKING:
        insn_length: int
        leaf: int
        subleaf: int
        _pad: int

        def __init__(
            self, insn_length: int = ..., leaf: int = ..., subleaf: int = ..., _pad: int = ...,
        ) -> None: ...


class vm_event_interrupt_x86(Struct):
    """The next event that is delivered to the vCPU, asked for with GET_NEXT_INTERRUPT.

    struct vm_event_interrupt_x86; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("vector", c_uint32),  # @0 uint32_t
        ("type", c_uint32),  # @4 uint32_t
        ("error_code", c_uint32),  # @8 uint32_t: all ones: none
        ("_pad", c_uint32),  # @12 uint32_t
        ("cr2", c_uint64),  # @16 uint64_t
    )
    FORMAT = "<IIIIQ"
    FORMAT_FIELDS = ("vector", "type", "error_code", "_pad", "cr2")

    if TYPE_CHECKING:
        vector: int
        type: int
        error_code: int
        _pad: int
        cr2: int

        def __init__(
            self, vector: int = ..., type: int = ..., error_code: int = ..., _pad: int = ...,
            cr2: int = ...,
        ) -> None: ...


class vm_event_paging(Struct):
    """A frame that is paged out is wanted, or a page was dropped.

    struct vm_event_paging; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t: 4 KiB frame of the guest
        ("p2mt", c_uint32),  # @8 uint32_t: type of the frame in the physmap, in Xen's own numbers
        ("flags", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("gfn", "p2mt", "flags")

    if TYPE_CHECKING:
        gfn: int
        p2mt: int
        flags: int

        def __init__(self, gfn: int = ..., p2mt: int = ..., flags: int = ...) -> None: ...


class vm_event_sharing(Struct):
    """No memory was left to give a shared frame a copy of its own.

    struct vm_event_sharing; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("gfn", c_uint64),  # @0 uint64_t: 4 KiB frame of the guest
        ("p2mt", c_uint32),  # @8 uint32_t: type of the frame in the physmap, in Xen's own numbers
        ("_pad", c_uint32),  # @12 uint32_t
    )
    FORMAT = "<QII"
    FORMAT_FIELDS = ("gfn", "p2mt", "_pad")

    if TYPE_CHECKING:
        gfn: int
        p2mt: int
        _pad: int

        def __init__(self, gfn: int = ..., p2mt: int = ..., _pad: int = ...) -> None: ...


class vm_event_emul_read_data(Struct):
    """In a response: what the emulated instruction is to read instead of memory.

    struct vm_event_emul_read_data; 344 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("size", c_uint32),  # @0 uint32_t: bytes of data in use
        ("data", arr(c_uint8, 340)),  # @4 uint8_t
    )

    if TYPE_CHECKING:
        size: int
        data: IntArrayField

        def __init__(self, size: int = ..., data: Sequence[int] | IntArray = ...) -> None: ...


class vm_event_emul_insn_data(Struct):
    """In a response: instruction bytes to emulate instead of the guest's.

    struct vm_event_emul_insn_data; 16 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("data", arr(c_uint8, 16)),  # @0 uint8_t: all 16 bytes have to be given
    )
    FORMAT = "<BBBBBBBBBBBBBBBB"
    FORMAT_FIELDS = (
        "data[0]", "data[1]", "data[2]", "data[3]", "data[4]", "data[5]", "data[6]", "data[7]",
        "data[8]", "data[9]", "data[10]", "data[11]", "data[12]", "data[13]", "data[14]",
        "data[15]",
    )

    if TYPE_CHECKING:
        data: IntArrayField

        def __init__(self, data: Sequence[int] | IntArray = ...) -> None: ...


class vm_event_vmexit_arch_vmx(Struct):
    """What VT-x reports of an exit.

    struct vm_event_vmexit_arch_vmx; 16 bytes. __XEN_TOOLS__; not in 4.14.
    """

    _fields_ = (
        ("reason", c_uint64),  # @0 uint64_t: VT-x's basic exit reason
        ("qualification", c_uint64),  # @8 uint64_t
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("reason", "qualification")

    if TYPE_CHECKING:
        reason: int
        qualification: int

        def __init__(self, reason: int = ..., qualification: int = ...) -> None: ...


class vm_event_vmexit_arch(Struct):
    """struct vm_event_vmexit_arch; 16 bytes. __XEN_TOOLS__; not in 4.14."""

    _fields_ = (
        ("vmx", vm_event_vmexit_arch_vmx),  # @0 struct
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("vmx.reason", "vmx.qualification")

    if TYPE_CHECKING:
        vmx: vm_event_vmexit_arch_vmx

        def __init__(self, vmx: vm_event_vmexit_arch_vmx = ...) -> None: ...


class vm_event_vmexit(Struct):
    """The vCPU left the guest, whatever for.

    struct vm_event_vmexit; 16 bytes. __XEN_TOOLS__; not in 4.14.
    """

    _fields_ = (
        ("arch", vm_event_vmexit_arch),  # @0 struct
    )
    FORMAT = "<QQ"
    FORMAT_FIELDS = ("arch.vmx.reason", "arch.vmx.qualification")

    if TYPE_CHECKING:
        arch: vm_event_vmexit_arch

        def __init__(self, arch: vm_event_vmexit_arch = ...) -> None: ...


class vm_event_io(Struct):
    """IN, OUT or a string form of them is executed.

    struct vm_event_io; 8 bytes. __XEN_TOOLS__; not in 4.17, 4.14.
    """

    _fields_ = (
        ("bytes", c_uint32),  # @0 uint32_t: bytes of one access
        ("port", c_uint16),  # @4 uint16_t
        ("in_", c_uint8),  # @6 uint8_t: 1 IN, 0 OUT
        ("str", c_uint8),  # @7 uint8_t: 1: string instruction
    )
    FORMAT = "<IHBB"
    FORMAT_FIELDS = ("bytes", "port", "in_", "str")

    if TYPE_CHECKING:
        bytes: int
        port: int
        in_: int
        str: int

        def __init__(
            self, bytes: int = ..., port: int = ..., in_: int = ..., str: int = ...,
        ) -> None: ...


class vm_event_st_u_interrupt(Union):
    """union vm_event_st_u_interrupt; 24 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("x86", vm_event_interrupt_x86),  # @0 vm_event_interrupt_x86
    )

    if TYPE_CHECKING:
        x86: vm_event_interrupt_x86

        def __init__(self, x86: vm_event_interrupt_x86 = ...) -> None: ...


class vm_event_st_u(Union):
    """union vm_event_st_u; 32 bytes. __XEN_TOOLS__; otherwise in 4.17, 4.14."""

    _fields_ = (
        ("mem_paging", vm_event_paging),  # @0 vm_event_paging
        ("mem_sharing", vm_event_sharing),  # @0 vm_event_sharing
        ("mem_access", vm_event_mem_access),  # @0 vm_event_mem_access
        ("write_ctrlreg", vm_event_write_ctrlreg),  # @0 vm_event_write_ctrlreg
        ("mov_to_msr", vm_event_mov_to_msr),  # @0 vm_event_mov_to_msr
        ("desc_access", vm_event_desc_access),  # @0 vm_event_desc_access
        ("singlestep", vm_event_singlestep),  # @0 vm_event_singlestep
        ("fast_singlestep", vm_event_fast_singlestep),  # @0 vm_event_fast_singlestep
        ("software_breakpoint", vm_event_debug),  # @0 vm_event_debug
        ("debug_exception", vm_event_debug),  # @0 vm_event_debug
        ("cpuid", vm_event_cpuid),  # @0 vm_event_cpuid
        ("vmexit", vm_event_vmexit),  # @0 vm_event_vmexit
        ("io", vm_event_io),  # @0 vm_event_io
        ("interrupt", vm_event_st_u_interrupt),  # @0 union
    )

    if TYPE_CHECKING:
        mem_paging: vm_event_paging
        mem_sharing: vm_event_sharing
        mem_access: vm_event_mem_access
        write_ctrlreg: vm_event_write_ctrlreg
        mov_to_msr: vm_event_mov_to_msr
        desc_access: vm_event_desc_access
        singlestep: vm_event_singlestep
        fast_singlestep: vm_event_fast_singlestep
        software_breakpoint: vm_event_debug
        debug_exception: vm_event_debug
        cpuid: vm_event_cpuid
        vmexit: vm_event_vmexit
        io: vm_event_io
        interrupt: vm_event_st_u_interrupt

        def __init__(
            self, mem_paging: vm_event_paging = ..., mem_sharing: vm_event_sharing = ...,
            mem_access: vm_event_mem_access = ..., write_ctrlreg: vm_event_write_ctrlreg = ...,
            mov_to_msr: vm_event_mov_to_msr = ..., desc_access: vm_event_desc_access = ...,
            singlestep: vm_event_singlestep = ..., fast_singlestep: vm_event_fast_singlestep = ...,
            software_breakpoint: vm_event_debug = ..., debug_exception: vm_event_debug = ...,
            cpuid: vm_event_cpuid = ..., vmexit: vm_event_vmexit = ..., io: vm_event_io = ...,
            interrupt: vm_event_st_u_interrupt = ...,
        ) -> None: ...


class vm_event_st_data_regs(Union):
    """union vm_event_st_data_regs; 344 bytes. __XEN_TOOLS__; otherwise in 4.14."""

    _fields_ = (
        ("x86", vm_event_regs_x86),  # @0 vm_event_regs_x86
        ("arm", vm_event_regs_arm),  # @0 vm_event_regs_arm
    )

    if TYPE_CHECKING:
        x86: vm_event_regs_x86
        arm: vm_event_regs_arm

        def __init__(self, x86: vm_event_regs_x86 = ..., arm: vm_event_regs_arm = ...) -> None: ...


class vm_event_st_data_emul(Union):
    """union vm_event_st_data_emul; 344 bytes. __XEN_TOOLS__; otherwise in 4.14."""

    _fields_ = (
        ("read", vm_event_emul_read_data),  # @0 vm_event_emul_read_data
        ("insn", vm_event_emul_insn_data),  # @0 vm_event_emul_insn_data
    )

    if TYPE_CHECKING:
        read: vm_event_emul_read_data
        insn: vm_event_emul_insn_data

        def __init__(
            self, read: vm_event_emul_read_data = ..., insn: vm_event_emul_insn_data = ...,
        ) -> None: ...


class vm_event_st_data(Union):
    """union vm_event_st_data; 344 bytes. __XEN_TOOLS__; otherwise in 4.14."""

    _fields_ = (
        ("regs", vm_event_st_data_regs),  # @0 union
        ("emul", vm_event_st_data_emul),  # @0 union
    )

    if TYPE_CHECKING:
        regs: vm_event_st_data_regs
        emul: vm_event_st_data_emul

        def __init__(
            self, regs: vm_event_st_data_regs = ..., emul: vm_event_st_data_emul = ...,
        ) -> None: ...


class vm_event_st(Struct):
    """One request or response: what happened on a vCPU, and what is to become of it.

    struct vm_event_st; 400 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("version", c_uint32),  # @0 uint32_t: VM_EVENT_INTERFACE_VERSION
        ("flags", c_uint32),  # @4 uint32_t
        ("reason", c_uint32),  # @8 uint32_t
        ("vcpu_id", c_uint32),  # @12 uint32_t
        ("altp2m_idx", c_uint16),  # @16 uint16_t: view in which it happened, or in which to go on; with ALTERNATE_P2M
        ("_pad", arr(c_uint16, 3)),  # @18 uint16_t
        ("u", vm_event_st_u),  # @24 union
        ("data", vm_event_st_data),  # @56 union
    )

    if TYPE_CHECKING:
        version: int
        flags: int
        reason: int
        vcpu_id: int
        altp2m_idx: int
        _pad: IntArrayField
        u: vm_event_st_u
        data: vm_event_st_data

        def __init__(
            self, version: int = ..., flags: int = ..., reason: int = ..., vcpu_id: int = ...,
            altp2m_idx: int = ..., _pad: Sequence[int] | IntArray = ..., u: vm_event_st_u = ...,
            data: vm_event_st_data = ...,
        ) -> None: ...


class vm_event_sring_entry(Union):
    """One slot of the ring, a request or the response to one.

    union vm_event_sring_entry; 400 bytes. __XEN_TOOLS__; otherwise in 4.14.
    """

    _fields_ = (
        ("req", vm_event_st),  # @0 vm_event_request_t
        ("rsp", vm_event_st),  # @0 vm_event_response_t
    )

    if TYPE_CHECKING:
        req: vm_event_st
        rsp: vm_event_st

        def __init__(self, req: vm_event_st = ..., rsp: vm_event_st = ...) -> None: ...


class vm_event_sring_pvt_netif(Struct):
    """struct vm_event_sring_pvt_netif; 1 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("smartpoll_active", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("smartpoll_active",)

    if TYPE_CHECKING:
        smartpoll_active: int

        def __init__(self, smartpoll_active: int = ...) -> None: ...


class vm_event_sring_pvt_tapif_user(Struct):
    """struct vm_event_sring_pvt_tapif_user; 1 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("msg", c_uint8),  # @0 uint8_t
    )
    FORMAT = "<B"
    FORMAT_FIELDS = ("msg",)

    if TYPE_CHECKING:
        msg: int

        def __init__(self, msg: int = ...) -> None: ...


class vm_event_sring_pvt(Union):
    """union vm_event_sring_pvt; 4 bytes. __XEN_TOOLS__."""

    _fields_ = (
        ("netif", vm_event_sring_pvt_netif),  # @0 struct
        ("tapif_user", vm_event_sring_pvt_tapif_user),  # @0 struct
        ("pvt_pad", arr(c_uint8, 4)),  # @0 uint8_t
    )

    if TYPE_CHECKING:
        netif: vm_event_sring_pvt_netif
        tapif_user: vm_event_sring_pvt_tapif_user
        pvt_pad: IntArrayField

        def __init__(
            self, netif: vm_event_sring_pvt_netif = ...,
            tapif_user: vm_event_sring_pvt_tapif_user = ...,
            pvt_pad: Sequence[int] | IntArray = ...,
        ) -> None: ...


class vm_event_sring(Struct):
    """Shared page of the ring: producer counters, wake-up thresholds, entries.

    struct vm_event_sring; 64 bytes. __XEN_TOOLS__; otherwise in 4.17, 4.14.
    """

    _fields_ = (
        ("req_prod", c_uint32),  # @0 RING_IDX: requests produced so far, modulo 2**32
        ("req_event", c_uint32),  # @4 RING_IDX: producer counter from which the other side wants to be notified
        ("rsp_prod", c_uint32),  # @8 RING_IDX: responses produced so far, modulo 2**32
        ("rsp_event", c_uint32),  # @12 RING_IDX: producer counter from which the other side wants to be notified
        ("pvt", vm_event_sring_pvt),  # @16 union
        ("__pad", arr(c_uint8, 44)),  # @20 uint8_t
        ("ring", arr(vm_event_sring_entry, 0)),  # @64 vm_event_sring_entry
    )

    if TYPE_CHECKING:
        req_prod: int
        req_event: int
        rsp_prod: int
        rsp_event: int
        pvt: vm_event_sring_pvt
        pad: IntArrayField
        ring: StructArrayField[vm_event_sring_entry]

        def __init__(
            self, req_prod: int = ..., req_event: int = ..., rsp_prod: int = ...,
            rsp_event: int = ..., pvt: vm_event_sring_pvt = ...,
            pad: Sequence[int] | IntArray = ...,
            ring: Sequence[vm_event_sring_entry] | StructArray[vm_event_sring_entry] = ...,
        ) -> None: ...


class vm_event_front_ring(Struct):
    """Private state of the side that produces requests: Xen.

    struct vm_event_front_ring; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("req_prod_pvt", c_uint32),  # @0 RING_IDX: requests written so far, published or not
        ("rsp_cons", c_uint32),  # @4 RING_IDX: responses read so far
        ("nr_ents", c_uint32),  # @8 unsigned int: entries of the ring, a power of two
        ("sring", c_uint64),  # @16 vm_event_sring *
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("req_prod_pvt", "rsp_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        req_prod_pvt: int
        rsp_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, req_prod_pvt: int = ..., rsp_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


class vm_event_back_ring(Struct):
    """Private state of the side that answers them: the tool.

    struct vm_event_back_ring; 24 bytes. __XEN_TOOLS__.
    """

    _fields_ = (
        ("rsp_prod_pvt", c_uint32),  # @0 RING_IDX: responses written so far, published or not
        ("req_cons", c_uint32),  # @4 RING_IDX: requests read so far
        ("nr_ents", c_uint32),  # @8 unsigned int: entries of the ring, a power of two
        ("sring", c_uint64),  # @16 vm_event_sring *
    )
    FORMAT = "<III4xQ"
    FORMAT_FIELDS = ("rsp_prod_pvt", "req_cons", "nr_ents", "sring")

    if TYPE_CHECKING:
        rsp_prod_pvt: int
        req_cons: int
        nr_ents: int
        sring: int

        def __init__(
            self, rsp_prod_pvt: int = ..., req_cons: int = ..., nr_ents: int = ...,
            sring: int = ...,
        ) -> None: ...


vm_event_request_t = vm_event_st
vm_event_response_t = vm_event_st
vm_event_sring_t = vm_event_sring
vm_event_front_ring_t = vm_event_front_ring
vm_event_back_ring_t = vm_event_back_ring
