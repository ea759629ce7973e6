"""The health code: declared, checked, reviewed, shown for a minute, scanned at gates; and its end by order."""
