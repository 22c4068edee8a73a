"""Champion and challenger: a build is published only if it does as well as its author demands."""
