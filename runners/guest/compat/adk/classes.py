class FileData(object):
    """A model file on this machine."""

    def __init__(self, md5_checksum, file_path, sha256_checksum=None):
        self.md5_checksum = md5_checksum
        self.file_path = file_path
        self.sha256_checksum = sha256_checksum
