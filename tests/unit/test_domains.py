"""`xen.domains`: what there is, what is honestly unknown, and who comes and goes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from simraw import death_of
from storepeer import Background

import xensys
from xensys.cli import main
from xensys.domains import DOMIDS, Domain, DomainEvent, Domains
from xensys.errors import (
    ForkedError,
    HazardError,
    NoSuchDomainError,
    StoreConnectionError,
    StoreError,
    StorePermissionError,
    StoreTimeoutError,
    XenPermissionError,
)
from xensys.sim import Machine, SimulatorGap

ROOT = Path(__file__).resolve().parents[2]
UUID = "53510000-0000-4000-8000-00000000000{}"


@pytest.fixture(params=[(4, 20), (4, 22)], ids=["before", "with-domctl"])
def any_machine(request):
    return Machine(xen=request.param)


@pytest.fixture
def xen(any_machine):
    with xensys.open(any_machine.dom0) as xen:
        yield xen
    assert any_machine.violations == []


@pytest.fixture
def new():
    """Xen 4.22, which tells a domain's state."""
    machine = Machine(xen=(4, 22))
    with xensys.open(machine.dom0) as xen:
        yield machine, xen
    assert machine.violations == []


@pytest.fixture
def old():
    machine = Machine(xen=(4, 20))
    with xensys.open(machine.dom0) as xen:
        yield machine, xen


class TestList:
    def test_all_that_there_are_in_order(self, any_machine, xen):
        any_machine.add_domain(domid=100, name="hundred")
        any_machine.add_domain(domid=20, name="twenty")
        found = list(xen.domains)
        assert [(d.domid, d.name) for d in found] == [
            (0, "Domain-0"), (1, "demo"), (2, "paused"), (20, "twenty"), (100, "hundred"),
        ]  # fmt: skip
        assert [d.uuid for d in found[:3]] == [None, UUID.format(1), UUID.format(2)]
        assert found[0].unknown["uuid"] == "XenStore has no /local/domain/0/vm"
        assert (found[1].reservation, found[1].maximum) == (4096, 4352)

    def test_a_node_without_a_domain_is_no_domain(self, any_machine, xen):
        for name in ("77", "999999", "x", "-1", "07", "32752"):
            any_machine.store.write(f"/local/domain/{name}/name", "ghost")
        assert [d.domid for d in xen.domains] == [0, 1, 2]
        assert 77 not in xen.domains
        assert xen.domains.get(name="ghost") is None

    def test_an_empty_store_lists_nobody_and_a_scan_all(self, any_machine, xen):
        any_machine.store.kill()
        any_machine.store.restart()
        xen.store.reconnect()
        assert list(xen.domains) == []
        found = list(xen.domains.scan(range(5)))
        assert [d.domid for d in found] == [0, 1, 2]
        assert found[1].name is None
        assert found[1].unknown["name"] == "XenStore has no /local/domain/1/name"

    def test_scan_needs_no_store(self, any_machine, xen):
        assert xen.store.connected
        any_machine.store.kill()
        (domain,) = xen.domains.scan([1])
        assert domain.reservation == 4096
        assert domain.unknown["name"].startswith("XenStore cannot be reached: ")

    def test_scan_finds_zombies(self, any_machine, xen):
        with xen.foreign.map(1, [1]):
            any_machine.domains[1].destroy()
            assert [d.domid for d in xen.domains] == [0, 2]
            assert [d.domid for d in xen.domains.scan(range(99))] == [0, 1, 2]
            assert 1 in xen.domains
        assert 1 not in xen.domains

    def test_scan_asks_for_all(self, old):
        machine, xen = old
        machine.add_domain(domid=DOMIDS[-1], memory=1 << 20)
        assert [d.domid for d in xen.domains.scan(DOMIDS[-3:])] == [0x7FEF]
        assert Domains.scan.__defaults__ == (DOMIDS,)

    def test_one(self, xen):
        assert xen.domains[1].name == "demo"
        assert xen.domains.get(2).name == "paused"
        assert xen.domains.get(name="paused").domid == 2
        assert 1 in xen.domains
        assert 5 not in xen.domains
        assert xen.domains.get(5) is None
        assert xen.domains.get(name="nobody") is None
        with pytest.raises(NoSuchDomainError) as caught:
            xen.domains[5]
        assert caught.value.domid == 5

    def test_arguments(self, xen):
        for domid in (-1, 0x7FF0, 1 << 32):
            with pytest.raises(OverflowError):
                xen.domains[domid]
        with pytest.raises(TypeError):
            xen.domains["demo"]
        with pytest.raises(TypeError):
            xen.domains.get()
        with pytest.raises(TypeError):
            xen.domains.get(1, name="demo")
        with pytest.raises(OverflowError):
            list(xen.domains.scan([0x7FF4]))  # DOMID_INVALID would take xenstored's events

    @pytest.mark.parametrize(
        ("vm", "uuid"),
        [
            ("/vm/ABCDEF00-0000-4000-8000-000000000001", "abcdef00-0000-4000-8000-000000000001"),
            ("", None), ("/vm/", None), ("/vm/xyz", None), (b"\xff" * 36, None), ("-" * 36, None),
            ("/vm/ABCDEF00-0000-4000-8000-00000000000g", None),
        ],
    )  # fmt: skip
    def test_names_and_uuids_are_whatever_is_there(self, any_machine, xen, vm, uuid):
        any_machine.store.write("/local/domain/1/vm", vm)
        any_machine.store.write("/local/domain/1/name", b"a\xff\x1b")
        domain = xen.domains[1]
        assert domain.uuid == uuid
        assert ("uuid" in domain.unknown) == (uuid is None)
        assert domain.name == "a\\xff\x1b"

    def test_after_close(self, any_machine):
        with xensys.open(any_machine.dom0) as xen:
            domains = xen.domains
            assert xen.domains is domains
        with pytest.raises(ValueError, match="closed"):
            list(domains)
        with pytest.raises(ValueError, match="closed"):
            xen.domains  # noqa: B018  # asking is what raises


