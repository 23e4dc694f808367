"""Rules about the provider: whether there is one of that name, and what it can do."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.manifests.places import Place, shown
from trunkline.core.manifests.rules import Complaint, Context, Rulebook, Scope

PROVIDER = Rulebook()


@PROVIDER.rule(
    "provider-unknown",
    "warning",
    Scope.INTEGRATION,
    sentence="The provider is in the server's catalog.",
    remedy="Correct its name, or define the provider before customers connect.",
)
def provider_unknown(integration: Place, context: Context) -> Iterator[Complaint]:
    """A provider may be defined later."""
    provider = integration.get("provider")
    if provider is not None and provider.text and context.is_provider_known is False:
        yield provider, f"The provider {shown(provider.text)} is not in this server's catalog."


@PROVIDER.rule(
    "provider-module",
    "error",
    Scope.INTEGRATION,
    sentence="The module is one of the provider's, where its modules are known.",
    remedy="Use one of the provider's modules, or remove `module`.",
)
def provider_module(integration: Place, context: Context) -> Iterator[Complaint]:
    """A module says which of the provider's APIs is meant."""
    module = integration.get("module")
    if module is None or not module.text or context.modules is None or module.text in context.modules:
        return
    known = ", ".join(sorted(context.modules)[:10]) or "none"
    yield module, f"The provider has no module {shown(module.text)}; its modules are: {known}."


@PROVIDER.rule(
    "provider-action",
    "error",
    Scope.INTEGRATION,
    sentence="The provider supports what the integration does, where that is known.",
    remedy="Remove the section, or use a provider or module that supports it.",
)
def provider_action(integration: Place, context: Context) -> Iterator[Complaint]:
    """What a provider cannot do is not declared."""
    if context.support is None:
        return
    for action in ("read", "write", "subscribe", "proxy"):
        if integration.get(action) is not None and context.support.allows(action) is False:
            provider = shown(integration.text_at("provider"))
            yield integration.key(action), f"The provider {provider} does not support `{action}`."


@PROVIDER.rule(
    "proxy-module",
    "warning",
    Scope.INTEGRATION,
    sentence="`proxy.useModule` stands where a `module` is given.",
    remedy="Add `module`, or remove `useModule`.",
)
def proxy_module(integration: Place, _: Context) -> Iterator[Complaint]:
    """There is a module whose base URL can be used."""
    proxy = integration.get("proxy")
    uses = proxy.get("useModule") if proxy is not None else None
    if uses is not None and uses.is_true and integration.get("module") is None:
        yield uses, "There is no module whose base URL the proxy could use."
