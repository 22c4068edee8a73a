"""What staff do besides moderating: settings of the site, limits, environments, its state."""
