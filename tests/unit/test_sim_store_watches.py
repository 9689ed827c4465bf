"""The simulated xenstored: watches, what they are told, and in what order."""

from __future__ import annotations

import os

import pytest
from storeraw import (
    EVENT,
    RESET_WATCHES,
    SET_PERMS,
    UNWATCH,
    WATCH,
    WRITE,
    XENBUS,
    Client,
    guest_of,
    packed,
    says,
)

from xensys.sim import Machine

HOME = "/local/domain/1"


@pytest.fixture
def watcher(machine):
    return Client(machine.dom0)


class TestSetting:
    def test_fires_once_at_once_after_the_reply(self, dom0):
        dom0.raw(packed(WATCH, b"/nothing\0tok\0", req=9))
        assert dom0.messages() == [(WATCH, 9, 0, b"OK\0"), (EVENT, 0, 0, b"/nothing\0tok\0")]

    def test_same_path_and_token_only_once(self, dom0):
        dom0.watch("/a", "t")
        with says("EEXIST"):
            dom0.watch("/a", "t")
        dom0.watch("/a", "u")
        dom0.watch("/b", "t")
        with says("EEXIST"):
            dom0.watch("/a", "u")

    def test_a_relative_path_is_the_same_watch(self, dom0):
        dom0.watch("a", "t")
        with says("EEXIST"):
            dom0.watch("/local/domain/0/a", "t")
        assert dom0.take() == ["a t"]

    def test_others_have_their_own(self, dom0, watcher):
        dom0.watch("/a", "t")
        watcher.watch("/a", "t")

    @pytest.mark.parametrize("kind", [WATCH, UNWATCH])
    @pytest.mark.parametrize("payload", [b"", b"/a", b"/a\0", b"/a\0t", b"/a\0t\0\0", b"/a\0t\0x\0"])
    def test_two_strings(self, dom0, kind, payload):
        with says("EINVAL"):
            dom0.transact(kind, payload)

    def test_what_follows_the_last_nul_is_ignored(self, dom0):
        dom0.transact(WATCH, b"/a\0t\0rest")
        dom0.transact(UNWATCH, b"/a\0t\0rest")

    @pytest.mark.parametrize("path", ["", "/a/", "//", "/a b"])
    def test_bad_path(self, dom0, path):
        with says("EINVAL"):
            dom0.watch(path, "t")

    def test_empty_token(self, dom0):
        dom0.watch("/a", "")
        assert dom0.take() == ["/a "]

    def test_taken_back(self, dom0):
        dom0.watch("/a", "t")
        dom0.ask(UNWATCH, "/a", "t")
        dom0.take()
        dom0.write("/a")
        assert dom0.take() == []
        for path, token in (("/a", "t"), ("/b", "t")):
            with says("ENOENT"):
                dom0.ask(UNWATCH, path, token)

    def test_transaction_is_ignored(self, dom0):
        assert dom0.ask(WATCH, "/a", "t", tx=77) == b"OK\0"
        assert dom0.ask(UNWATCH, "/a", "t", tx=77) == b"OK\0"

    def test_reset(self, dom0):
        dom0.watch("/a", "t")
        dom0.ask(RESET_WATCHES, "")
        dom0.take()
        dom0.write("/a")
        assert dom0.take() == []

    def test_guests_have_a_limit(self, machine):
        inside = guest_of(machine)
        # 4.20 looks before it counts.
        for number in range(129):
            inside.watch("data", str(number))
        with pytest.raises(OSError, match="Argument list too long"):
            inside.watch("data", "more")
        inside.ask(UNWATCH, "data", "0")
        inside.watch("data", "more")
        dom0 = Client(machine.dom0)
        for number in range(200):
            dom0.watch("/a", str(number))

    def test_limit_of_4_22(self):
        inside = guest_of(Machine(xen=(4, 22)))
        for number in range(127):
            inside.watch("data", str(number))
        with pytest.raises(OSError, match="No space left"):
            inside.watch("data", "more")


