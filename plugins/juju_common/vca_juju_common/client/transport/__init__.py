"""The way to a controller: endpoints, TLS, logins, and connections that come back after every break."""
