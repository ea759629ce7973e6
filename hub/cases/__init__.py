"""Cases: an application from its draft to its decision, with its clock and its desk."""
