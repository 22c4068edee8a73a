"""The class with which an algorithm names its functions: `ADK(apply, load).init()`."""

from adk.mlops import MLOps
from adk.modeldata import ModelData

try:
    from _agorithm import registry
except ImportError:  # a process spawned by the algorithm imports its module again
    registry = None

import os


class ADK(object):
    def __init__(self, apply_func, load_func=None, client=None):
        """
        :param apply_func: takes the input, or the input and what load_func returned
        :param load_func: takes nothing, or the ModelData of this algorithm
        :param client: the Algorithmia client that fetches the files of the model manifest
        """
        self.mlops = None
        self.FIFO_PATH = "/tmp/algoout"
        self.client = client or _own_client()
        self.apply_arity = _takes(apply_func)
        self.load_func = load_func or None
        if load_func:
            self.load_arity = _takes(load_func)
            if self.load_arity not in (0, 1):
                raise Exception(
                    "load function expects 0 parameters or 1 parameter to be used to store"
                    " algorithm state"
                )
        self.apply_func = apply_func
        self.is_local = False
        self.load_result = None
        self.loading_exception = None
        self.manifest_path = "model_manifest.json"
        self.mlops_path = "mlops.json"
        self.model_data = ModelData(self.client, self.manifest_path)

    def load(self):
        try:
            if self.model_data.available():
                self.model_data.initialize()
            if self.load_func and self.load_arity == 1:
                self.load_result = self.load_func(self.model_data)
            elif self.load_func:
                self.load_result = self.load_func()
        except Exception as error:
            self.loading_exception = error

    def apply(self, payload):
        if self.apply_arity == 2 and registry.has_something(self.load_result):
            return self.apply_func(payload, self.load_result)
        return self.apply_func(payload)

    def mlops_init(self):
        token = os.environ.get("DATAROBOT_MLOPS_API_TOKEN")
        if not token:
            raise Exception("'DATAROBOT_MLOPS_API_TOKEN' was not found, please set to use mlops.")
        self.mlops = MLOps(token, self.mlops_path)
        self.mlops.init()

    def init(self, local_payload=None, pprint=print, mlops=False):
        """Load, and answer the platform's calls from now on; `local_payload` is for your desk."""
        if registry is None:
            return
        if mlops:
            self.mlops_init()
        self.load()
        registry.register(self.apply, problem=self.loading_exception)


def _takes(function):
    return registry.takes(function) if registry is not None else 1


def _own_client():
    try:
        import Algorithmia
    except ImportError:  # only a model manifest needs it
        return None
    return Algorithmia.client()
