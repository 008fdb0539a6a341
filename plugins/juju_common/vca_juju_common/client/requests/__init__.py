"""The requests to a controller, by what they are about: one function each, over any connection to a model."""
