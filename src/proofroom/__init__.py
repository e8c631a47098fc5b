"""Proofroom: supervised agent work."""
