"""What a device can do at best, measured with torch; read by ``analysis``, used by no request."""
