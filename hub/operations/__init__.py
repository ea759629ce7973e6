"""Operations: the record of everything staff did here, and of what they were refused."""
