"""The arrays everything here is made of."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""The bytes of a file."""

Positions = NDArray[np.int64]
"""Indexes into the bytes, or numbers of rows; -1 where there is none."""

Mask = NDArray[np.bool_]
"""Which rows are meant."""
