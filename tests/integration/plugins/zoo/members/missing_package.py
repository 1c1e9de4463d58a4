"""It imports what nobody installed. kind: module; caught by: missing-package"""

import no_such_package_at_all  # noqa: F401
