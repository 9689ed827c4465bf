"""The simulated xenstored: nodes, permissions and limits, in raw bytes."""

from __future__ import annotations

import struct

import pytest
from storeraw import (
    CONTROL,
    DIRECTORY,
    DIRECTORY_PART,
    ERROR,
    EVENT,
    GET_FEATURE,
    GET_PERMS,
    GET_QUOTA,
    INTRODUCE,
    IS_INTRODUCED,
    MKDIR,
    READ,
    RELEASE,
    RESUME,
    RM,
    SET_FEATURE,
    SET_PERMS,
    SET_QUOTA,
    SET_TARGET,
    WRITE,
    Client,
    guest_of,
    says,
)

from xensys.sim import Machine, SimulatorGap, SimulatorMisuse

HOME = "/local/domain/1/data"


@pytest.fixture
def inside(machine):
    """Domain 1, itself."""
    return guest_of(machine)


class TestTree:
    def test_what_the_toolstack_left(self, dom0):
        assert dom0.ls("/") == ["tool", "local", "vm", "libxl"]
        assert dom0.ls("/local/domain") == ["0", "1", "2"]
        assert dom0.read("/local/domain/0/name") == b"Domain-0"
        assert dom0.read("/local/domain/1/name") == b"demo"
        assert dom0.read("/local/domain/1/domid") == b"1"
        assert dom0.read("/local/domain/1/memory/target") == b"16384"
        assert dom0.read(dom0.read("/local/domain/1/vm").decode() + "/name") == b"demo"
        assert dom0.perms("/local/domain/1") == ["n0", "r1"]
        assert dom0.perms("/local/domain/1/data") == ["n1"]
        assert dom0.perms("/") == ["n0"]

    def test_write_and_read_any_bytes(self, dom0):
        for value in (b"", b"\0", b"a\0b\0\0", bytes(range(256)), b"x" * 2000):
            dom0.write("/x", value)
            assert dom0.read("/x") == value

    def test_write_makes_parents(self, dom0):
        dom0.write("/a/b/c", b"1")
        assert dom0.read("/a") == dom0.read("/a/b") == b""
        assert dom0.ls("/a/b") == ["c"]
        assert dom0.ls("/")[-1] == "a"

    def test_relative_paths_are_dom0s(self, dom0):
        dom0.write("x/y", b"1")
        assert dom0.read("/local/domain/0/x/y") == b"1"

    def test_mkdir(self, dom0):
        dom0.mkdir("/a/b")
        assert (dom0.read("/a/b"), dom0.ls("/a")) == (b"", ["b"])
        dom0.write("/a/b", b"kept")
        dom0.mkdir("/a/b")
        assert dom0.read("/a/b") == b"kept"

    def test_rm(self, dom0):
        dom0.write("/a/b/c", b"1")
        dom0.write("/a/d")
        dom0.rm("/a/b")
        assert dom0.ls("/a") == ["d"]
        with says("ENOENT"):
            dom0.read("/a/b/c")

    def test_rm_of_what_is_not_there(self, dom0):
        dom0.write("/a")
        dom0.rm("/a/nothing")
        with says("ENOENT"):
            dom0.rm("/a/nothing/more")
        with says("EINVAL"):
            dom0.rm("/")

    def test_rm_of_a_deep_tree(self, dom0, machine):
        dom0.write("/d" + "/x" * 1500)
        dom0.rm("/d")
        machine.store.check()

    def test_children_are_in_the_order_of_their_making(self, dom0):
        for name in "cabd":
            dom0.write(f"/o/{name}")
        dom0.rm("/o/a")
        dom0.write("/o/a")
        assert dom0.ls("/o") == ["c", "b", "d", "a"]

    @pytest.mark.parametrize("kind", [READ, DIRECTORY, GET_PERMS])
    def test_absent(self, dom0, kind):
        with says("ENOENT"):
            dom0.ask(kind, "/nothing")


BAD_PATHS = ["", "//", "/a/", "/a//b", "a/", "/a b", "/a.b", "/ä", "/a\n", "@introduceDomain/"]


