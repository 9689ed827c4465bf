"""What a guest may use of the store, and how each release of the daemon counts.

From tools/xenstored/domain.c (hard_quotas, domain_max_chk), tools/xenstore of
4.17, and 4.22's domain_quota_val_exceeds(). The control domain has no limits.
"""

from __future__ import annotations

from xensys.sim.store.wire import REL_PATH_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.store.domains import StoreDomain

#: name → (default, description), in the order in which 4.18 and later list them.
HARD = {
    "nodes": (1000, "Nodes per domain"),
    "watches": (128, "Watches per domain"),
    "outstanding": (20, "Outstanding requests per domain"),
    "memory": (2 * 1024 * 1024 + 512 * 1024, "Total Xenstore memory per domain (error level)"),
    "transactions": (10, "Active transactions per domain"),
    "transaction-nodes": (1024, "Max. number of accessed nodes per transaction"),
    "node-permissions": (5, "Max. number of permissions per node"),
    "path-max": (REL_PATH_MAX, "Max. length of a node path"),
    "node-size": (2048, "Max. size of a node"),
}
SOFT = {"memory": (2 * 1024 * 1024, "Total Xenstore memory per domain (warning level)")}

# 4.17's order, its name for node-permissions and its words for transactions.
_ORDER_4_17 = (
    "nodes", "watches", "transactions", "outstanding", "transaction-nodes", "memory", "node-size",
    "path-max", "permissions",
)  # fmt: skip


class Quotas:
    """The limits of one store.

    Attributes:
        hard, soft: name → limit; "memory" is kept but nothing is counted against it.
    """

    def __init__(self, release: tuple[int, int]) -> None:
        self._release = release
        self.hard = {name: limit for name, (limit, _) in HARD.items()}
        self.soft = {name: limit for name, (limit, _) in SOFT.items()}

    def of(self, domain: StoreDomain | None, name: str) -> int:
        """A domain's limit (its own from 4.22 on)."""
        if domain is not None and name in domain.quotas:
            return domain.quotas[name]
        return self.hard[name]

    def exceeded(self, domain: StoreDomain | None, name: str, value: int) -> bool:
        """Whether a value is too large for an unprivileged domain."""
        limit = self.of(domain, name)
        if self._release >= (4, 22):
            return bool(limit) and value >= limit
        if name == "node-size" and self._release < (4, 18):
            return value >= limit
        return value > limit

    def full(self, domain: StoreDomain | None, name: str, count: int) -> bool:
        """Whether `count` of them leave no room for one more."""
        limit = self.of(domain, name)
        if self._release >= (4, 22):
            return bool(limit) and count + 1 >= limit
        # Nodes are looked at before one is added, the others too late by one.
        return count >= limit if name == "nodes" else count > limit

    def listing(self, which: str) -> str:
        """What CONTROL "quota" and "quota-soft" say."""
        table, values = (HARD, self.hard) if which == "quota" else (SOFT, self.soft)
        lines = ["Quota settings:\n"]
        for name in self.names(which):
            real = "node-permissions" if name == "permissions" else name
            words = table[real][1]
            if self._release < (4, 18) and name == "transactions":
                words = "Transactions per domain"
            if self._release >= (4, 22) and name == "memory":
                words = "Total Xenstore memory per domain"
            lines.append(f"{name:<17}: {values[real]:8} {words}\n")
        return "".join(lines)

    def names(self, which: str) -> tuple[str, ...]:
        """What they are called in CONTROL."""
        if which == "quota-soft":
            return tuple(SOFT)
        return _ORDER_4_17 if self._release < (4, 18) else tuple(HARD)

    def set(self, which: str, name: str, value: int) -> bool:
        """CONTROL "quota set"; whether there is such a quota."""
        if name not in self.names(which):
            return False
        values = self.hard if which == "quota" else self.soft
        values["node-permissions" if name == "permissions" else name] = value
        return True
