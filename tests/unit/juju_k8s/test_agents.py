"""What Juju says of agents that have not begun is told in words that stay."""

from __future__ import annotations

from vca_juju_common.client.things import Unit, Word
from vca_juju_k8s.agents import AgentMessages


def unit(message: str, agent: str = "allocating") -> Unit:
    return Unit("app/0", "app", "", Word("waiting", "installing agent"), Word(agent, message), "alive", "", "")


def told(messages: AgentMessages, *said: str) -> list[str]:
    return [messages.see("model", "app/0", unit(one)) for one in said]


def test_messages_that_take_turns_are_told_once_each() -> None:
    seen = told(AgentMessages(), "ErrImagePull", "ImagePullBackOff", "ErrImagePull", "", "ImagePullBackOff")
    assert seen == ["ErrImagePull"] + ["ImagePullBackOff"] * 4


def test_what_counts_up_in_a_message_is_left_out() -> None:
    assert told(AgentMessages(), "pulling, 20 %", "pulling, 40.5%") == ["pulling, …"] * 2
    waits = told(AgentMessages(), "back-off 10s restarting", "back-off 1m20s restarting")
    assert waits == ["back-off … restarting"] * 2


def test_nothing_is_told_of_an_agent_that_has_begun() -> None:
    messages = AgentMessages()
    told(messages, "ErrImagePull")
    assert messages.see("model", "app/0", unit("running install hook", "executing")) == ""
    assert told(messages, "") == [""]
    told(messages, "ErrImagePull")
    assert messages.see("model", "app/0", None) == ""
    assert told(messages, "", "evicted", "") == ["", "evicted", "evicted"]


def test_a_model_that_is_gone_is_forgotten() -> None:
    messages = AgentMessages()
    told(messages, "ErrImagePull")
    messages.forget("other")
    assert told(messages, "") == ["ErrImagePull"]
    messages.forget("model")
    assert told(messages, "") == [""]
