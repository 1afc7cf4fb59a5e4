"""Every request is counted, under the template of its path and the status of its answer."""

from typing import Any
from uuid import uuid4


async def count(client: Any, path: str, status: int) -> float:
    """Return how many requests Prometheus is told of."""
    text = (await client.get("/metrics")).text
    label = f'method="GET",path="{path}",status_code="{status}"'
    lines = [line for line in text.splitlines() if line.startswith("border_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if label in line)


async def test_what_is_answered_and_what_is_refused_on_its_way_in_is_counted(
    crossing: Any, running: Any
) -> None:
    trader, nobody = (await crossing.person("trader")).client, running.client
    template = "/api/v1/declarations/{declaration_id}"
    asked = [
        (lambda: trader.get(f"{template.partition('{')[0]}{uuid4()}"), template, 404),
        (lambda: nobody.get("/api/v1/board"), "/api/v1/board", 200),
        (
            lambda: nobody.get("/api/v1/board", headers={"Authorization": "Bearer x"}),
            "/api/v1/board",
            401,
        ),
    ]
    for ask, path, status in asked:
        before = await count(nobody, path, status)
        assert (await ask()).status_code == status
        assert await count(nobody, path, status) == before + 1, path
    text = (await nobody.get("/metrics")).text
    (now,) = [line for line in text.splitlines() if "in_progress{" in line and "board" in line]
    assert now.endswith(" 0.0")
