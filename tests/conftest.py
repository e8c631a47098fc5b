"""For every test: search by words only, unless a test is about vectors and says which embedder it wants."""

import os

os.environ["PROOFROOM_EMBEDDER"] = "off"
