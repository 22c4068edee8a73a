"""Files and folders: a path on this machine, or an address from which they are fetched.

The content itself may be given too, as a data URI, and on the platform the address of a file of a
data collection (`data://OWNER/COLLECTION/FILE`), which is read as the caller.

Where MODELCLOUD_FILE_ROOTS names folders (with os.pathsep between them), paths lead below these
only; the platform sets it. Archives are unpacked with each member kept inside their folder.
"""

import base64
import os
import re
import shutil
import tarfile
import tempfile
import unicodedata
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from modelcloud.data_types.base import BaseType
from modelcloud.exceptions import InvalidArgumentError

SECONDS = 60
_ADDRESS = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)


class file(BaseType):
    def __init__(self, description=None, is_directory=False, extension=None, default=None):
        BaseType.__init__(self, "file", description)
        self.is_directory = is_directory
        self.extension = extension
        self.default = default

    def serialize(self, value, output_format=None):
        return value

    def deserialize(self, value):
        """Give a path on this machine; what is at an address is fetched first."""
        if not isinstance(value, str):
            raise InvalidArgumentError(self.name, "It is a path or an address.")
        if _ADDRESS.match(value):
            return self._fetched(value)
        if value.startswith("data://"):
            return self._fetched(self._on_the_platform(value), said=value)
        if value.startswith("data:"):
            return self._given(value)
        self._check_path(value)
        return value

    def _check_path(self, path):
        roots = [
            one for one in os.environ.get("MODELCLOUD_FILE_ROOTS", "").split(os.pathsep) if one
        ]
        real = os.path.realpath(path)
        inside = [
            root for root in map(os.path.realpath, roots) if real == root or _is_below(real, root)
        ]
        exists = os.path.isdir(path) if self.is_directory else os.path.exists(path)
        if (roots and not inside) or not exists:
            what = "directory" if self.is_directory else "file"
            raise InvalidArgumentError(self.name, "There is no {} {}.".format(what, path))
        if self.extension and not path.endswith(self.extension):
            raise InvalidArgumentError(
                self.name, "{} does not end with {}.".format(path, self.extension)
            )

    def _on_the_platform(self, address):
        base = os.environ.get("ALGORITHMIA_API")
        if not base:
            raise InvalidArgumentError(
                self.name, "{} is read on the platform only.".format(address)
            )
        return base.rstrip("/") + "/v1/data/" + quote(address[len("data://") :], safe="/.")

    def _given(self, text):
        head, _, content = text.partition(",")
        try:
            if not head.endswith(";base64"):
                raise ValueError("it is not base64")
            data = base64.b64decode(content, validate=True)
        except ValueError as error:
            raise InvalidArgumentError(self.name, "The data URI cannot be read: {}.".format(error))
        folder = tempfile.mkdtemp(prefix="modelcloud-")
        path = os.path.join(folder, "file" + (self.extension or ""))
        with open(path, "wb") as copy:
            copy.write(data)
        return _unpacked(path, self.name) if self.is_directory else path

    def _fetched(self, address, said=""):
        folder = tempfile.mkdtemp(prefix="modelcloud-")
        name = os.path.basename(urlsplit(address).path) or "file"
        path = os.path.join(folder, re.sub(r"[^\w.-]", "_", name))
        try:
            answer = urlopen(address, timeout=SECONDS)
            try:
                with open(path, "wb") as copy:
                    shutil.copyfileobj(answer, copy)
            finally:
                answer.close()
        except (URLError, OSError, ValueError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise InvalidArgumentError(
                self.name, "{} could not be fetched: {}.".format(said or address, error)
            )
        if self.is_directory:
            return _unpacked(path, self.name)
        return path

    def to_dict(self):
        found = BaseType.to_dict(self)
        found["isDirectory"] = self.is_directory
        if self.extension:
            found["extension"] = self.extension
        if self.default is not None:
            found["default"] = self.default
        return found


class directory(file):
    def __init__(self, description=None, default=None):
        file.__init__(self, description=description, is_directory=True, default=default)


def _unpacked(path, name):
    """Give the folder with what a tar archive holds: plain files and folders, inside it."""
    folder = os.path.join(os.path.dirname(path), "unpacked")
    os.mkdir(folder)
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                member.name = _ascii(member.name)
                target = os.path.realpath(os.path.join(folder, member.name))
                is_plain = member.isfile() or member.isdir()
                if not is_plain or not (_is_below(target, folder) or target == folder):
                    raise InvalidArgumentError(
                        name, "The archive holds {}, which leads out of it.".format(member.name)
                    )
                _extract(archive, member, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InvalidArgumentError(name, "It is no tar archive: {}.".format(error))
    return folder


def _extract(archive, member, target):
    if member.isdir():
        os.makedirs(target, exist_ok=True)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with archive.extractfile(member) as source, open(target, "wb") as copy:
        shutil.copyfileobj(source, copy)


def _ascii(name):
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")


def _is_below(path, folder):
    return path.startswith(os.path.realpath(folder) + os.sep)