class TestEvents:
    @pytest.fixture
    def told(self, watcher):
        """Events of a watch on /w."""
        watcher.watch("/w", "t")
        watcher.take()
        return watcher.take

    def test_what_happens(self, dom0, told):
        for call, events in (
            (lambda: dom0.write("/w/a/b"), ["/w/a/b t"]),
            (lambda: dom0.write("/w"), ["/w t"]),
            (lambda: dom0.mkdir("/w/c"), ["/w/c t"]),
            (lambda: dom0.mkdir("/w/c"), []),
            (lambda: dom0.set_perms("/w/c", "n0"), ["/w/c t"]),
            (lambda: dom0.read("/w/c"), []),
            (lambda: dom0.rm("/w/nothing"), []),
            (lambda: dom0.write("/wx"), []),
            (lambda: dom0.write("/"), []),
            (lambda: dom0.rm("/w/a"), ["/w/a t"]),
        ):
            call()
            assert told() == events

    def test_implied_parents_are_not_told_of(self, dom0, watcher):
        for path in ("/x", "/x/y", "/x/y/z"):
            watcher.watch(path, path)
        watcher.take()
        dom0.write("/x/y/z")
        assert watcher.take() == ["/x/y/z /x", "/x/y/z /x/y", "/x/y/z /x/y/z"]

    def test_removal_from_above(self, dom0, watcher):
        dom0.write("/w/a/b/c")
        dom0.write("/w/d")
        for path in ("/", "/w", "/w/a", "/w/a/b/c", "/w/a/x", "/w/d"):
            watcher.watch(path, path.replace("/", "."))
        watcher.take()
        dom0.rm("/w")
        # The deepest first; of absent ones nothing is said; above it only the top.
        assert watcher.take() == [
            "/w/a/b/c .w.a.b.c", "/w/a .w.a", "/w/d .w.d", "/w .", "/w .w",
        ]  # fmt: skip

    def test_relative(self, machine, dom0):
        inside = guest_of(machine)
        inside.watch("data", "rel")
        inside.watch(f"{HOME}/data", "abs")
        inside.take()
        dom0.write(f"{HOME}/data/x")
        assert inside.take() == ["data/x rel", f"{HOME}/data/x abs"]

    def test_root(self, dom0, watcher):
        watcher.watch("/", "t")
        watcher.take()
        dom0.write("/a/b")
        assert watcher.take() == ["/a/b t"]

    def test_ones_own_come_before_the_reply(self, dom0):
        dom0.watch("/w", "t")
        dom0.messages()
        dom0.raw(packed(WRITE, b"/w\0x", req=5))
        assert dom0.messages() == [(EVENT, 0, 0, b"/w\0t\0"), (WRITE, 5, 0, b"OK\0")]

    def test_order_is_that_of_the_watches(self, dom0, watcher):
        for token in "cab":
            watcher.watch("/w", token)
        watcher.take()
        dom0.write("/w")
        dom0.write("/w/x")
        assert watcher.take() == ["/w c", "/w a", "/w b", "/w/x c", "/w/x a", "/w/x b"]

    def test_long_events_are_not_sent(self, dom0, watcher):
        watcher.watch("/w", "t" * 1000)
        watcher.take()
        dom0.write("/w/" + "x" * 3080)
        assert len(watcher.take()) == 1
        dom0.write("/w/" + "x" * 3092)
        assert watcher.take() == []
        dom0.write("/w/" + "x" * 3091)
        assert len(watcher.take()) == 1

    def test_transactions_tell_at_the_end(self, dom0, told):
        dom0.write("/w/old/x")
        told()
        tx = dom0.start()
        dom0.write("/w/a", tx=tx)
        dom0.write("/w/b", tx=tx)
        dom0.write("/w/a", b"2", tx=tx)
        dom0.rm("/w/old", tx=tx)
        assert told() == []
        dom0.end(tx)
        # Each once, as first touched; "/w/old/x" is not watched itself.
        assert told() == ["/w/a t", "/w/b t", "/w/old t"]

    def test_aborted_ones_and_conflicts_tell_nothing(self, dom0, told):
        tx = dom0.start()
        dom0.write("/w/a", tx=tx)
        dom0.end(tx, "F")
        tx = dom0.start()
        dom0.write("/w/a", tx=tx)
        dom0.write("/w")
        told()
        with says("EAGAIN"):
            dom0.end(tx)
        assert told() == []

    def test_made_and_removed_in_a_transaction(self, dom0, told, watcher):
        tx = dom0.start()
        dom0.write("/w/a", tx=tx)
        dom0.rm("/w/a", tx=tx)
        dom0.end(tx)
        # To read it then is what decides, and there is nothing to read.
        assert told() == []

    def test_gone_with_their_connection(self, machine, dom0, watcher):
        watcher.watch("/w", "t")
        connections = len(machine.store.connections)
        watcher.close()
        assert len(machine.store.connections) == connections - 1
        dom0.write("/w")

    def test_gone_although_nobody_told_the_kernel(self, machine, dom0, watcher):
        watcher.watch("/w", "t")
        connections = len(machine.store.connections)
        os.close(watcher.fd)
        dom0.write("/w")
        assert len(machine.store.connections) == connections - 1