class TestUnknown:
    def test_state_before_4_21(self, old):
        _, xen = old
        domain = xen.domains[1]
        assert (domain.state, domain.roles, domain.unique_id) == (None, None, None)
        for name in ("state", "roles", "unique_id"):
            assert "4.21" in domain.unknown[name]
        assert repr(domain) == "<Domain 1 name='demo'>"

    def test_everything_unknown_has_a_reason_and_nothing_else_has(self, xen):
        for domain in xen.domains:
            names = [name for name in Domain.__slots__ if getattr(domain, name) is None]
            assert sorted(domain.unknown) == sorted(names)

    def test_states(self, new):
        machine, xen = new
        assert {d.domid: d.state for d in xen.domains} == {0: "alive", 1: "alive", 2: "alive"}
        machine.domains[2].shutdown()
        assert xen.domains[2].state == "shutdown"
        with xen.foreign.map(1, [1]):
            machine.domains[1].destroy(tidy=False)
            assert xen.domains[1].state == "dead"
        assert xen.domains[0].roles == {"control", "hardware"}
        assert xen.domains[2].roles == frozenset()

    def test_unique_ids_outlive_numbers(self, new):
        machine, xen = new
        ids = {d.unique_id for d in xen.domains}
        assert len(ids) == 3
        machine.domains[1].destroy()
        machine.add_domain(domid=1)
        assert xen.domains[1].unique_id not in ids

    def test_no_limit(self, old, monkeypatch, capsys):
        machine, xen = old
        machine.domains[0].memory.maximum = 0xFFFF_FFFF
        assert xen.domains[0].maximum == Domain.NO_LIMIT
        monkeypatch.setattr(xensys.sim, "Machine", lambda: machine)
        assert main(["domains", "--sim"]) == 0
        assert capsys.readouterr().out.splitlines()[1].split()[-3:] == ["no", "limit", "-"]

    @pytest.mark.parametrize("release", [(4, 20), (4, 22)])
    def test_a_restricted_guest_knows_itself_from_its_store(self, release):
        machine = Machine(xen=release)
        with xensys.open(machine.domains[1].kernel()) as xen:
            with pytest.raises(StorePermissionError):
                list(xen.domains)
            domain = xen.domains[1]
            assert (domain.name, domain.uuid) == ("demo", UUID.format(1))
            assert (domain.state, domain.reservation, domain.maximum) == (None, None, None)
            assert "restricted" in domain.unknown["reservation"]
            with pytest.raises(StorePermissionError):
                xen.domains[2]
            with pytest.raises(XenPermissionError):
                list(xen.domains.scan([2]))
            with pytest.raises(StorePermissionError):
                xen.domains.watch()

    def test_an_unrestricted_guest(self):
        machine = Machine(xen=(4, 22))
        with xensys.open(machine.domains[1].kernel(unrestricted=True)) as xen:
            domain = xen.domains[1]
            assert domain.reservation == 4096
            assert "may not ask" in domain.unknown["state"]
            assert 7 not in xen.domains  # Xen says ESRCH before it says EPERM

    def test_dom0_without_privcmd(self):
        machine = Machine(privcmd_nodes=())
        with xensys.open(machine.dom0) as xen:
            found = list(xen.domains)
            assert [d.name for d in found] == ["Domain-0", "demo", "paused"]
            assert found[1].reservation is None
            assert "privcmd" in found[1].unknown["reservation"]
            with pytest.raises(NoSuchDomainError):
                xen.domains[9]

    def test_a_passing_failure_of_the_hypercall_is_retried(self, new):
        machine, xen = new
        assert xen.domains[1].state == "alive"
        fault = machine.dom0.faults.fail("hypercall", errno.EINTR, op="domctl")
        assert xen.domains[1].state == "alive"
        assert fault.fired == 1


