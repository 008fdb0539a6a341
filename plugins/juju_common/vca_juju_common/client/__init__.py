"""The client of a Juju controller: the only package that imports `juju`, and no type of `juju` leaves it.

What is above uses a client by its `interface`, with `values`, `state` and `errors`. From the top down:

- `controller`: the login, and the models in use;
- `model`: one model, watched, with `debts`: what could not be undone there yet;
- `requests`: one function for each request, over any model or controller;
- `transport`: how to reach the controller, and how connections come back.

`juju` takes half a second to import, so that modules here import it where they need it.
"""
