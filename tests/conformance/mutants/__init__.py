"""Backends with one defect each, by what the defect is about; `FAILS` says which checks of the kit find it."""
