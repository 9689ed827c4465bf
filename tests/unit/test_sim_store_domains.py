"""The simulated xenstored: requests about domains, CONTROL, features and quotas."""

from __future__ import annotations

import os

import pytest
from storeraw import (
    CONTROL,
    GET_DOMAIN_PATH,
    GET_FEATURE,
    GET_QUOTA,
    INTRODUCE,
    IS_INTRODUCED,
    RELEASE,
    RESUME,
    SET_FEATURE,
    SET_QUOTA,
    SET_TARGET,
    XENBUS,
    Client,
    guest_of,
    packed,
    says,
)

from xensys.sim import Machine, SimulatorGap, SimulatorMisuse

OK = b"OK\0"


def new(release):
    machine = Machine(xen=release)
    return machine, Client(machine.dom0)


class TestPaths:
    def test_any_number(self, dom0, machine):
        for text, path in (("1", "1"), ("0", "0"), ("77", "77"), ("01", "1"), ("x", "0"), ("", "0"),
                           ("5x", "5"), ("-1", "4294967295")):  # fmt: skip
            assert dom0.ask(GET_DOMAIN_PATH, text) == f"/local/domain/{path}".encode() + b"\0"
        assert guest_of(machine).ask(GET_DOMAIN_PATH, "2") == b"/local/domain/2\0"

    def test_4_22_looks_at_the_number(self):
        _, dom0 = new((4, 22))
        assert dom0.ask(GET_DOMAIN_PATH, "65535") == b"/local/domain/65535\0"
        for text in ("x", "5x", "65536", "-1"):
            with says("EINVAL"):
                dom0.ask(GET_DOMAIN_PATH, text)

    @pytest.mark.parametrize("kind", [GET_DOMAIN_PATH, IS_INTRODUCED, RELEASE, RESUME])
    @pytest.mark.parametrize("payload", [b"", b"1", b"1\x002\0"])
    def test_one_string(self, dom0, kind, payload):
        with says("EINVAL"):
            dom0.transact(kind, payload)


class TestIntroduce:
    def test_is_introduced(self, dom0):
        for domid, there in (("0", b"T\0"), ("1", b"T\0"), ("9", b"F\0"), ("32752", b"T\0")):
            assert dom0.ask(IS_INTRODUCED, domid) == there

    def test_release_and_introduce(self, machine, dom0):
        dom0.write("/x/y")
        dom0.set_perms("/x", "n1")
        inside = guest_of(machine)
        dom0.watch("@releaseDomain", "out")
        dom0.watch("@introduceDomain", "in")
        dom0.watch("/x", "x")
        dom0.take()
        assert dom0.ask(RELEASE, "1") == OK
        # What it owned goes with all below it, whoever owns that.
        assert dom0.take() == ["/x x", "@releaseDomain out"]
        assert dom0.ask(IS_INTRODUCED, "1") == b"F\0"
        with says("ENOENT"):
            dom0.read("/local/domain/1/data")
        assert dom0.read("/local/domain/1/name") == b"demo"
        inside.raw(packed(2, b"name\0", req=1))
        assert not inside.ready()
        assert dom0.ask(INTRODUCE, "1", "0", "1") == OK
        assert dom0.take() == ["@introduceDomain in"]
        # Its permission is older than what is known of it now.
        with says("EACCES"):
            inside.read("name")
        dom0.set_perms("/local/domain/1/name", "n0", "r1")
        assert inside.read("name") == b"demo"

    def test_again_resets_the_connection(self, machine, dom0):
        inside = guest_of(machine)
        inside.watch("data", "t")
        tx = inside.start()
        inside.take()
        dom0.watch("@introduceDomain", "in")
        dom0.take()
        assert dom0.ask(INTRODUCE, "1", "0", "1", "reserved") == OK
        assert dom0.take() == []
        dom0.write("/local/domain/1/data")
        assert inside.take() == []
        with says("ENOENT"):
            inside.read("name", tx=tx)

    def test_refused(self, dom0):
        for texts in (["1", "0"], ["1", "0", "0"], ["1", "0", "x"], ["99", "0", "1"]):
            with says("EINVAL"):
                dom0.ask(INTRODUCE, *texts)

    @pytest.mark.parametrize("kind", [RELEASE, RESUME])
    def test_of_whom(self, dom0, kind):
        with says("EINVAL"):
            dom0.ask(kind, "0")
        with says("ENOENT"):
            dom0.ask(kind, "99")

    def test_target_of_whom(self, dom0):
        for texts in (["1", "99"], ["99", "1"]):
            with says("ENOENT"):
                dom0.ask(SET_TARGET, *texts)
        with says("EINVAL"):
            dom0.ask(SET_TARGET, "1")
        assert dom0.ask(SET_TARGET, "1", "0") == OK

    def test_a_target_that_goes(self, machine, dom0):
        inside = guest_of(machine)
        dom0.ask(SET_TARGET, "1", "2")
        inside.write("/local/domain/2/data")
        machine.domains[2].destroy(tidy=False)
        dom0.write("/local/domain/2/data")
        with says("EACCES"):
            inside.write("/local/domain/2/data")


