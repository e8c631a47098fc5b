"""True sentences, and copies of them with one planted error: what the evidence checks are measured on."""
