"""The simulated xenstored: transactions, their conflicts, and what is seen when."""

from __future__ import annotations

import pytest
from storeraw import END, RESET_WATCHES, START, Client, guest_of, says

from xensys.sim import SimulatorGap


@pytest.fixture
def other(machine):
    return Client(machine.dom0)


class TestIsolation:
    def test_changes_show_at_the_end(self, dom0, other):
        dom0.write("/a", b"old")
        tx = dom0.start()
        dom0.write("/a", b"new", tx=tx)
        dom0.write("/b/c", b"made", tx=tx)
        assert (dom0.read("/a", tx=tx), dom0.read("/b/c", tx=tx)) == (b"new", b"made")
        assert dom0.ls("/b", tx=tx) == ["c"]
        for client in (dom0, other):
            assert client.read("/a") == b"old"
            with says("ENOENT"):
                client.read("/b/c")
        dom0.end(tx)
        assert (other.read("/a"), other.read("/b/c")) == (b"new", b"made")

    def test_abort(self, dom0):
        dom0.write("/a", b"old")
        tx = dom0.start()
        dom0.write("/a", b"new", tx=tx)
        dom0.rm("/tool/xenstored", tx=tx)
        dom0.end(tx, "F")
        assert dom0.read("/a") == b"old"
        dom0.read("/tool/xenstored")

    def test_removal(self, dom0):
        dom0.write("/a/b/c")
        tx = dom0.start()
        dom0.rm("/a/b", tx=tx)
        with says("ENOENT"):
            dom0.read("/a/b/c", tx=tx)
        assert dom0.ls("/a", tx=tx) == []
        assert dom0.ls("/a") == ["b"]
        dom0.end(tx)
        assert dom0.ls("/a") == []

    def test_made_and_removed_in_between(self, dom0):
        tx = dom0.start()
        dom0.write("/a/b", tx=tx)
        dom0.rm("/a", tx=tx)
        dom0.end(tx)
        with says("ENOENT"):
            dom0.read("/a")

    def test_removed_and_made_again(self, dom0):
        dom0.write("/a/b", b"1")
        tx = dom0.start()
        dom0.rm("/a", tx=tx)
        dom0.write("/a", b"2", tx=tx)
        dom0.end(tx)
        assert (dom0.read("/a"), dom0.ls("/a")) == (b"2", [])

    def test_permissions(self, dom0, machine):
        dom0.write("/a", b"1")
        tx = dom0.start()
        dom0.set_perms("/a", "n0", "r1", tx=tx)
        inside = guest_of(machine)
        with says("EACCES"):
            inside.read("/a")
        dom0.end(tx)
        assert inside.read("/a") == b"1"

    def test_what_was_read_stays(self, dom0, other):
        dom0.write("/a", b"1")
        tx = dom0.start()
        assert dom0.read("/a", tx=tx) == b"1"
        other.write("/a", b"2")
        assert dom0.read("/a", tx=tx) == b"1"

    def test_what_was_not_read_does_not(self, dom0, other):
        """No snapshot is taken: a node counts from when it is first touched."""
        dom0.write("/a", b"1")
        tx = dom0.start()
        other.write("/a", b"2")
        assert dom0.read("/a", tx=tx) == b"2"
        dom0.end(tx)


def conflict(client, tx):
    with says("EAGAIN"):
        client.end(tx)
    with says("ENOENT"):
        client.end(tx)