class TestDeath:
    def test_tidy(self, machine, dom0):
        vm = dom0.read("/local/domain/1/vm").decode()
        machine.domains[1].destroy()
        for path in (vm, "/local/domain/1", "/libxl/1"):
            with says("ENOENT"):
                dom0.read(path)

    def test_untidy(self, machine, dom0):
        dom0.write("/backend/x")
        dom0.set_perms("/backend", "n1")
        machine.domains[1].destroy(tidy=False)
        assert dom0.read("/local/domain/1/name") == b"demo"
        assert dom0.ls("/local/domain/1/control") == [
            "platform-feature-multiprocessor-suspend",
            "platform-feature-xs_reset_watches",
        ]
        for path in ("/backend", "/local/domain/1/data"):
            with says("ENOENT"):
                dom0.read(path)

    def test_nobody_hears_the_dead(self, machine, dom0):
        inside = guest_of(machine)
        inside.watch("data", "t")
        inside.take()
        machine.domains[1].destroy()
        inside.raw(packed(2, b"name\0"))
        assert not inside.ready()
        inside.close()


class TestControl:
    def say(self, client, *texts):
        return client.ask(CONTROL, *texts)[:-1].decode()

    def test_help(self, dom0):
        text = self.say(dom0, "help")
        assert [line.split()[0] for line in text.splitlines()] == [
            "check", "log", "live-update", "Default", "logfile", "memreport", "print", "quota",
            "quota-soft", "help",
        ]  # fmt: skip
        assert "quota           [set <name> <val>|<domid>|max [-r]]\n" in text
        with says("EINVAL"):
            dom0.ask(CONTROL, "help", "me")

    def test_help_of_4_17(self):
        text = self.say(new((4, 17))[1], "help")
        assert "log             on|off\n" in text
        assert "max" not in text

    @pytest.mark.parametrize("payload", [b"", b"help", b"nonsense\0", b"\0"])
    def test_no_such_command(self, dom0, payload):
        with says("EINVAL"):
            dom0.transact(CONTROL, payload)

    def test_check_and_print(self, dom0):
        assert dom0.ask(CONTROL, "check") == dom0.ask(CONTROL, "print", "x") == OK
        for texts in (["check", "x"], ["print"], ["print", "a", "b"], ["memreport"]):
            with says("EINVAL"):
                dom0.ask(CONTROL, *texts)

    def test_log(self, dom0):
        assert self.say(dom0, "log").splitlines()[:3] == [
            "Log switch settings:",
            "obj     : on",
            "io      : on",
        ]
        for text in ("+tdb", "-io", "on", "off"):
            assert dom0.ask(CONTROL, "log", text) == OK
        lines = self.say(dom0, "log").splitlines()
        assert lines[2] == "io      : off"
        assert lines[5] == "tdb     : on"
        for text in ("tdb", "+x", ""):
            with says("EINVAL"):
                dom0.ask(CONTROL, "log", text)

    def test_quota(self, dom0, machine):
        lines = self.say(dom0, "quota").splitlines()
        assert lines[0] == "Quota settings:"
        assert lines[1] == "nodes            :     1000 Nodes per domain"
        assert [line.split(":")[0].strip() for line in lines[1:]] == [
            "nodes", "watches", "outstanding", "memory", "transactions", "transaction-nodes",
            "node-permissions", "path-max", "node-size",
        ]  # fmt: skip
        assert self.say(dom0, "quota-soft").splitlines()[1].startswith("memory           :  2097152 ")
        assert dom0.ask(CONTROL, "quota", "set", "node-size", "50") == OK
        with says("ENOSPC"):
            guest_of(machine).write("data/x", b"v" * 27)
        for texts in (
            ["x", "1"],
            ["nodes", "0"],
            ["nodes", "x"],
            ["nodes", "-1"],
            ["nodes"],
            ["nodes", "1", "2"],
        ):
            with says("EINVAL"):
                dom0.ask(CONTROL, "quota", "set", *texts)
        with says("EINVAL"):
            dom0.ask(CONTROL, "quota-soft", "set", "nodes", "1")
        assert dom0.ask(CONTROL, "quota-soft", "set", "memory", "1") == OK

    def test_names_of_4_17(self):
        lines = self.say(new((4, 17))[1], "quota").splitlines()
        assert [line.split(":")[0].strip() for line in lines[1:]] == [
            "nodes", "watches", "transactions", "outstanding", "transaction-nodes", "memory",
            "node-size", "path-max", "permissions",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "texts",
        [["quota", "1"], ["quota", "max"], ["live-update", "-s"], ["logfile", "x"], ["memreport", "x"]],
    )
    def test_gaps(self, dom0, texts):
        with pytest.raises(SimulatorGap):
            dom0.ask(CONTROL, *texts)


