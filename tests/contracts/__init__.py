"""The contracts that every adapter passes; their assertions are rewritten like a test's own."""

import pytest

pytest.register_assert_rewrite("contracts.accounting")
