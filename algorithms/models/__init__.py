"""The models of this app, by name."""

from algorithms.models.algorithm import Algorithm
from algorithms.models.build import Build, BuildLogChunk
from algorithms.models.call import Call, CallRequest
from algorithms.models.gallery import AlgorithmImage
from algorithms.models.gate import Demands, Evaluation, Gate
from algorithms.models.insight import Insight
from algorithms.models.run import Run
from algorithms.models.secret import Secret
from algorithms.models.version import Version
from algorithms.models.work import Import, Publication, Work

__all__ = [
    "Algorithm",
    "AlgorithmImage",
    "Build",
    "BuildLogChunk",
    "Call",
    "CallRequest",
    "Demands",
    "Evaluation",
    "Gate",
    "Import",
    "Insight",
    "Publication",
    "Run",
    "Secret",
    "Version",
    "Work",
]