class TestSyntax:
    @pytest.mark.parametrize("path", BAD_PATHS)
    @pytest.mark.parametrize("kind", [READ, DIRECTORY, GET_PERMS, WRITE, MKDIR, RM])
    def test_bad_path(self, dom0, kind, path):
        with says("EINVAL"):
            dom0.ask(kind, path)

    def test_good_paths(self, dom0):
        for path in ("/a-b_c@d", "/A/0/z", "/@x", "-"):
            dom0.write(path, b"1")
            assert dom0.read(path) == b"1"

    @pytest.mark.parametrize("kind", [READ, DIRECTORY, MKDIR, RM, WRITE])
    def test_special_nodes_are_not_nodes(self, dom0, kind):
        with says("EINVAL"):
            dom0.ask(kind, "@releaseDomain")

    @pytest.mark.parametrize("kind", [READ, DIRECTORY, GET_PERMS, MKDIR, RM])
    @pytest.mark.parametrize("payload", [b"", b"/", b"/\0\0", b"/\0x", b"/\0/\0"])
    def test_exactly_one_string(self, dom0, kind, payload):
        with says("EINVAL"):
            dom0.transact(kind, payload)

    def test_write_needs_a_nul(self, dom0):
        with says("EINVAL"):
            dom0.transact(WRITE, b"/x")
        dom0.transact(WRITE, b"/x\0")

    @pytest.mark.parametrize("kind", [EVENT, ERROR, 20, 23, 24, 25, 26, 27, 0xFFFF, 0xFFFF_FFFF])
    def test_unknown_type(self, dom0, kind):
        with says("ENOSYS"):
            dom0.ask(kind, "/")

    def test_unknown_transaction(self, dom0):
        with says("ENOENT"):
            dom0.read("/", tx=5)

    def test_privileged_paths_have_no_limit_but_the_payload(self, dom0):
        long = "/" + "x" * 4094
        dom0.write(long)
        assert dom0.read(long) == b""

    def test_4_17_has_one_limit_for_all(self):
        dom0 = Client(Machine(xen=(4, 17)).dom0)
        dom0.write("/" + "x" * 2047)
        with says("EINVAL"):
            dom0.write("/" + "x" * 2048)
        dom0.write("/local/domain/0/" + "x" * 2048)
        with says("EINVAL"):
            dom0.write("/local/domain/0/" + "x" * 2049)


class TestDirectoryPart:
    @staticmethod
    def parts(client, path):
        found, offset = b"", 0
        generations = set()
        while True:
            data = client.ask(DIRECTORY_PART, path, str(offset))
            generation, _, chunk = data.partition(b"\0")
            generations.add(int(generation))
            assert len(data) <= 4096
            if chunk.endswith(b"\0\0") or chunk == b"\0":
                return found + chunk[:-1], generations
            assert chunk
            assert chunk.endswith(b"\0")
            found += chunk
            offset += len(chunk)

    @pytest.mark.parametrize("count", [0, 1, 5, 400, 1000])
    def test_any_size(self, dom0, count):
        dom0.write("/big")
        names = [f"child-{number}" for number in range(count)]
        for name in names:
            dom0.write(f"/big/{name}")
        found, generations = self.parts(dom0, "/big")
        assert found == b"".join(name.encode() + b"\0" for name in names)
        assert len(generations) == 1
        if len(found) > 4096:
            with says("E2BIG"):
                dom0.ls("/big")
        else:
            assert dom0.ls("/big") == names

    def test_the_longest_reply(self, dom0):
        # 4096 bytes of names fit DIRECTORY and, with a generation, no longer one part.
        for number in range(16):
            dom0.write(f"/full/{number:0255}")
        assert len(dom0.ls("/full")) == 16
        dom0.write("/full/x")
        with says("E2BIG"):
            dom0.ls("/full")

    def test_the_generation_tells_of_changes(self, dom0):
        dom0.write("/g/a")

        def generation():
            return dom0.ask(DIRECTORY_PART, "/g", "0").split(b"\0")[0]

        before = generation()
        dom0.write("/g/a", b"1")
        assert generation() == before
        dom0.write("/g/b")
        after = generation()
        assert after != before
        dom0.rm("/g/b")
        assert generation() not in (before, after)

    def test_offsets(self, dom0):
        dom0.write("/o/abc")
        generation = dom0.ask(DIRECTORY_PART, "/o", "0").split(b"\0")[0]
        expected = {"0": b"abc\0\0", "1": b"bc\0\0", "4": b"\0", "99": b"\0", "-1": b"\0", " 1": b"bc\0\0"}
        expected["x"] = expected["0"]
        for offset, rest in expected.items():
            assert dom0.ask(DIRECTORY_PART, "/o", offset) == generation + b"\0" + rest

    @pytest.mark.parametrize("payload", [b"", b"/\0", b"/\x000\0\0", b"/\x000"])
    def test_two_strings(self, dom0, payload):
        with says("EINVAL"):
            dom0.transact(DIRECTORY_PART, payload)