class TestFeatures:
    def test_4_21(self):
        machine, dom0 = new((4, 21))
        assert dom0.ask(GET_FEATURE) == b"2\0"
        assert dom0.ask(GET_FEATURE, "1") == b"2\0"
        for texts in (["1", "2"], ["99"]):
            with says("EINVAL" if len(texts) == 2 else "ENOENT"):
                dom0.ask(GET_FEATURE, *texts)
        with says("EBUSY"):
            dom0.ask(SET_FEATURE, "1", "0")
        dom0.ask(RELEASE, "1")
        with says("EINVAL"):
            dom0.ask(SET_FEATURE, "1", "4")
        assert dom0.ask(SET_FEATURE, "1", "0") == OK
        assert dom0.ask(GET_FEATURE, "1") == b"0\0"
        with says("EINVAL"):
            dom0.ask(SET_FEATURE, "1")
        machine.store.check()

    def test_4_22(self):
        machine, dom0 = new((4, 22))
        inside = guest_of(machine)
        assert dom0.ask(GET_FEATURE) == inside.ask(GET_FEATURE) == b"14\0"
        with says("EACCES"):
            inside.ask(GET_FEATURE, "1")

    def test_quota_4_22(self):
        machine, dom0 = new((4, 22))
        names = dom0.ask(GET_QUOTA)[:-1].decode().split()
        assert names[:5] == ["nodes", "watches", "outstanding", "memory", "soft-memory"]
        assert dom0.ask(GET_QUOTA, "watches") == b"128\0"
        assert dom0.ask(GET_QUOTA, "1", "watches") == b"128\0"
        assert dom0.ask(SET_QUOTA, "1", "watches", "2") == OK
        assert dom0.ask(GET_QUOTA, "1", "watches") == b"2\0"
        assert dom0.ask(GET_QUOTA, "2", "watches") == b"128\0"
        inside = guest_of(machine)
        inside.watch("data", "1")
        with pytest.raises(OSError, match="No space"):
            inside.watch("data", "2")
        for texts in (["x"], ["soft-nodes"], ["1", "x"], ["1", "2", "3"]):
            with says("EINVAL"):
                dom0.ask(GET_QUOTA, *texts)
        for texts in (["x", "1"], ["watches"], ["1", "watches", "4294967295"]):
            with says("EINVAL"):
                dom0.ask(SET_QUOTA, *texts)
        # 0: no limit.
        assert dom0.ask(SET_QUOTA, "1", "watches", "0") == OK
        for number in range(200):
            inside.watch("data", f"n{number}")


