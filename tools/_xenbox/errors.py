"""What can go wrong, by what the caller does about it."""


class BoxError(Exception):
    """The box, not the command in it, failed: exit status 125."""


class Gap(BoxError):
    """A target that cannot be had here and now (its suite left the archive)."""


class BootError(BoxError):
    """The box died or stalled before its end-of-boot marker: one more try."""
