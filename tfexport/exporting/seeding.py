"""One seed for everything that initialises weights."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import tensorflow as tf


def seed_everything(seed: int) -> None:
    """Have Python, NumPy, TensorFlow and Keras draw the same numbers in every run."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    tf.random.set_seed(seed)
    keras: Any = sys.modules.get("keras")
    if keras is not None:
        keras.utils.set_random_seed(seed % 2**32)
