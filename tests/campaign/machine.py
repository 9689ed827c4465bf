"""The campaign as a state machine of Hypothesis.

Most operations come in bursts, five bytes each: a draw per operation and
field would take longer than what is tested. Hypothesis makes them smaller as
it does any bytes, zeros being no operation at all. What is rare, or has a
boundary, is a rule of its own.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.campaign.play import Game, Player, Tally
from tests.campaign.tree import Permissions
from tests.campaign.worlds import World

__all__ = ["SETTINGS", "campaign"]

#: Games, and bursts in each. No deadline: emulated machines are slow, and busy hosts too.
SETTINGS = settings(
    max_examples=100,
    stateful_step_count=15,
    deadline=None,
    database=None,
    print_blob=True,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)

_NAMES = "abc"
_ONE = [f"/{a}" for a in _NAMES]
_TWO = [f"{a}/{b}" for a in _ONE for b in _NAMES]
_THREE = [f"{a}/{b}" for a in _TWO for b in _NAMES]
#: Where things happen: more of it near the top, where operations meet.
_PATHS = [*_ONE * 5, *_TWO * 3, *_THREE, "/a/b", "/a/b/c", "/a/b/c/d/e/f", "/A-Z_0@x", "/big", ""]
_VALUES = [b"", b"x", b"1", b"\0", b"\0\xff\0", "ünï".encode(), bytes(range(256)), b"y" * 1900]
_PERMISSIONS: list[Permissions] = [
    (("b", 0),), (("n", 0),), (("r", 0),), (("w", 0),), (("n", 0), ("b", 1)),
    (("n", 0), ("r", 1), ("w", 2)),
    (("n", 1),), (("r", 1),), (("w", 1), ("r", 2)), (("n", 2), ("r", 1), ("b", 1)), (("b", 2), ("n", 1)),
    (("b", 0), ("n", 77), ("r", 65535)), (("n", 77),), (("b", 77), ("b", 1)),
    (("n", 1), ("r", 2), ("r", 3), ("r", 4), ("r", 5)), (("n", 1), *(("r", n) for n in range(2, 7))),
]  # fmt: skip
_BAD_PATHS = (
    "", "//", "/a//b", "/a/", "a/", "/a b", "/ä", "/a\0b", "/a.b", "@releaseDomain", "/a:b", "/~", b"/\xff",
)  # fmt: skip

#: What a burst's operations are; a byte more or less often as it stands here.
_KINDS = (
    ["read"] * 30 + ["exists"] * 8 + ["directory"] * 16 + ["permissions"] * 12 + ["write"] * 48
    + ["mkdir"] * 16 + ["rm"] * 18 + ["set_permissions"] * 16 + ["begin"] * 16 + ["commit"] * 22
    + ["abort"] * 3 + ["watch"] * 14 + ["unwatch"] * 5 + ["look"] * 8 + ["read_tree"] * 2
)  # fmt: skip
_WIDTH = 5

players = st.integers(0, 59)
some_paths = st.sampled_from([*_ONE, "/a/b", "/a/b/c"])


class Campaign(RuleBasedStateMachine):
    """To be given a world and a tally; see `campaign`."""

    world: World
    tally: Tally
    game: Game

    @initialize(late_events=st.booleans(), codes=st.binary(min_size=40 * _WIDTH, max_size=100 * _WIDTH))
    def start(self, late_events: bool, codes: bytes) -> None:
        self.game = Game(self.world, self.tally, late_events=late_events, say=note)
        self.play(codes)

    def teardown(self) -> None:
        game = getattr(self, "game", None)
        if game is None:
            return
        try:
            if not game.over and not self.tally.enough:
                game.settle()
        finally:
            game.close()

    def player(self, number: int) -> Player:
        return self.game.players[number % len(self.game.players)]

    def path(self, number: int, player: Player, relative: int) -> str:
        path = self.game.top + _PATHS[number % len(_PATHS)]
        # Relative to dom0's home, where the top is.
        return path.removeprefix("/local/domain/0/") if relative % 4 == 3 and not player.who else path

    # Bursts

    @rule(codes=st.binary(min_size=60 * _WIDTH, max_size=160 * _WIDTH))
    def burst(self, codes: bytes) -> None:
        self.play(codes)

    def play(self, codes: bytes) -> None:
        for at in range(0, len(codes) - _WIDTH + 1, _WIDTH):
            self.one(*codes[at : at + _WIDTH])

    def one(self, kind: int, who: int, where: int, what: int, how: int) -> None:
        if not kind:
            return
        game, verb = self.game, _KINDS[kind % len(_KINDS)]
        player = self.player(who)
        number = who // len(game.players)
        if verb == "begin":
            game.begin(player)
        elif verb in ("commit", "abort"):
            game.end(player, number, commit=verb == "commit")
        elif verb == "look":
            game.look(player)
        elif verb == "unwatch":
            game.unwatch(player, number)
        elif verb == "watch":
            path = self.path(where, player, how)
            game.watch(player, ("@releaseDomain", "@introduceDomain")[where % 2] if how == 255 else path)
        else:
            self.node(player, number, verb, self.path(where, player, how), what, how)

    def node(self, player: Player, number: int, verb: str, path: str, what: int, how: int) -> None:
        game = self.game
        tx = None
        if player.open and how // 4 % 3:
            tx = player.open[number % len(player.open)]
        # The top is always there, and its rights stay.
        if verb in ("rm", "set_permissions") and path.endswith(game.top.rpartition("/")[2]):
            verb = "permissions"
        if verb == "write":
            value = _VALUES[what % 3 if what < 192 else what % len(_VALUES)]
            game.ask(player, tx, verb, path, value)
        elif verb == "set_permissions":
            if path.endswith("/big"):
                path = path.removesuffix("/big") + "/a"
            game.ask(player, tx, verb, path, _PERMISSIONS[what % len(_PERMISSIONS)])
        else:
            game.ask(player, tx, verb, path)
        game._tell()

    # Two who want the same

    @rule(
        one=players,
        other=players,
        reads=st.lists(st.sampled_from(_PATHS), max_size=3),
        writes=st.lists(st.sampled_from(_PATHS[:-2]), min_size=1, max_size=3),
        meanwhile=st.sampled_from(_PATHS[:-2]),
        removal=st.booleans(),
    )
    def race(
        self, one: int, other: int, reads: list[str], writes: list[str], meanwhile: str, removal: bool
    ) -> None:
        game, player, rival = self.game, self.player(one), self.player(other)
        if len(player.open) == 3:
            return
        game.begin(player)
        tx = player.open[-1]
        for path in reads:
            game.ask(player, tx, "read", game.top + path)
        if removal:
            game.ask(rival, None, "rm", game.top + meanwhile)
        else:
            game.ask(rival, None, "write", game.top + meanwhile, b"meanwhile")
        for path in writes:
            game.ask(player, tx, "write", game.top + path, b"race")
        game.end(player, len(player.open) - 1, commit=True)

    # Boundaries

    @rule(who=players, path=some_paths, spare=st.integers(-1, 1), inside=st.booleans())
    def message_of_4096(self, who: int, path: str, spare: int, inside: bool) -> None:
        player = self.player(who)
        full = self.game.top + path
        value = b"m" * (player.limit - len(full) - 1 + spare)
        tx = player.open[0] if inside and player.open else None
        self.game.ask(player, tx, "write", full, value)
        self.game.ask(self.player(who + 1), None, "read", full)

    @rule(who=players, path=some_paths, most=st.sampled_from([1900, 2048]), more=st.integers(-40, 2))
    def value_of_2048(self, who: int, path: str, most: int, more: int) -> None:
        player = self.player(who)
        self.game.ask(player, None, "write", self.game.top + path + "/v", b"v" * (most + more))
        self.game.ask(player, None, "exists", self.game.top + path)

    @rule(
        who=players,
        length=st.sampled_from([255, 1024, 2048, 3072]),
        more=st.integers(-1, 1),
        what=st.booleans(),
    )
    def long_path(self, who: int, length: int, more: int, what: bool) -> None:
        player, game = self.player(who), self.game
        start = game.top + "/l/"
        counted = len(start) - len("/local/domain/0/")
        path = start + "p" * (length + more - counted)
        if what:
            game.ask(player, None, "write", path, b"long")
            game.watch(player, path)
        game.ask(player, None, "read", path)
        game.ask(player, None, "directory", start[:-1])
        game.ask(player, None, "rm", path)

    @rule(who=players, path=st.sampled_from(_BAD_PATHS))
    def bad_path(self, who: int, path: str | bytes) -> None:
        self.game.refused_here(self.player(who), path)

    @rule(who=players, special=st.sampled_from(["@introduceDomain", "@releaseDomain"]))
    def special_node(self, who: int, special: str) -> None:
        self.game.ask(self.player(who), None, "permissions", special)

    # Many at once

    @rule(
        who=players,
        total=st.sampled_from([4095, 4096, 4097, 6000, 8300]),
        inside=st.booleans(),
        seldom=st.integers(0, 7),
    )
    def big_directory(self, who: int, total: int, inside: bool, seldom: int) -> None:
        """So many bytes of names, each with its NUL."""
        if seldom:
            return
        game, player = self.game, self.player(who)
        game.ask(self.player(0), None, "rm", game.top + "/big")
        count, rest = divmod(total, 64)
        if rest == 1:  # a NUL alone is no name
            count, rest = count - 1, rest + 64
        names = [f"n{n:03}{'.' * 59}".replace(".", "-") for n in range(count)]
        if rest:
            names.append("z" * (rest - 1))
        game.write_tree(player, game.top + "/big", dict.fromkeys(names))
        if inside:
            game.begin(player)
        for reader in game.players:
            tx = reader.open[-1] if reader is player and inside and reader.open else None
            game.ask(reader, tx, "directory", game.top + "/big")
        game.ask(player, None, "rm", f"{game.top}/big/{names[count // 2]}")
        game.ask(self.player(who + 1), None, "directory", game.top + "/big")
        game._tell()

    @rule(
        who=players,
        values=st.dictionaries(
            st.sampled_from([path[1:] for path in _TWO]),
            st.one_of(st.none(), st.sampled_from(_VALUES[:5])),
            max_size=5,
        ),
        under=some_paths,
    )
    def tree_of_values(self, who: int, values: dict[str, bytes | None], under: str) -> None:
        self.game.write_tree(self.player(who), self.game.top + under, values)


def campaign(world: World, tally: Tally) -> type[Campaign]:
    """The machine for a world."""
    return type("StoreCampaign", (Campaign,), {"world": world, "tally": tally})
