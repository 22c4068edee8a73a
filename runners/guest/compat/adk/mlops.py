"""DataRobot's monitoring agent, for environments that contain it."""

import json
import os
import subprocess


class MLOps(object):
    spool_dir = "/tmp/ta"
    agent_dir = "/opt/mlops-agent"
    mlops_dir_name = "datarobot_mlops_package-8.1.2"
    total_dir_path = agent_dir + "/" + mlops_dir_name

    def __init__(self, api_token, path):
        config = {}
        if os.path.exists(path):
            with open(path) as f:
                config = json.load(f)
        self.token = api_token
        self.mlops_name = config.get("mlops_dir_name", self.mlops_dir_name)
        self.endpoint = os.environ.get(
            "MLOPS_SERVICE_URL", config.get("datarobot_mlops_service_url")
        )
        self.model_id = os.environ.get("MODEL_ID", config.get("model_id"))
        self.deployment_id = os.environ.get("DEPLOYMENT_ID", config.get("deployment_id"))
        if not os.path.exists(self.agent_dir):
            raise Exception(
                "environment is not configured for mlops.\n"
                "Please select a valid mlops enabled environment."
            )
        for value, what, variable in (
            (self.endpoint, "endpoint", "MLOPS_SERVICE_URL"),
            (self.model_id, "model_id", "MODEL_ID"),
            (self.deployment_id, "deployment_id", "DEPLOYMENT_ID"),
        ):
            if value is None:
                message = "no {} found, please add '{}' environment variable, or create an mlops.json file"
                raise Exception(message.format(what, variable))

    def init(self):
        import yaml

        os.environ["MLOPS_DEPLOYMENT_ID"] = self.deployment_id
        os.environ["MLOPS_MODEL_ID"] = self.model_id
        os.environ["MLOPS_SPOOLER_TYPE"] = "FILESYSTEM"
        os.environ["MLOPS_FILESYSTEM_DIRECTORY"] = self.spool_dir
        path = self.total_dir_path + "/conf/mlops.agent.conf.yaml"
        with open(path) as f:
            documents = yaml.safe_load(f)
        documents["mlopsUrl"] = self.endpoint
        documents["apiToken"] = self.token
        with open(path, "w") as f:
            yaml.dump(documents, f)
        subprocess.call([self.total_dir_path + "/bin/start-agent.sh"])
        status = subprocess.check_output([self.total_dir_path + "/bin/status-agent.sh"])
        first = (status.splitlines() or [b""])[0]
        if b"DataRobot MLOps-Agent is running as a service." not in first:
            raise Exception(first)
        return True
