"""Papers of citizens: taken in once, checked, sealed, and handed to every office that needs them."""
