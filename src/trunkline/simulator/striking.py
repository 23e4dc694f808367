"""What fault profiles do to a request: before it is processed, and to the answer."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from trunkline.simulator.answers import Cut, error_answer, error_page, json_answer
from trunkline.simulator.profiles import Profile, Profiles
from trunkline.simulator.state import Simulator
from trunkline.simulator.statistics import Count

ELSEWHERE = "/simulator/elsewhere"


async def struck_before(
    simulator: Simulator, profiles: Profiles, client_id: str
) -> tuple[Profile, Response] | None:
    """Delay the request, and answer it where it is not to be processed; with the profile that was to blame."""
    if Profile.SLOW in profiles:
        await asyncio.sleep(simulator.options.slow_s)
    if Profile.HELD in profiles:
        await simulator.gate.hold()
    if Profile.REDIRECT in profiles:
        return Profile.REDIRECT, RedirectResponse(f"{ELSEWHERE}?{urlencode({'client': client_id})}", 307)
    if Profile.RATE_LIMITED in profiles:
        headers = {"retry-after": str(simulator.options.retry_after_s)}
        return Profile.RATE_LIMITED, error_answer(429, "rate_limited", "too many requests", headers)
    if Profile.SERVER_ERROR in profiles:
        return Profile.SERVER_ERROR, error_answer(503, "unavailable", "the service is down")
    if Profile.HTML_ERROR in profiles:
        return Profile.HTML_ERROR, error_page()
    if Profile.ERROR_IN_200 in profiles:
        failed = {"ok": False, "error": "internal_error", "error_description": "something failed inside"}
        return Profile.ERROR_IN_200, json_answer(failed)
    return None


async def struck_after(
    simulator: Simulator, profiles: Profiles, client_id: str, answer: Response
) -> Response:
    """The answer as the caller gets it, after everything was processed."""
    if Profile.ANSWER_HELD in profiles:
        await simulator.gate.hold()
    if Profile.SERVER_ERROR_AFTER in profiles:
        simulator.statistics.count(Count.ANSWERS_LOST, client_id)
        return error_page()
    if Profile.CUT in profiles:
        simulator.statistics.count(Count.ANSWERS_LOST, client_id)
        return Cut.of(answer)
    return answer