class TestDomainState:
    """`xen.domctl`."""

    def test_of_a_domain(self, new):
        _, xen = new
        for domid in (0, 1):
            found = xen.domctl.get_domain_state(domid)
            assert (found.domid, found.state) == (domid, 1)
            assert found.unique_id == xen.domains[domid].unique_id
        assert xen.domctl.get_domain_state(0).caps == 3
        assert found.caps == 0
        with pytest.raises(NoSuchDomainError) as caught:
            xen.domctl.get_domain_state(9)
        assert caught.value.domid == 9
        assert "domctl(XEN_DOMCTL_get_domain_state)" in str(caught.value)
        with pytest.raises(OverflowError, match="0x10000|65536"):
            xen.domctl.get_domain_state(0x1_0000)

    def test_of_the_next_that_changed_is_xenstoreds_to_ask(self, new):
        _, xen = new
        with pytest.raises(HazardError, match="another program"):
            xen.domctl.get_domain_state(0x7FF4)
        with pytest.raises(SimulatorGap):
            xen.domctl.get_domain_state(0x7FF4, hazardous=True)

    def test_of_an_older_xen(self, old):
        _, xen = old
        with pytest.raises(XenPermissionError) as caught:
            xen.domctl.get_domain_state(1)
        assert caught.value.errno == errno.EACCES

    def test_gives_its_buffer_back(self, new):
        _, xen = new
        xen.domctl.get_domain_state(1)
        free = sum(map(len, xen.buffers._free))
        for domid in (1, 9):
            with contextlib.suppress(NoSuchDomainError):
                xen.domctl.get_domain_state(domid)
        assert sum(map(len, xen.buffers._free)) == free


class TestDomctl:
    """The simulated one, against xen/common/domctl.c."""

    def ask(self, xen, *, cmd=90, version=0, domid=1, pad=0):
        op = xen.buffers.new(xensys.abi.domctl.xen_domctl)
        op.cmd, op.interface_version, op.domain = cmd, version, domid
        op.u.get_domain_state.pad0 = pad
        xen.hypercall(36, op)
        return op.u.get_domain_state.state

    def test_errors(self, new):
        machine, xen = new
        assert self.ask(xen) == 1
        for number, wrong in (
            (errno.EACCES, {"version": 0x17}), (errno.EACCES, {"cmd": 5}), (errno.ESRCH, {"domid": 9}),
            (errno.ESRCH, {"domid": 0x7FF0}), (errno.EINVAL, {"pad": 1}),
        ):  # fmt: skip
            with pytest.raises(xensys.XenError) as caught:
                self.ask(xen, **wrong)
            assert caught.value.errno == number
        with xensys.open(machine.domains[1].kernel(unrestricted=True)) as guest:
            for domid in (1, 2, 0x7FF4):
                with pytest.raises(XenPermissionError):
                    self.ask(guest, domid=domid)
            machine.domains[1].target = 2
            assert self.ask(guest, domid=2) == 1

    def test_what_is_not_modelled_says_so(self, new):
        _, xen = new
        with pytest.raises(SimulatorGap):
            self.ask(xen, domid=0x7FF4)
        with pytest.raises(SimulatorGap):
            self.ask(xen, cmd=5, version=0x17)

    def test_before_4_21(self, old):
        _, xen = old
        for domid in (1, 9):
            with pytest.raises(XenPermissionError) as caught:
                self.ask(xen, domid=domid)
            assert caught.value.errno == errno.EACCES


def kinds(*events):
    return [(event.kind, event.domid) for event in events]


def drain(watch):
    found = []
    while True:
        try:
            found.append(watch.get(0))
        except StoreTimeoutError:
            return kinds(*found)


