"""What the tests of the pages stand on, once for all of them."""

from tests.faces.office import office, staff_browser, visit

__all__ = ["office", "staff_browser", "visit"]
