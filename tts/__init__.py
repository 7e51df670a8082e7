"""The voice: written sentences to telephone sound."""
