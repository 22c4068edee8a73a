"""The files of `model_manifest.json`, and whatever `load` wants to keep for `apply`."""

import hashlib
import json
import os

from adk.classes import FileData


class ModelData(object):
    def __init__(self, client, model_manifest_path):
        self.manifest_reg_path = model_manifest_path
        self.manifest_frozen_path = "{}.freeze".format(self.manifest_reg_path)
        self.noted_path = "{}.sha256".format(self.manifest_reg_path)
        self.using_frozen = True
        self.manifest_data = self.get_manifest()
        self.client = client
        self.models = {}
        self.usr_key = "__user__"

    def __getitem__(self, key):
        return getattr(self, self.usr_key + key)

    def __setitem__(self, key, value):
        setattr(self, self.usr_key + key, value)

    def data(self):
        start = len(self.usr_key)
        names = [name for name in self.__dict__ if name.startswith(self.usr_key)]
        return {name[start:]: self.__dict__[name] for name in names}

    def available(self):
        return bool(self.manifest_data)

    def initialize(self):
        if self.client is None:
            raise Exception("Client was not defined, please define a Client when using Model Manifests.")
        for required_file in self.manifest_data["required_files"]:
            name = required_file["name"]
            if name in self.models:
                raise Exception(
                    "Duplicate 'name' detected. \n"
                    + name
                    + " was found to be used by more than one data file, please rename."
                )
            self._fetch(required_file)

    def get_model(self, model_name):
        if not self.available():
            message = "unable to get model {}, model_manifest.json not found."
            raise Exception(message.format(model_name))
        if model_name not in self.models:
            self.find_optional_model(model_name)
        return self.models[model_name].file_path

    def find_optional_model(self, file_name):
        if not self.available():
            message = "unable to get model {}, model_manifest.json not found."
            raise Exception(message.format(file_name))
        for optional in self.manifest_data.get("optional_files", []):
            if optional["name"] == file_name:
                self._fetch(optional)
                return
        raise Exception("model name " + file_name + " not found in manifest")

    def get_manifest(self):
        if os.path.exists(self.manifest_frozen_path):
            with open(self.manifest_frozen_path) as f:
                manifest_data = json.load(f)
            if check_lock(manifest_data):
                return manifest_data
            raise Exception(
                "Manifest FreezeFile Tamper Detected; please use the CLI and 'algo freeze' to rebuild your "
                "algorithm's freeze file."
            )
        if os.path.exists(self.manifest_reg_path):
            with open(self.manifest_reg_path) as f:
                manifest_data = json.load(f)
            self.using_frozen = False
            return manifest_data
        return None

    def _fetch(self, file):
        name = file["name"]
        with self.client.file(file["source_uri"]).getFile() as f:
            local_data_path = f.name
        real_md5, real_sha256 = checksums(local_data_path)
        if self.using_frozen and file.get("fail_on_tamper", False):
            expected_sha256 = file.get("sha256_checksum") or self._noted().get(file["source_uri"])
            check_hash(name, "", file.get("md5_checksum"), real_md5)
            check_hash(name, "SHA-256 ", expected_sha256, real_sha256)
        self.models[name] = FileData(real_md5, local_data_path, real_sha256)

    def _noted(self):
        """What the build found: the SHA-256 of each address."""
        if not os.path.exists(self.noted_path):
            return {}
        with open(self.noted_path) as f:
            return json.load(f)


def check_hash(name, kind, expected, real):
    if expected and expected != real:
        message = "Model File Mismatch for {}\nexpected {}hash:  {}\nreal {}hash: {}"
        raise Exception(message.format(name, kind, expected, kind, real))


def check_lock(manifest_data):
    expected = manifest_data.pop("lock_checksum", None)
    return expected == md5_for_str(str(manifest_data))


def checksums(fname):
    """The MD5, which `algo freeze` notes, and the SHA-256, which no two files share."""
    hash_md5, hash_sha256 = hashlib.md5(), hashlib.sha256()
    with open(fname, "rb") as f:
        for chunk in iter(lambda: f.read(1 << 20), b""):
            hash_md5.update(chunk)
            hash_sha256.update(chunk)
    return hash_md5.hexdigest(), hash_sha256.hexdigest()


def md5_for_file(fname):
    return checksums(fname)[0]


def md5_for_str(content):
    return hashlib.md5(content.encode()).hexdigest()
