"""Boots real systemd nodes on a Debian host and runs the scenarios on them.

Stdlib only, and nothing here knows what the agent does: the scenarios do.
Everything a run creates lives in namespaces of its own (see `lab`), so that a
run that dies in any way leaves nothing behind.
"""
