"""Kills each process that begins to train one chosen trial, and lies about another one.

Python loads this file at its start. The first thing that a trial's first leg does is to draw its
weights, so the poison lies there.
"""

import os
import signal
from dataclasses import replace
from typing import Any

import numpy as np

from hpsearch.training import leg
from hpsearch.training.randomness import trial_generator

POISONED = int(os.environ["POISONED_TRIAL"])
LIED_ABOUT = int(os.environ["LIED_ABOUT_TRIAL"])


def _poisoned(job_seed: int, trial: int, *key: int) -> np.random.Generator:
    if trial == POISONED:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial_generator(job_seed, trial, *key)


run_leg = leg.run_leg


def _lying(task: leg.LegTask, *given: Any) -> tuple[leg.TrainState | None, leg.LegReport]:
    state, report = run_leg(task, *given)
    return state, replace(report, seconds=-1.0) if task.trial == LIED_ABOUT else report


vars(leg).update(trial_generator=_poisoned, run_leg=_lying)
