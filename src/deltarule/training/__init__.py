"""The training loop as a generator of events, and what listens to it."""

from deltarule.training.events import EpochEnded, Event, Listener, RunStarted, Stopped
from deltarule.training.history import History
from deltarule.training.loop import Run, events, train
from deltarule.training.progress import ProgressBar
from deltarule.training.splitting import hold_out
from deltarule.training.stopping import EarlyStopping

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
    "events",
    "hold_out",
    "train",
]