class TestConflicts:
    """Each: what the transaction touches, what somebody else does before it ends."""

    def test_read_and_written_outside(self, dom0, other):
        dom0.write("/a")
        tx = dom0.start()
        dom0.read("/a", tx=tx)
        other.write("/a", b"2")
        conflict(dom0, tx)

    def test_the_same_value_is_a_change(self, dom0, other):
        dom0.write("/a", b"1")
        tx = dom0.start()
        dom0.read("/a", tx=tx)
        other.write("/a", b"1")
        conflict(dom0, tx)

    def test_written_only(self, dom0, other):
        dom0.write("/a")
        tx = dom0.start()
        dom0.write("/a", b"mine", tx=tx)
        other.write("/a", b"theirs")
        conflict(dom0, tx)
        assert dom0.read("/a") == b"theirs"

    def test_absent_and_made_outside(self, dom0, other):
        tx = dom0.start()
        with says("ENOENT"):
            dom0.read("/a", tx=tx)
        other.write("/a")
        conflict(dom0, tx)

    def test_removed_outside(self, dom0, other):
        dom0.write("/a")
        tx = dom0.start()
        dom0.read("/a", tx=tx)
        other.rm("/a")
        conflict(dom0, tx)

    def test_removed_and_made_again_outside(self, dom0, other):
        dom0.write("/a", b"1")
        tx = dom0.start()
        dom0.read("/a", tx=tx)
        other.rm("/a")
        other.write("/a", b"1")
        conflict(dom0, tx)

    def test_listed_and_a_child_made_outside(self, dom0, other):
        dom0.write("/a/b")
        tx = dom0.start()
        dom0.ls("/a", tx=tx)
        other.write("/a/c")
        conflict(dom0, tx)

    def test_permissions_changed_outside(self, dom0, other):
        dom0.write("/a")
        tx = dom0.start()
        dom0.perms("/a", tx=tx)
        other.set_perms("/a", "n0", "r1")
        conflict(dom0, tx)

    def test_new_siblings_conflict_at_their_parent(self, dom0, other):
        dom0.mkdir("/a")
        tx = dom0.start()
        dom0.write("/a/mine", tx=tx)
        other.write("/a/theirs")
        conflict(dom0, tx)

    def test_what_does_not(self, dom0, other):
        for name in "abcd":
            dom0.write(f"/{name}/x")
        tx = dom0.start()
        dom0.read("/a/x", tx=tx)
        dom0.write("/b/x", b"1", tx=tx)
        other.read("/a/x")
        other.write("/c/x", b"2")
        other.write("/a/y")  # another child: "/a" itself was not touched
        other.write("/d/new/deep")
        other.end(other.start())
        dom0.end(tx)
        assert dom0.read("/b/x") == b"1"

    def test_an_aborted_one_never_does(self, dom0, other):
        dom0.write("/a")
        tx = dom0.start()
        dom0.write("/a", tx=tx)
        other.write("/a")
        dom0.end(tx, "F")

    def test_own_writes_outside_of_it_count_too(self, dom0):
        dom0.write("/a")
        tx = dom0.start()
        dom0.read("/a", tx=tx)
        dom0.write("/a")
        conflict(dom0, tx)

    def test_the_first_to_end_wins(self, dom0, other):
        dom0.write("/a", b"0")
        one, two = dom0.start(), other.start()
        dom0.write("/a", b"1", tx=one)
        other.write("/a", b"2", tx=two)
        other.end(two)
        conflict(dom0, one)
        assert dom0.read("/a") == b"2"

    def test_two_that_cross(self, dom0, other):
        dom0.write("/a")
        dom0.write("/b")
        one, two = dom0.start(), other.start()
        dom0.read("/a", tx=one)
        other.read("/b", tx=two)
        dom0.write("/b", b"1", tx=one)
        other.write("/a", b"2", tx=two)
        dom0.end(one)
        conflict(other, two)

    def test_two_readers(self, dom0, other):
        one, two = dom0.start(), other.start()
        dom0.read("/tool", tx=one)
        other.read("/tool", tx=two)
        dom0.end(one)
        other.end(two)

    def test_a_failed_permission_reads_its_ancestors(self, machine, dom0):
        inside = guest_of(machine)
        tx = inside.start()
        with says("ENOENT"):
            inside.read("data/deep/down", tx=tx)
        dom0.write("/local/domain/1/data", b"x")
        conflict(inside, tx)


