"""What staff look at and decide: reports, first versions, widened permissions, names that mislead."""
