"""For every test: search by words only, unless a test is about vectors and says which embedder it wants.

Properties have no time limit of their own: how fast a machine is says nothing about whether they hold.
"""

import os

from hypothesis import settings

os.environ["PROOFROOM_EMBEDDER"] = "off"
settings.register_profile("untimed", parent=settings(), deadline=None)
settings.load_profile("untimed")