class TestPermissions:
    def test_a_guest_owns_its_nodes(self, dom0, inside):
        inside.write("data/a/b", b"1")
        assert dom0.read(f"{HOME}/a/b") == b"1"
        assert dom0.perms(f"{HOME}/a") == dom0.perms(f"{HOME}/a/b") == ["n1"]

    def test_nodes_of_others(self, dom0, inside):
        assert inside.read("name") == b"demo"
        with says("EACCES"):
            inside.write("name", b"x")
        with says("EACCES"):
            inside.read("/local/domain/2/name")
        with says("EACCES"):
            inside.ls("/")

    def test_absence_is_no_secret_where_the_parent_is_none(self, dom0, inside):
        with says("ENOENT"):
            inside.read("nothing")
        with says("EACCES"):
            inside.read("/local/domain/2/nothing")
        with says("EACCES"):
            inside.read("/nothing")
        with says("ENOENT"):
            inside.read("data/deep/down")
        with says("EACCES"):
            inside.write("nothing")
        with says("EACCES"):
            inside.rm("nothing")

    @pytest.mark.parametrize(
        ("entries", "readable", "writable"),
        [
            (["n0"], False, False),
            (["r0"], True, False),
            (["w0"], False, True),
            (["b0"], True, True),
            (["n0", "r1"], True, False),
            (["n0", "w1"], False, True),
            (["n0", "b1"], True, True),
            (["b0", "n1"], False, False),
            (["r0", "w1"], False, True),
            (["n0", "r2", "b1"], True, True),
            (["n0", "r1", "b1"], True, False),
            (["r0", "n2"], True, False),
            (["n1"], True, True),
            (["n1", "n1"], True, True),
        ],
    )
    def test_who_may(self, dom0, inside, entries, readable, writable):
        dom0.write("/shared", b"old")
        dom0.set_perms("/shared", *entries)
        assert dom0.perms("/shared") == entries
        for allowed, call in (
            (readable, lambda: inside.read("/shared")),
            (readable, lambda: inside.ls("/shared")),
            (readable, lambda: inside.perms("/shared")),
            (writable, lambda: inside.write("/shared", b"new")),
            (writable, lambda: inside.mkdir("/shared")),
        ):
            if allowed:
                call()
            else:
                with says("EACCES"):
                    call()
        assert dom0.read("/shared") == (b"new" if writable else b"old")

    def test_new_nodes_inherit_and_the_maker_owns_them(self, dom0, inside):
        dom0.mkdir("/shared")
        dom0.set_perms("/shared", "r0", "b1", "r2")
        inside.write("/shared/mine/x")
        assert dom0.perms("/shared/mine") == dom0.perms("/shared/mine/x") == ["r1", "b1", "r2"]
        dom0.write("/shared/dom0s")
        assert dom0.perms("/shared/dom0s") == ["r0", "b1", "r2"]

    def test_only_the_owner_sets_them(self, dom0, inside):
        dom0.mkdir("/shared")
        dom0.set_perms("/shared", "b0", "b1")
        with says("EACCES"):
            inside.set_perms("/shared", "b0", "b1")
        inside.write("data/x")
        inside.set_perms("data/x", "r1", "w2")
        assert dom0.perms(f"{HOME}/x") == ["r1", "w2"]
        with says("EPERM"):
            inside.set_perms("data/x", "n2")
        dom0.set_perms(f"{HOME}/x", "n0")
        with says("EACCES"):
            inside.read("data/x")

    @pytest.mark.parametrize("text", ["", "r", "x1", "1", "r 1x", "rr1", "r1x", "r0x", "r08", "R1"])
    def test_bad_entries(self, dom0, text):
        dom0.mkdir("/x")
        with says("EINVAL"):
            dom0.set_perms("/x", "n0", text)
        assert dom0.perms("/x") == ["n0"]

    def test_numbers_are_read_as_strtol_does(self, dom0):
        dom0.mkdir("/x")
        dom0.set_perms("/x", "n0", "r0x1", "w02", "b +1")
        assert dom0.perms("/x") == ["n0", "r1", "w2", "b1"]
        dom0.set_perms("/x", "n0", "r-1")
        assert dom0.perms("/x") == ["n0", "r-1"]

    def test_missing_list(self, dom0):
        for payload in (b"", b"/x", b"/x\0", b"/x\0n0"):
            with says("EINVAL"):
                dom0.transact(SET_PERMS, payload)

    def test_absent_domains(self, dom0):
        dom0.mkdir("/x")
        with says("ENOENT"):
            dom0.set_perms("/x", "n77")
        dom0.set_perms("/x", "n0", "r77")
        assert dom0.perms("/x") == ["n0", "r77"]

    def test_a_later_domain_does_not_inherit_its_numbers_rights(self, machine, dom0):
        dom0.write("/x", b"secret")
        dom0.set_perms("/x", "n0", "r3")
        machine.add_domain(domid=3, memory=1 << 20)
        third = guest_of(machine, 3)
        with says("EACCES"):
            third.read("/x")
        dom0.set_perms("/x", "n0", "r3")
        assert third.read("/x") == b"secret"
        machine.domains[3].destroy()
        machine.add_domain(domid=3, memory=1 << 20)
        with says("EACCES"):
            guest_of(machine, 3).read("/x")
        assert dom0.perms("/x") == ["n0", "r3"]

    def test_special_nodes(self, dom0, inside):
        assert dom0.perms("@releaseDomain") == ["n0"]
        with says("EACCES"):
            inside.perms("@releaseDomain")
        dom0.set_perms("@releaseDomain", "n0", "r1")
        assert inside.perms("@releaseDomain") == ["n0", "r1"]
        with says("ENOENT"):
            dom0.perms("@nothing")

    def test_target(self, machine, dom0, inside):
        with says("EACCES"):
            inside.write("/local/domain/2/data", b"x")
        dom0.ask(SET_TARGET, "1", "2")
        inside.write("/local/domain/2/data", b"x")
        dom0.mkdir("/shared")
        dom0.set_perms("/shared", "n0", "r2")
        inside.read("/shared")
        with says("EACCES"):
            inside.write("/shared")

    def test_domid_any_is_4_22s(self, dom0):
        machine = Machine(xen=(4, 22))
        new = Client(machine.dom0)
        assert new.perms("@releaseDomain") == ["n0", "r32757"]
        new.write("/x", b"1")
        new.set_perms("/x", "n0", "r32757")
        assert guest_of(machine).read("/x") == b"1"