class TestLifeAndDeath:
    def test_kill_ends_sockets(self, machine, dom0):
        machine.store.kill()
        assert machine.dom0.wait([dom0.fd], (), 0)[0]
        assert machine.dom0.read(dom0.fd, 10) == b""
        with pytest.raises(BrokenPipeError):
            machine.dom0.write(dom0.fd, b"x")
        with pytest.raises(ConnectionRefusedError):
            Client(machine.dom0)
        with pytest.raises(SimulatorMisuse):
            machine.store.write("/x")
        machine.store.restart()

    def test_kill_with_reset(self, machine):
        client = Client(machine.dom0)
        machine.store.kill(reset=True)
        with pytest.raises(ConnectionResetError):
            machine.dom0.read(client.fd, 10)
        assert machine.dom0.read(client.fd, 10) == b""

    def test_xenbus_is_not_answered(self, machine):
        bus = Client(machine.dom0, XENBUS)
        machine.store.kill()
        bus.raw(packed(2, b"domid\0", req=5))
        assert not bus.ready()
        with pytest.raises(SimulatorGap):
            bus.watch("/x", "t")
        machine.store.restart(keep=True)
        assert bus.messages() == [(2, 5, 0, b"0")]

    def test_restart_empty(self, machine):
        old = Client(machine.dom0, XENBUS)
        old.watch("/x", "t")
        tx = old.start()
        old.take()
        machine.store.restart()
        fresh = Client(machine.dom0)
        assert fresh.ls("/") == ["tool"]
        assert [fresh.ask(IS_INTRODUCED, str(domid)) for domid in (0, 1)] == [b"T\0", b"F\0"]
        fresh.write("/x")
        # The kernel does not notice: the watch is lost, and so is the transaction.
        assert old.take() == []
        with says("ENOENT"):
            old.read("/", tx=tx)
        machine.store.check()

    def test_restart_empty_4_21_serves_all(self):
        machine = Machine(xen=(4, 21))
        machine.store.restart()
        assert Client(machine.dom0).ask(IS_INTRODUCED, "1") == b"T\0"

    def test_restart_kept(self, machine):
        inside = guest_of(machine)
        inside.write("data/x", b"kept")
        machine.store.kill()
        machine.domains[2].destroy()
        machine.store.restart(keep=True)
        assert inside.read("data/x") == b"kept"
        assert inside.read("name") == b"demo"
        machine.store.check()

    def test_domains_made_while_it_is_dead(self, machine):
        _ = machine.store
        machine.store.kill()
        domain = machine.add_domain(memory=1 << 20)
        machine.domains[1].destroy()
        machine.store.restart(keep=True)
        client = Client(machine.dom0)
        assert client.ask(IS_INTRODUCED, str(domain.domid)) == b"F\0"
        with says("ENOENT"):
            client.read("/local/domain/1/data")
        domain.destroy()
        machine.store.check()

    def test_no_store_in_other_domains(self, machine):
        kernel = machine.domains[1].kernel()
        with pytest.raises(FileNotFoundError):
            kernel.connect("/run/xenstored/socket")
        fd = kernel.open(XENBUS, os.O_RDWR)
        kernel.close(fd)
