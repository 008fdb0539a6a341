"""Real clusters behind Kubernetes clouds of the simulated controller."""
