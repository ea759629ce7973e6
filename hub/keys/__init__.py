"""What the ring of sealing keys (hub/crypto.py) has sealed: bringing it under the key that seals now, saying under
which key something still is, and the hub's own look-up key. The keys themselves are secrets of the configuration."""
