"""Backends that say that they did what they did not do: each is the fake, with one defect in what it does."""
