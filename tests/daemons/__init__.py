"""XenStore's other daemon, oxenstored, and upstream's own test as a yardstick."""
