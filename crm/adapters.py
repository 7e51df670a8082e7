"""The CRMs by name, and those of them that are switched on."""

from __future__ import annotations

from typing import Any

from calls.crm import CrmAdapter
from calls.registry import Registry
from calls.settings import Environment, Settings

CRMS = Registry(
    "CRM",
    tally="crm.tally:Tally",
    hubspot="crm.hubspot:HubSpotCrm",
    zendesk="crm.zendesk:Zendesk",
    post_call="crm.post_call:PostCallHook",
)


def make_crms(settings: Settings, environment: Environment) -> dict[str, CrmAdapter]:
    """The CRMs that the environment and jambonz-app.json switch on. Raises SettingsError."""
    crm, env = settings.crm, environment
    made: dict[str, CrmAdapter] = {}

    def switched_on(kind: str, **options: Any) -> Any:
        return CRMS.make(kind, region=crm.region, **options)

    if env.tally_url:
        made["tally"] = switched_on("tally", url=env.tally_url, token=env.tally_token.get_secret_value())
    if token := env.hubspot_token.get_secret_value():
        options = {"url": env.hubspot_url, "create_contacts": crm.create_contacts, "dispositions": crm.dispositions}
        made["hubspot"] = switched_on("hubspot", token=token, **options)
    if env.zendesk_url:
        made["zendesk"] = switched_on("zendesk", url=env.zendesk_url, email=env.zendesk_email, token=env.zendesk_token.get_secret_value())
    for hook in crm.post_call:
        made[hook.name] = switched_on("post_call", name=hook.name, url=hook.url, secret=env.post_call_secret.get_secret_value())
    return made
