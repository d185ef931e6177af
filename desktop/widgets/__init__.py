"""Controls that any panel may use."""
