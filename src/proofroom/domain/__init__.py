"""Rules only: no IO and no framework."""
