"""The files of `model_manifest.json`, and whatever `load` wants to keep for `apply`."""

import hashlib
import json
import os

from adk.classes import FileData


class ModelData(object):
    def __init__(self, client, model_manifest_path):
        self.manifest_reg_path = model_manifest_path
        self.manifest_frozen_path = "{}.freeze".format(self.manifest_reg_path)
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
        expected_hash = file.get("md5_checksum")
        with self.client.file(file["source_uri"]).getFile() as f:
            local_data_path = f.name
        real_hash = md5_for_file(local_data_path)
        if self.using_frozen and file.get("fail_on_tamper", False) and real_hash != expected_hash:
            message = "Model File Mismatch for {}\nexpected hash:  {}\nreal hash: {}"
            raise Exception(message.format(name, expected_hash, real_hash))
        self.models[name] = FileData(real_hash, local_data_path)


def check_lock(manifest_data):
    expected = manifest_data.pop("lock_checksum", None)
    return expected == md5_for_str(str(manifest_data))


def md5_for_file(fname):
    hash_md5 = hashlib.md5()
    with open(fname, "rb") as f:
        for chunk in iter(lambda: f.read(1 << 20), b""):
            hash_md5.update(chunk)
    return hash_md5.hexdigest()


def md5_for_str(content):
    return hashlib.md5(content.encode()).hexdigest()
