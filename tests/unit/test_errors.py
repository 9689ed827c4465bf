"""The error family: what each is, says and survives."""

from __future__ import annotations

import copy
import errno
import pickle

import pytest

from xensys import errors

CONTEXT = {
    "call": "memory_op(XENMEM_maximum_gpfn)",
    "via": "IOCTL_PRIVCMD_HYPERCALL on /dev/xen/privcmd",
    "domid": 7,
    "arguments": {"index": 3, "address": 0x1000},
    "hint": "try again",
}

MEMBERS = [
    *(errors.error_from(number, **CONTEXT) for number in (1, 2, 3, 4, 13, 14, 22, 25, 38, 95, 110)),
    errors.ForeignMapError(22, failed=((1, 0x55, 22), (4, 0x58, 3)), requested=9, domid=3),
    errors.ForkedError(),
    errors.HazardError(1, call="hvm_op(HVMOP_set_param)"),
    errors.NoXenError(2, call="open(/dev/xen/privcmd)"),
]


@pytest.mark.parametrize(
    ("number", "ours", "builtin"),
    [
        (errno.EPERM, errors.XenPermissionError, PermissionError),
        (errno.EACCES, errors.XenPermissionError, PermissionError),
        (errno.ENOENT, errors.XenNotFoundError, FileNotFoundError),
        (errno.ESRCH, errors.NoSuchDomainError, ProcessLookupError),
        (errno.ENOSYS, errors.NotSupportedError, OSError),
        (errno.EOPNOTSUPP, errors.NotSupportedError, OSError),
        (errno.ENOTTY, errors.NotSupportedError, OSError),
        (errno.EINTR, errors.XenInterruptedError, InterruptedError),
        (errno.ETIMEDOUT, errors.XenTimeoutError, TimeoutError),
        (errno.EFBIG, errors.EventOverflowError, OSError),
        (errno.EINVAL, errors.XenError, OSError),
    ],
)
def test_errno_decides_the_class(number: int, ours: type[Exception], builtin: type[Exception]) -> None:
    error = errors.error_from(number)
    assert type(error) is ours
    assert isinstance(error, builtin)
    assert error.errno == number


@pytest.mark.parametrize("error", MEMBERS, ids=lambda error: f"{type(error).__name__}-{error.errno}")
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_every_member_survives_a_copy(error: errors.XenError, how) -> None:  # type: ignore[no-untyped-def]
    again = how(error)
    assert type(again) is type(error)
    assert (again.errno, str(again), vars(again)) == (error.errno, str(error), vars(error))


def test_message_says_what_where_and_what_to_do() -> None:
    assert str(errors.error_from(1, **CONTEXT)) == (
        "[Errno 1] Operation not permitted: memory_op(XENMEM_maximum_gpfn)\n"
        "  with domid=7, index=3, address=0x1000\n"
        "  through IOCTL_PRIVCMD_HYPERCALL on /dev/xen/privcmd\n"
        "  hint: try again"
    )


def test_foreign_map_error_lists_frames() -> None:
    error = MEMBERS[-4]
    assert isinstance(error, errors.ForeignMapError)
    assert error.errors == {0x55: 22, 0x58: 3}
    assert "2 of 9 frames failed (0x55: EINVAL, 0x58: ESRCH)" in str(error)


def test_every_class_is_in_the_family_and_exported() -> None:
    import xensys

    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert all(issubclass(getattr(errors, name), errors.XenError) for name in classes)
    assert classes == set(errors.__all__) - {"error_from"}
    assert classes <= set(xensys.__all__)


def test_a_forked_handle_is_a_closed_one_to_who_does_not_care() -> None:
    assert issubclass(errors.ForkedError, ValueError)