class TestWatch:
    def test_arrivals_and_deaths(self, any_machine, xen):
        with xen.domains.watch() as watch:
            assert sorted(watch.domains) == [0, 1, 2]
            assert drain(watch) == []
            any_machine.add_domain(domid=7, name="seven")
            event = watch.get(5)
            assert (event.kind, event.domid, event.domain.name) == ("arrived", 7, "seven")
            assert sorted(watch.domains) == [0, 1, 2, 7]
            any_machine.domains[7].destroy()
            event = watch.get(5)
            assert (event.kind, event.domain.name) == ("died", "seven")
            assert sorted(watch.domains) == [0, 1, 2]
            assert drain(watch) == []

    def test_existing_ones_can_be_told_of(self, xen):
        with xen.domains.watch(existing=True) as watch:
            assert watch.domains == {}
            assert drain(watch) == [("arrived", 0), ("arrived", 1), ("arrived", 2)]

    def test_a_death_is_told_though_zombie_and_nodes_remain(self, any_machine, xen):
        with xen.foreign.map(1, [1]), xen.domains.watch() as watch:
            any_machine.domains[1].destroy(tidy=False)
            assert xen.store.exists("/local/domain/1")
            assert drain(watch) == [("died", 1)]

    def test_many_at_once_are_all_told_once(self, any_machine, xen):
        with xen.domains.watch() as watch:
            for domid in range(10, 20):
                any_machine.add_domain(domid=domid, memory=1 << 20)
            for domid in (1, 2, 10):
                any_machine.domains[domid].destroy()
            assert drain(watch) == [
                ("died", 1), ("died", 2), *[("arrived", domid) for domid in range(11, 20)],
            ]  # fmt: skip

    def test_nothing_is_invented(self, any_machine, xen):
        with xen.domains.watch() as watch:
            any_machine.domains[1].shutdown()  # tells @releaseDomain, and is still there
            any_machine.store.write("/local/domain/1/name", "renamed")
            any_machine.store.write("/local/domain/55/name", "ghost")
            assert drain(watch) == []

    def test_a_number_used_again_is_a_death_and_an_arrival(self, any_machine, xen):
        with xen.domains.watch() as watch:
            any_machine.domains[1].destroy()
            any_machine.add_domain(domid=1, name="next")
            if any_machine.xen < (4, 21):
                any_machine.store.write("/local/domain/1/vm", f"/vm/{UUID.format(9)}")
            events = [watch.get(0), watch.get(0)]
            assert kinds(*events) == [("died", 1), ("arrived", 1)]
            assert [event.domain.name for event in events] == ["demo", "next"]
            assert drain(watch) == []

    def test_timeout(self, xen):
        with xen.domains.watch() as watch:
            with pytest.raises(StoreTimeoutError, match="came or went within 1"):
                watch.get(1)
            before = xen.kernel.monotonic()
            with pytest.raises(StoreTimeoutError):
                watch.get(30)
            assert xen.kernel.monotonic() - before >= 30

    def test_a_waiting_thread_hears_of_either_watch(self, any_machine, xen):
        with xen.domains.watch() as watch:
            drain(watch)
            call = Background(watch.get)
            any_machine.add_domain(domid=7)
            assert call.result().kind == "arrived"
            call = Background(watch.get)
            any_machine.domains[7].destroy()
            assert call.result().kind == "died"

    def test_each_event_goes_to_one_thread(self, any_machine, xen):
        with xen.domains.watch() as watch:
            calls = [Background(watch.get, 30) for _ in range(6)]
            for domid in range(10, 16):
                any_machine.add_domain(domid=domid, memory=1 << 20)
            assert sorted(call.result().domid for call in calls) == list(range(10, 16))

    def test_close_ends_iteration(self, xen):
        watch = xen.domains.watch()
        call = Background(list, watch)
        threading.Timer(0.2, watch.close).start()
        assert call.result() == []
        watch.close()
        assert watch.closed
        with pytest.raises(ValueError):
            watch.get(0)

    def test_watches_are_taken_back(self, any_machine, xen):
        xen.domains.watch().close()
        assert not any(conn.watches for conn in any_machine.store.connections)

    def test_a_look_that_fails_loses_nothing(self, any_machine, xen, monkeypatch):
        with xen.domains.watch() as watch:
            any_machine.add_domain(domid=7)
            any_machine.domains[1].destroy()
            real = type(xen.store).is_introduced

            def failing(store, domid):
                if domid == 7:
                    raise StoreError(errno.ENOMEM)
                return real(store, domid)

            with monkeypatch.context() as patch:
                patch.setattr(type(xen.store), "is_introduced", failing)
                for _ in range(2):
                    with pytest.raises(StoreError):
                        watch.get(0)
            assert drain(watch) == [("died", 1), ("arrived", 7)]

    def test_a_domain_that_is_gone_when_it_is_looked_up_still_comes_and_goes(self, new, monkeypatch):
        machine, xen = new
        with xen.domains.watch() as watch:
            machine.add_domain(domid=7)
            real = type(xen.store).is_introduced

            def dies_after(store, domid):
                answer = real(store, domid)
                if domid == 7 and 7 in machine.domains:
                    machine.domains[7].destroy()
                return answer

            monkeypatch.setattr(type(xen.store), "is_introduced", dies_after)
            event = watch.get(0)
            assert (event.kind, event.domid) == ("arrived", 7)
            assert event.domain.unknown["state"] == "it was gone when Xen was asked"
            assert drain(watch) == [("died", 7)]

    def test_restart_of_the_daemon(self, any_machine, xen):
        with xen.domains.watch() as watch:
            any_machine.store.kill()
            with pytest.raises(StoreConnectionError):
                watch.get(5)
            any_machine.store.restart(keep=True)
            xen.store.reconnect()
            assert drain(watch) == []
            any_machine.domains[2].destroy()
            any_machine.add_domain(domid=8)
            assert drain(watch) == [("died", 2), ("arrived", 8)]

    def test_a_watch_that_cannot_be_set_up_again_is_an_error_of_the_next_call(self, old):
        machine, xen = old
        with xen.domains.watch() as watch:
            drain(watch)
            for which in (0, 1):
                machine.store.kill()
                machine.store.restart(keep=True)
                with pytest.raises(StoreConnectionError):
                    xen.store.read("/")
                count = [0]

                def refuse(conn, message, count=count, which=which):
                    if message[0] == 4:
                        count[0] += 1
                        if count[0] == which + 1:
                            return message[:0] + b"\x10" + message[1:12] + b"\x07\0\0\0" + b"ENOMEM\0"
                    return message

                machine.store.tamper = refuse
                xen.store.reconnect()
                machine.store.tamper = None
                assert count == [2]
                with pytest.raises(StoreError) as caught:
                    drain(watch)
                assert caught.value.errno == errno.ENOMEM

    def test_forked(self, any_machine, xen):
        with xen.domains.watch() as watch:

            def child():
                with pytest.raises(ForkedError):
                    watch.get(0)
                watch.close()

            watch._lock.acquire()  # as a thread that is no more had it
            death = death_of(child)
            watch._lock.release()
            assert death == 0

    def test_not_copied_and_shown(self, xen):
        with xen.domains.watch() as watch:
            with pytest.raises(TypeError):
                watch.__reduce__()
            assert repr(watch) == "<DomainWatch, 3 domains>"
        assert repr(watch) == "<DomainWatch, closed>"
        assert DomainEvent("died", Domain(3)) == DomainEvent("died", Domain(3))


