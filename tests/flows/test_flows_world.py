"""What a run talks to, by its settings."""

from datetime import date

import httpx
import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.settings import Mode
from core.storage.paths import Paths
from flows.run.environment import open_environment, with_port, with_vendors
from simulator import process
from tests.flows.days.days import settings_for

DAY = date(2026, 6, 15)
HERE = "http://127.0.0.1:1"


@pytest.fixture
def settings(tmp_path):
    return settings_for(tmp_path, simulator={"symbols": 3})


def test_vendors_that_are_not_set_are_the_simulators_own(settings):
    vendors = with_vendors(settings, HERE).vendors
    assert vendors.fundamentals_url == f"{HERE}/stable"
    assert vendors.news_urls == (f"{HERE}/rss/markets.xml", f"{HERE}/rss/companies.xml")
    assert vendors.slack_webhook.get_secret_value() == f"{HERE}/slack/daybook"
    assert vendors.fundamentals_key is not None


def test_vendors_that_are_set_stay_what_they_are(settings):
    given = {
        "fundamentals_url": "https://vendor.example/stable",
        "fundamentals_key": SecretStr("a key"),
        "news_urls": ("https://news.example/rss",),
        "slack_webhook": SecretStr("https://hooks.example/T1"),
    }
    chosen = settings.model_copy(update={"vendors": settings.vendors.model_copy(update=given)})
    assert with_vendors(chosen, HERE).vendors == chosen.vendors


@pytest.mark.parametrize(("mode", "port"), [(Mode.PAPER, 4002), (Mode.LIVE, 4001)])
def test_paper_and_live_have_their_usual_ports_and_time_passes_by_itself(settings, mode, port):
    with open_environment(settings.model_copy(update={"mode": mode}), DAY) as environment:
        assert environment.settings.gateway.port == port
        assert environment.advance_to is None


def test_a_port_that_is_set_is_kept(settings):
    for mode in Mode:
        with open_environment(
            with_port(settings.model_copy(update={"mode": mode}), 5555), DAY
        ) as environment:
            assert environment.settings.gateway.port == 5555


def test_paper_never_borrows_the_simulators_vendors(settings):
    with open_environment(settings.model_copy(update={"mode": Mode.PAPER}), DAY) as environment:
        assert environment.settings.vendors == settings.vendors


def test_the_embedded_simulator_ends_with_its_world_even_after_a_failure(settings):
    def a_run_that_fails():
        with open_environment(settings, DAY) as environment:
            asked.append(
                f"{environment.settings.vendors.fundamentals_url}/sp500-constituent?apikey=x"
            )
            assert httpx.get(asked[0], trust_env=False).is_success
            raise RuntimeError("of the run")

    asked = []
    with pytest.raises(RuntimeError, match="of the run"):
        a_run_that_fails()
    with pytest.raises(httpx.ConnectError):
        httpx.get(asked[0], trust_env=False)


def test_two_days_at_once_in_one_home_are_refused(settings):
    state = Paths.of(settings).world
    with (
        process.start(settings.simulator, day=DAY, state=state),
        pytest.raises(ConfigurationError, match="another simulator is running"),
    ):
        open_environment(settings, DAY).__enter__()