class TestPrivilege:
    @pytest.mark.parametrize("kind", [CONTROL, INTRODUCE, RELEASE, IS_INTRODUCED, RESUME, SET_TARGET])
    def test_not_for_guests(self, inside, kind):
        with says("EACCES"):
            inside.ask(kind, "1", "1", "1")

    def test_even_before_the_transaction_is_looked_at(self, machine):
        inside = guest_of(machine)
        tx = inside.start()
        with says("EACCES"):
            inside.ask(CONTROL, "help", tx=tx)

    def test_new_types(self):
        machine = Machine(xen=(4, 21))
        inside, dom0 = guest_of(machine), Client(machine.dom0)
        for kind in (GET_FEATURE, SET_FEATURE):
            with says("EACCES"):
                inside.ask(kind, "1", "0")
        for kind in (GET_QUOTA, SET_QUOTA):
            with says("ENOSYS"):
                inside.ask(kind)
            with says("ENOSYS"):
                dom0.ask(kind)


def owned(machine, domid=1):
    return machine.store.domains[domid].entries


class TestLimits:
    """Each at its limit, and one past it; dom0 has none."""

    def test_node_size(self, dom0, inside):
        # 16 bytes of header, 8 for each permission.
        inside.write("data/x", b"v" * (2048 - 24))
        with says("ENOSPC"):
            inside.write("data/x", b"v" * (2048 - 23))
        with says("ENOSPC"):
            inside.write("data/new/y", b"v" * (2048 - 23))
        with says("ENOENT"):
            inside.read("data/new")
        dom0.write("/x", b"v" * 4093)

    def test_node_size_counts_children_and_permissions(self, dom0, inside):
        inside.write("data/x", b"v" * (2048 - 24 - 4))
        inside.write("data/x/abc")
        with says("ENOSPC"):
            inside.write("data/x/d")
        with says("ENOENT"):
            inside.read("data/x/d")
        with says("ENOSPC"):
            inside.set_perms("data/x", "n1", "r2")

    def test_node_size_of_4_17(self):
        inside = guest_of(Machine(xen=(4, 17)))
        inside.write("data/x", b"v" * (2047 - 24))
        with says("ENOSPC"):
            inside.write("data/x", b"v" * (2048 - 24))

    def test_nodes(self, machine, dom0, inside):
        for number in range(9):
            inside.mkdir(f"data/{number}")
        start = owned(machine)
        for number in range(1000 - start):
            inside.mkdir(f"data/{number % 9}/{number}")
        assert owned(machine) == 1000
        for path in ("data/0/more", "data/0/more/still"):
            with says("ENOSPC"):
                inside.mkdir(path)
        inside.write("data/0", b"x")
        inside.rm("data/0/0")
        with says("ENOSPC"):
            inside.mkdir("data/0/two/levels")
        assert owned(machine) == 999
        inside.mkdir("data/0/0")
        machine.store.check()

    def test_nodes_at_the_end_of_a_transaction_are_one_fewer(self, machine, dom0, inside):
        for number in range(9):
            inside.mkdir(f"data/{number}")
        for number in range(999 - owned(machine)):
            inside.mkdir(f"data/{number % 9}/{number}")
        tx = inside.start()
        inside.mkdir("data/0/last", tx=tx)
        with says("ENOSPC"):
            inside.end(tx)
        inside.mkdir("data/0/last")
        assert owned(machine) == 1000

    def test_permissions_per_node(self, dom0, inside):
        inside.set_perms("data", "n1", "r0", "r0", "r0", "r0")
        with says("ENOSPC"):
            inside.set_perms("data", "n1", "r0", "r0", "r0", "r0", "r0")
        # The list is too long even where it is wrong.
        with says("ENOSPC"):
            inside.set_perms("data", "x", "x", "x", "x", "x", "x")
        dom0.set_perms(HOME, *["n1"] * 50)

    def test_path_length(self, inside):
        # Not counted: what comes before a domain's own part.
        with says("ENOENT"):
            inside.read("data/" + "x" * (2048 - 5))
        with says("EINVAL"):
            inside.read("data/" + "x" * (2048 - 4))
        with says("EACCES"):
            inside.read("/" + "x" * 2047)
        with says("EINVAL"):
            inside.read("/" + "x" * 2048)

    def test_transactions(self, machine, dom0, inside):
        # 4.20 looks before it counts: 11, not 10.
        numbers = [inside.start() for _ in range(11)]
        with says("ENOSPC"):
            inside.start()
        inside.end(numbers[0], "F")
        inside.start()
        assert len({dom0.start() for _ in range(50)}) == 50

    def test_transaction_nodes(self, inside, dom0):
        tx = inside.start()
        for number in range(1023):
            with says("ENOENT"):
                inside.read(f"data/{number}", tx=tx)
        # These, absent, and "data", which was asked whether that may be told: 1024.
        inside.read("data", tx=tx)
        with says("ENOSPC"):
            inside.read("name", tx=tx)
        with says("ENOMEM"):
            inside.end(tx)

    def test_can_be_set(self, machine, inside):
        machine.store.quotas.hard["node-size"] = 100
        inside.write("data/x", b"v" * 76)
        with says("ENOSPC"):
            inside.write("data/x", b"v" * 77)

    def test_4_22_counts_otherwise(self):
        inside = guest_of(Machine(xen=(4, 22)))
        for _ in range(9):
            inside.start()
        with says("ENOSPC"):
            inside.start()
        inside.write("data/x", b"v" * (2047 - 24))
        with says("ENOSPC"):
            inside.write("data/x", b"v" * (2048 - 24))


