"""What the platform does: one package per capability, imported downwards in one declared order."""
