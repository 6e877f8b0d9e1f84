"""Networks in continuous time, trained with exact gradients of their firing times (forward propagation)."""
