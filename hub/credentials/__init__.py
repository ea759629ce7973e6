"""Credentials: electronic licences, held by their issuer's registry or issued at the hub's own desk; shown by QR,
copied with a purpose and a term, and checked by whoever meets them. Health codes are not here."""
