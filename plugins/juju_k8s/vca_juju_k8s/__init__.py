"""The backend for charms on Kubernetes."""