class TestToolstack:
    def test_conveniences(self, machine, dom0):
        store = machine.store
        store.write("/a/b", "text")
        assert (store.read("/a/b"), store.ls("/a")) == (b"text", ["b"])
        store.set_permissions("/a/b", "r0", "b1")
        assert store.permissions("/a/b") == dom0.perms("/a/b") == ["r0", "b1"]
        store.rm("/a")
        with pytest.raises(KeyError):
            store.read("/a")
        with pytest.raises(SimulatorMisuse, match="EINVAL"):
            store.write("/a//b")
        assert "alive" in repr(store)

    def test_no_xen_no_store(self):
        with pytest.raises(SimulatorMisuse):
            _ = Machine(xen=None).store

    def test_4_22_depth_is_a_gap(self):
        with pytest.raises(SimulatorGap):
            Client(Machine(xen=(4, 22)).dom0).ask(4, "/", "t", "1")


def test_header_is_echoed(dom0):
    dom0.raw(struct.pack("<4I", READ, 0xDEAD_BEEF, 0, 2) + b"/\0")
    assert dom0.messages() == [(READ, 0xDEAD_BEEF, 0, b"")]
    dom0.raw(struct.pack("<4I", READ, 1, 77, 2) + b"/\0")
    assert dom0.messages() == [(ERROR, 1, 77, b"ENOENT\0")]
