"""What persons allow: others to act for them (mandates), and the hub to fetch their data (consents)."""
