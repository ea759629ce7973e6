"""Two departments that drop files, and what tests of them stand on."""
