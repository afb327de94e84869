"""Settings for all tests."""

import os

# Two test processes on two cores: more threads in each would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
