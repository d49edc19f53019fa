"""Put before every scenario's script under NixOS, after `machines = […]`.

What the driver of NixOS calls otherwise than the harness. Must not hold anything that a
scenario is about.
"""

from functools import partial

# Without it a reboot ends the machine, and disks are to be booted again.
for machine in machines:
    machine.start = partial(machine.start, allow_reboot=True)

_retry = retry


def retry(fn, timeout=900):
    """The driver's own, with its limit under the name that all other waits have."""
    _retry(fn, timeout)
