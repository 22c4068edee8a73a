"""Projects: groups of services, each an algorithm that its owner puts online and keeps warm."""