class TestIdentifiers:
    def test_from_one_on(self, dom0, other):
        assert [dom0.start(), dom0.start()] == [1, 2]
        assert other.start() == 1

    def test_are_the_connections_own(self, dom0, other):
        tx = dom0.start()
        with says("ENOENT"):
            other.read("/", tx=tx)

    def test_skip_those_in_use_when_they_wrap(self, dom0, machine):
        conn = machine.store.connections[-1]
        assert dom0.start() == 1
        conn.next_transaction = 0xFFFF_FFFF
        assert [dom0.start(), dom0.start()] == [0xFFFF_FFFF, 2]

    def test_nested(self, dom0):
        tx = dom0.start()
        with says("EBUSY"):
            dom0.ask(START, "", tx=tx)
        dom0.end(tx)

    @pytest.mark.parametrize("payload", [b"", b"T", b"X\0", b"t\0", b"TT\0", b"T\0\0", b"\0"])
    def test_bad_end(self, dom0, payload):
        tx = dom0.start()
        with says("EINVAL"):
            dom0.transact(END, payload, tx=tx)
        dom0.end(tx)

    def test_end_of_none(self, dom0):
        with says("ENOENT"):
            dom0.end(0)

    def test_end_with_the_connection(self, machine, dom0):
        gone = Client(machine.dom0)
        tx = gone.start()
        gone.write("/a", tx=tx)
        gone.close()
        with says("ENOENT"):
            dom0.read("/a")

    def test_reset(self, dom0):
        tx = dom0.start()
        dom0.ask(RESET_WATCHES)
        with says("ENOENT"):
            dom0.end(tx)

    def test_reset_inside_one_would_kill_the_daemon(self, dom0):
        tx = dom0.start()
        with pytest.raises(SimulatorGap):
            dom0.ask(RESET_WATCHES, tx=tx)


class TestAccounting:
    def test_counts_only_when_committed(self, machine, dom0):
        inside = guest_of(machine)
        entries = machine.store.domains[1]
        before = entries.entries
        for verdict, more in (("F", 0), ("T", 3)):
            tx = inside.start()
            inside.write("data/a/b/c", tx=tx)
            assert entries.entries == before
            inside.end(tx, verdict)
            assert entries.entries == before + more
        tx = inside.start()
        inside.rm("data/a/b", tx=tx)
        inside.end(tx)
        assert entries.entries == before + 1

    def test_a_refused_request_counts_nothing(self, machine, dom0):
        inside = guest_of(machine)
        before = machine.store.domains[1].entries
        tx = inside.start()
        with says("ENOSPC"):
            inside.write("data/a/b", b"x" * 3000, tx=tx)
        with says("ENOMEM"):
            inside.end(tx)
        assert machine.store.domains[1].entries == before

    def test_change_of_owner(self, machine, dom0):
        before = machine.store.domains[2].entries
        tx = dom0.start()
        dom0.write("/a", tx=tx)
        dom0.set_perms("/a", "n2", tx=tx)
        assert machine.store.domains[2].entries == before
        dom0.end(tx)
        assert machine.store.domains[2].entries == before + 1

    def test_fewer_nodes_than_none(self, machine, dom0):
        """What 4.20 makes of a removal that others have made already: not EAGAIN."""
        for created, name in ((False, "ENOMEM"), (True, "ENOSPC")):
            dom0.write("/a/b")
            dom0.set_perms("/a/b", "n2")
            others = machine.store.domains[2].entries - 1
            dom0.set_perms("/a", "n0", "b1")
            inside = guest_of(machine)
            client = inside if created else dom0
            dom0.set_perms("/a/b", "n2", "b1")
            tx = client.start()
            if created:
                client.write("/a/c", tx=tx)
            client.rm("/a/b", tx=tx)
            dom0.rm("/a/b")
            machine.store.domains[2].entries -= others
            with says(name):
                client.end(tx)
            machine.store.domains[2].entries += others

    def test_a_family_that_was_never_one(self, dom0, other):
        """Nodes seen at different times need not fit together: EIO, EINVAL, and a conflict at the end."""
        dom0.write("/a/b")
        tx = dom0.start()
        dom0.read("/a/b", tx=tx)
        other.rm("/a/b")
        dom0.ls("/a", tx=tx)
        with says("EIO"):
            dom0.rm("/a/b", tx=tx)
        conflict(dom0, tx)

        tx = dom0.start()
        with says("ENOENT"):
            dom0.read("/a/b", tx=tx)
        other.rm("/a")
        other.write("/a/b")
        assert dom0.ls("/a", tx=tx) == []  # "/a" was looked at as well

        tx = dom0.start()
        dom0.read("/a/b", tx=tx)
        other.rm("/a")
        with says("ENOENT"):
            dom0.read("/a", tx=tx)
        with says("EINVAL"):
            dom0.rm("/a/b", tx=tx)
