"""What exists in a simulated controller, and how it lives."""