class TestPermissions:
    def test_only_what_may_be_read(self, machine, dom0):
        inside = guest_of(machine)
        for path in ("/secret", "/", "/local/domain/2/name"):
            inside.watch(path, "t")
        assert inside.take() == ["/secret t", "/ t", "/local/domain/2/name t"]
        dom0.write("/secret/x")
        dom0.write("/local/domain/2/name", b"x")
        assert inside.take() == []

    def test_a_readable_parent_suffices(self, machine, dom0):
        inside = guest_of(machine)
        dom0.write("/open/closed", b"1")
        dom0.set_perms("/open", "r0")
        inside.watch("/open", "t")
        inside.take()
        dom0.write("/open/closed", b"2")
        assert inside.take() == ["/open/closed t"]
        dom0.write("/open/closed/deeper")
        assert inside.take() == []

    def test_loss_is_told(self, machine, dom0):
        inside = guest_of(machine)
        dom0.write("/x/y")
        dom0.set_perms("/x/y", "r0")
        inside.watch("/x/y", "t")
        inside.take()
        dom0.set_perms("/x/y", "n0")
        assert inside.take() == ["/x/y t"]
        dom0.write("/x/y")
        assert inside.take() == []

    def test_loss_in_a_transaction_is_told(self, machine, dom0):
        inside = guest_of(machine)
        dom0.write("/x/y")
        dom0.set_perms("/x/y", "r0")
        inside.watch("/x/y", "t")
        inside.take()
        tx = dom0.start()
        dom0.set_perms("/x/y", "n0", tx=tx)
        dom0.end(tx)
        assert inside.take() == ["/x/y t"]

    def test_removal_of_what_could_be_read(self, machine, dom0):
        inside = guest_of(machine)
        dom0.write("/x/y")
        dom0.set_perms("/x/y", "r0")
        inside.watch("/x/y", "t")
        inside.take()
        dom0.rm("/x")
        assert inside.take() == ["/x/y t"]


class TestSpecial:
    def test_domains_come_and_go(self, machine, dom0):
        dom0.watch("@introduceDomain", "in")
        dom0.watch("@releaseDomain", "out")
        assert dom0.take() == ["@introduceDomain in", "@releaseDomain out"]
        domain = machine.add_domain(memory=1 << 20)
        assert dom0.take() == ["@introduceDomain in"]
        domain.destroy()
        assert dom0.take() == ["@releaseDomain out"]

    def test_shutdown_is_told_once(self, machine, dom0):
        dom0.watch("@releaseDomain", "out")
        dom0.take()
        domain = machine.domains[1]
        domain.shutdown()
        domain.shutdown()
        assert dom0.take() == ["@releaseDomain out"]
        dom0.ask(18, "1")  # RESUME
        domain.shutdown()
        domain.destroy()
        assert dom0.take() == ["@releaseDomain out"] * 2

    def test_are_no_parents_of_anything(self, machine, dom0):
        dom0.watch("/", "root")
        dom0.take()
        machine.store.quotas.hard["nodes"] = 1000
        dom0.ask(SET_PERMS, "@releaseDomain", "n0")
        # "/" is above everything in name, even of special nodes.
        assert dom0.take() == ["@releaseDomain root"]

    def test_guests_only_if_they_are_let(self, machine, dom0):
        inside = guest_of(machine)
        inside.watch("@releaseDomain", "out")
        inside.take()
        machine.add_domain(memory=1 << 20).destroy()
        assert inside.take() == []
        dom0.set_perms("@releaseDomain", "n0", "r1")
        inside.take()
        machine.add_domain(memory=1 << 20).destroy()
        assert inside.take() == ["@releaseDomain out"]

    def test_4_22_names_the_domain_too(self):
        machine = Machine(xen=(4, 22))
        dom0 = Client(machine.dom0, XENBUS)
        dom0.watch("@releaseDomain/2", "two")
        dom0.watch("@releaseDomain", "any")
        dom0.take()
        machine.domains[1].destroy()
        assert dom0.take() == ["@releaseDomain any"]
        machine.domains[2].destroy()
        assert dom0.take() == ["@releaseDomain any", "@releaseDomain/2 two"]


class TestDuplicates:
    def test_two_watches_that_say_the_same_say_it_once(self, dom0, watcher):
        watcher.watch("/w", "t")
        watcher.watch("/w/x", "t")
        watcher.take()
        dom0.write("/w/x")
        assert watcher.take() == ["/w/x t"]

    def test_an_event_that_waits_is_not_repeated(self, machine, dom0, watcher):
        watcher.watch("/w", "t")
        watcher.take()
        machine.store.hold()
        for _ in range(3):
            dom0.raw(packed(WRITE, b"/w\0x"))
        dom0.raw(packed(WRITE, b"/w/x\0x"))
        dom0.raw(packed(WRITE, b"/w\0x"))
        machine.store.let_go()
        assert watcher.take() == ["/w t", "/w/x t"]

    def test_special_ones_are(self, machine, watcher):
        watcher.watch("@introduceDomain", "t")
        watcher.take()
        machine.store.hold()
        for _ in range(3):
            machine.add_domain(memory=1 << 20)
        machine.store.let_go()
        assert watcher.take() == ["@introduceDomain t"] * 3
