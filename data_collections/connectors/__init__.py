"""Stores elsewhere that people connect: S3 and its like, Google Cloud Storage, Azure, Dropbox."""
