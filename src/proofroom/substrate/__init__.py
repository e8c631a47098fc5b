"""Context with provenance: capture, segmentation, search, envelopes."""
