"""dma-bufs: which no kernel that the tests can boot has, so what the driver would say is played here.

Rules come from Linux drivers/xen/gntdev-dmabuf.c.
"""

from __future__ import annotations

import errno
import os
import struct

import pytest

import xensys
from xensys.memory.grant import Grants


class Driver:
    """A kernel with CONFIG_XEN_GNTDEV_DMABUF, as far as one gntdev file goes."""

    simulated = True
    machine = "arm64"
    page_size = 4096

    def __init__(self):
        self.asked = []
        self.fails = {}

    def open(self, path, flags):
        return os.open("/dev/null", os.O_RDWR)

    def close(self, fd):
        os.close(fd)

    def ioctl(self, fd, request, arg):
        number = request & 0xFF
        words = struct.unpack_from(f"<{len(arg) // 4}I", arg)
        self.asked.append((number, words))
        if number in self.fails:
            raise OSError(self.fails[number], os.strerror(self.fails[number]))
        if number == 9:
            struct.pack_into("<I", arg, 8, 77)
        if number == 11:
            struct.pack_into(f"<{words[1]}I", arg, 16, *range(100, 100 + words[1]))
        return 0


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def grants(driver):
    with Grants(driver) as made:
        yield made


def test_export(driver, grants):
    assert grants.export_dmabuf(3, [8, 9], flags=2) == 77
    assert driver.asked == [(9, (2, 2, 0, 3, 8, 9))]


def test_wait(driver, grants):
    assert grants.wait_dmabuf_released(77, 1.5) is True
    assert driver.asked == [(10, (77, 1500))]
    driver.fails[10] = errno.ETIMEDOUT
    assert grants.wait_dmabuf_released(77, 0) is False
    driver.fails[10] = errno.ENOENT  # gone already
    assert grants.wait_dmabuf_released(77, 0) is True
    driver.fails[10] = errno.ENOTTY
    with pytest.raises(xensys.NotSupportedError):
        grants.wait_dmabuf_released(77, 0)
    with pytest.raises(ValueError, match="timeout"):
        grants.wait_dmabuf_released(77, -1)
    assert grants.gntdev.fileno() >= 0


def test_the_longest_wait_there_is(driver, grants):
    assert grants.wait_dmabuf_released(77, 1e12)
    assert driver.asked == [(10, (77, 0xFFFF_FFFF))]


def test_import(driver, grants):
    with grants.import_dmabuf(7, 3, 5) as imported:
        assert imported.refs == (100, 101, 102)
        assert (imported.domid, imported.fd, imported.closed) == (5, 7, False)
        assert "3 grant(s) for domain 5" in repr(imported)
    assert imported.closed
    imported.close()
    assert driver.asked == [(11, (7, 3, 5, 0, 0, 0, 0)), (12, (7, 0))]


def test_an_import_that_outlives_the_device(driver, grants):
    imported = grants.import_dmabuf(7, 1, 5)
    grants.close()
    # Closing the file has released it.
    imported.close()
    assert [number for number, _ in driver.asked] == [11]


def test_refused(driver, grants):
    driver.fails = {9: errno.EINVAL, 11: errno.EINVAL, 12: errno.ENOENT}
    for call in (lambda: grants.export_dmabuf(3, [8]), lambda: grants.import_dmabuf(7, 1, 5)):
        with pytest.raises(xensys.XenError, match="Errno 22"):
            call()
    with pytest.raises(xensys.XenNotFoundError):
        grants.gntdev.dmabuf_imp_release(7)
