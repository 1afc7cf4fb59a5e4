"""The watch over the pages is awake: each kind of complaint is noticed, or it proves nothing."""

import pytest

pytestmark = pytest.mark.browser

COMPLAINTS = {
    "console": "() => console.error('a module fell over')",
    "uncaught": "() => { setTimeout(() => { throw new Error('nobody caught me'); }, 0); }",
    "policy": "() => { document.body.setAttribute('style', 'color: red'); "
    "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">inline</p>'); }",
    "missing": "() => { document.body.append(Object.assign(new Image(), {src: '/no/such.png'})); }",
}


@pytest.mark.parametrize("kind", COMPLAINTS)
async def test_what_goes_wrong_in_a_page_is_noticed(visitors, kind: str) -> None:
    page = await visitors.open()
    await page.goto("/login")
    assert visitors.complaints == []
    await page.evaluate(COMPLAINTS[kind])
    for _ in range(50):
        if visitors.complaints:
            break
        await page.wait_for_timeout(50)
    assert visitors.complaints
    visitors.complaints.clear()


async def test_a_page_wider_than_a_phone_is_noticed(visitors, fits) -> None:
    page = await visitors.open(width=390)
    await page.goto("/login")
    await fits(page)
    await page.evaluate("() => { document.querySelector('h1').style.width = '600px'; }")
    with pytest.raises(AssertionError, match="H1"):
        await fits(page)
