"""What the hub does. Knows neither Flask nor requests; every door and every department stands outside."""
