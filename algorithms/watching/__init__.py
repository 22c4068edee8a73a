"""Sockets for pages that watch a run or wait for the first call of a key."""