class TestCommand:
    def test_table(self, machine, monkeypatch, capsys):
        monkeypatch.setattr(xensys.sim, "Machine", lambda: machine)
        machine.store.write("/local/domain/1/name", b"\x1b[2Jdemo")
        assert main(["domains", "--sim"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        lines = out.splitlines()
        assert lines[0].split() == ["domid", "name", "state", "MiB", "max", "MiB", "uuid"]
        assert lines[2].split() == ["1", "\\x1b[2Jdemo", "-", "16", "17", UUID.format(1)]
        assert lines[4] == ""
        assert lines[5].startswith("no state: Xen tells it from 4.21 on")
        assert lines[6] == "no uuid of 0: XenStore has no /local/domain/0/vm"

    def test_all_and_json(self, monkeypatch, capsys):
        machine = Machine(xen=(4, 22))
        monkeypatch.setattr(xensys.sim, "Machine", lambda: machine)
        monkeypatch.setattr(Domains.scan, "__defaults__", (range(40),))  # the others take a while
        machine.store.write("/local/domain/1/name", "x")
        assert main(["domains", "--sim", "--json"]) == 0
        plain = json.loads(capsys.readouterr().out)
        assert [d["domid"] for d in plain] == [0, 1, 2]
        assert plain[0]["roles"] == ["control", "hardware"]
        assert plain[1]["state"] == "alive"
        assert plain[1]["unknown"] == {}
        assert main(["domains", "--sim", "--json", "--all"]) == 0
        assert json.loads(capsys.readouterr().out) == plain

    @pytest.mark.skipif(os.path.exists("/proc/xen"), reason="this host is Xen")
    def test_in_a_process_of_its_own(self):
        for arguments, status in ((["--sim"], 0), ([], 1)):
            done = subprocess.run(
                [sys.executable, "-X", "dev", "-W", "error", "-m", "xensys", "domains", *arguments],
                cwd=ROOT, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == status
            assert (done.stderr == "") == (status == 0)
