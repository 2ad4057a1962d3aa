"""The two streams of a demo camera show the same moment: what is seen on the small one is there on the large one."""

from __future__ import annotations

import asyncio

import pytest

from nightlatch.pixels.stage.__main__ import mounts

SOME_S = 0.6  # of the scene, after which somebody looks at the second stream


@pytest.mark.timeout(60)
def test_a_second_stream_that_is_opened_later_does_not_begin_anew() -> None:
    async def both() -> tuple[float, float]:
        made = mounts(["living-room"])
        main, sub = made["/living-room"].units(), made["/living-room/sub"].units()
        shown = await anext(main)
        while shown.at_s < SOME_S:
            shown = await anext(main)
        return shown.at_s, (await anext(sub)).at_s

    main_s, sub_s = asyncio.run(both())
    assert sub_s >= main_s - 0.2  # pictures of the small stream are 0.2 s apart
