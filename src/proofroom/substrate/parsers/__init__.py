"""One module for each kind of source; `proofroom.substrate.capture.parse` chooses between them."""
