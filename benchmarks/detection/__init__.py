"""Which faults are noticed, how soon, and how often nothing was the matter: Candor and its peers on the same simulated logs."""
