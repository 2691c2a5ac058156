"""The training loop as a generator of events, what listens to it, and a training that is walked."""

from deltarule.training.events import EpochEnded, Event, Listener, RunStarted, Stopped
from deltarule.training.history import History
from deltarule.training.loop import Run, events, train
from deltarule.training.progress import ProgressBar
from deltarule.training.splitting import hold_out
from deltarule.training.stopping import EarlyStopping
from deltarule.training.walk import Walk

__all__ = [
    "EarlyStopping",
    "EpochEnded",
    "Event",
    "History",
    "Listener",
    "ProgressBar",
    "Run",
    "RunStarted",
    "Stopped",
    "Walk",
    "events",
    "hold_out",
    "train",
]
