"""xen_version: every sub-operation."""

from __future__ import annotations

import errno

import pytest

import xensys
from xensys.abi import version as abi

FOUR_TWENTY_FORMS = ("extraversion2", "capabilities2", "changeset2", "commandline2")


def test_version_is_the_release_under_test(world):
    assert world.xen.xen_version.version() == world.target.xen


def test_version_object_compares_as_a_tuple_and_prints_in_full(world):
    version = world.xen.version()
    assert version == world.target.xen
    assert version >= (4, 11)
    assert str(version) == f"{version.major}.{version.minor}{version.extra}"
    assert version.extra.startswith((".", "-"))


def test_extraversion_follows_the_release(world):
    extra = world.xen.xen_version.extraversion()
    assert 0 < len(extra) <= 15


def test_compile_info_names_a_compiler_and_a_date(world):
    info = world.xen.xen_version.compile_info()
    assert "gcc" in info.compiler or "clang" in info.compiler
    assert info.compile_date


def test_capabilities_name_this_architecture(world):
    capabilities = world.xen.xen_version.capabilities()
    suffix = "x86_64" if world.target.arch == "x86_64" else "aarch64"
    assert f"xen-3.0-{suffix}" in capabilities


def test_changeset_is_text_and_may_be_empty(world):
    # As it is in Debian's builds.
    assert len(world.xen.xen_version.changeset()) <= 63


def test_platform_parameters_are_zero_unless_pv(world):
    start = world.xen.xen_version.platform_parameters()
    assert (start == 0) is world.target.translated


def test_get_features_says_dom0_and_how_its_memory_is_translated(world):
    features = world.xen.features()
    assert "dom0" in features
    assert ("auto_translated_physmap" in features) is world.target.translated


def test_get_features_word_0_has_bit_11_for_dom0(world):
    assert world.xen.xen_version.get_features(0) & 1 << 11


def test_get_features_of_a_word_that_is_not_there_is_EINVAL(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.xen_version.get_features(1)
    assert caught.value.errno == errno.EINVAL
    assert caught.value.call == "xen_version(XENVER_get_features)"
    assert caught.value.arguments == {"submap_idx": 1}


def test_get_features_of_a_word_number_that_does_not_fit_is_an_overflow(world):
    with pytest.raises(OverflowError, match="xen_feature_info.submap_idx"):
        world.xen.xen_version.get_features(1 << 32)


def test_pagesize_is_4096(world):
    assert world.xen.xen_version.pagesize() == 4096


def test_pagesize_with_an_argument_is_EINVAL(world):
    with world.xen.buffers.alloc(8) as buffer, pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(17, abi.XENVER_pagesize, buffer)
    assert caught.value.errno == errno.EINVAL


def test_guest_handle_of_dom0_is_all_zero(world):
    assert world.xen.xen_version.guest_handle() == bytes(16)


def test_commandline_tells_dom0_its_memory(world):
    assert "dom0_mem=" in world.xen.xen_version.commandline()


def test_build_id_is_a_sha1(world):
    assert len(world.xen.xen_version.build_id()) == 20


def test_build_id_into_too_small_a_buffer_is_ENOBUFS(world):
    request = world.xen.buffers.new(abi.xen_build_id)
    request.len = 4
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(17, abi.XENVER_build_id, request)
    assert caught.value.errno == errno.ENOBUFS


@pytest.mark.parametrize("name", FOUR_TWENTY_FORMS)
def test_long_form_agrees_with_the_short_one_since_4_20_else_is_not_supported(world, name):
    family = world.xen.xen_version
    if world.target.xen < (4, 20):
        with pytest.raises(xensys.NotSupportedError) as caught:
            getattr(family, name)()
        assert caught.value.errno == errno.ENOSYS
        assert caught.value.call == f"xen_version(XENVER_{name})"
        return
    long, short = getattr(family, name)(), getattr(family, name[:-1])()
    assert long[: len(short)] == short


def test_unknown_sub_operation_is_ENOSYS(world):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(17, 63)
    assert caught.value.errno == errno.ENOSYS


def test_same_answers_again_and_again(world):
    family = world.xen.xen_version
    first = (family.extraversion(), family.capabilities(), family.changeset())
    for _ in range(20):
        assert (family.extraversion(), family.capabilities(), family.changeset()) == first
