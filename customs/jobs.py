"""What customs does by itself: declarations whose time is over are ended."""

from collections.abc import Mapping

from border.core.tables import Record
from border.timeouts import OnTimeout
from customs import expiry_service
from customs.tables import DeclarationRow

ON_TIMEOUT: Mapping[type[Record], OnTimeout] = {DeclarationRow: expiry_service.on_timeout}
