"""Every take on this computer: found again, looked at, compared, used again, deleted and brought back."""
