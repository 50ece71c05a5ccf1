"""The MAST service: features, platform plumbing and the `mast` command."""
