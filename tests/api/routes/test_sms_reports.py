"""What the SMS gateway tells of arrivals, at an address that it alone was told."""

from typing import Any

import pytest
from pydantic import SecretStr

from border.messages.channels.sms.channel import SmsSettings, report_key


async def test_a_report_is_taken_at_the_address_told_and_nowhere_else(
    running: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = SmsSettings(key="gate", secret=SecretStr("sms-key"), brand="CUAKHAU")
    changed = running.services.settings.model_copy(update={"sms": row})
    monkeypatch.setattr(running.services, "settings", changed)
    asked = {"SMSID": "sms1", "SendSuccess": "1", "SendStatus": "5"}
    here = f"/api/v1/messages/sms/report/{report_key('sms-key')}"
    answer = await running.client.get(here, params=asked)
    assert (answer.status_code, answer.json()) == (200, {"noted": False})
    elsewhere = f"/api/v1/messages/sms/report/{'0' * 32}"
    assert (await running.client.get(elsewhere, params=asked)).status_code == 404
