"""Credentials: electronic licences, held by their issuer's registry or issued at the hub's own desk, shown by QR, copied
with a purpose and a term, and checked by anyone who meets them. What a health code is stands elsewhere."""
