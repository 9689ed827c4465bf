"""xenpmu_op: off, as without vpmu= on Xen's command line."""

from __future__ import annotations

import errno

import pytest

import xensys

HAZARDS = {
    "mode_set": lambda op, **flag: op.mode_set(1, **flag),
    "feature_set": lambda op, **flag: op.feature_set(0, **flag),
    "init": lambda op, **flag: op.init(0, 0, **flag),
    "finish": lambda op, **flag: op.finish(0, **flag),
    "lvtpc_set": lambda op, **flag: op.lvtpc_set(**flag),
    "flush": lambda op, **flag: op.flush(**flag),
}
CALLS = {
    "mode_get": lambda op: op.mode_get(),
    "feature_get": lambda op: op.feature_get(),
    **{name: (lambda op, call=call: call(op, hazardous=True)) for name, call in HAZARDS.items()},
}


@pytest.mark.parametrize("name", CALLS)
def test_all_of_it_is_off(world, name):
    # arm64 has no such hypercall.
    expected = errno.EOPNOTSUPP if world.target.arch == "x86_64" else errno.ENOSYS
    with pytest.raises(xensys.NotSupportedError) as caught:
        CALLS[name](world.xen.xenpmu_op)
    assert caught.value.errno == expected
    assert caught.value.call == f"xenpmu_op(XENPMU_{name})"


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_need_the_flag(world, name):
    with pytest.raises(xensys.HazardError) as caught:
        HAZARDS[name](world.xen.xenpmu_op)
    assert caught.value.via == ""


@pytest.mark.parametrize("values", [{"mode": -1}, {"mode": 1 << 64}], ids=["negative", "65-bit"])
def test_values_that_do_not_fit(world, values):
    with pytest.raises(OverflowError, match=r"xen_pmu_params\.val"):
        world.xen.xenpmu_op.mode_set(values["mode"], hazardous=True)
