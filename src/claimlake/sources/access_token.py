"""The OAuth 2 token of an API: fetched with client credentials, kept in memory, renewed in time."""

from dataclasses import dataclass, field

from claimlake.errors import ConfigurationError, SourceError
from claimlake.sources.rest import RestClient

EARLY = 60.0
"""Seconds before its end at which a token is renewed."""
USUAL_LIFE = 300.0
"""Seconds a token is taken to live when its issuer does not say."""


@dataclass
class AccessToken:
    """A client's permission to read an API; shown nowhere."""

    issuer: RestClient
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    scope: str = ""
    _header: str = field(default="", init=False, repr=False)
    _ends_at: float = field(default=0.0, init=False)

    def header(self) -> str:
        """'Bearer …', of a token that lives."""
        if not self._header or self.issuer.clock.now() >= self._ends_at:
            self._fetch()
        return self._header

    def forget(self) -> None:
        """Drop a token that was refused before its time."""
        self._header = ""

    def _fetch(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
        }
        answer = self.issuer.post_form(form | ({"scope": self.scope} if self.scope else {}))
        if answer is None:
            raise ConfigurationError(
                "nothing answers at the token address (status 404).",
                where=self.issuer.where,
                remedy="Correct 'token: url' in the tenant file.",
            )
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise SourceError("the token address answers without a token.", where=self.issuer.where)
        life = answer.get("expires_in")
        seconds = float(life) if isinstance(life, int | float) and life > 0 else USUAL_LIFE
        self._header = f"Bearer {token}"
        self._ends_at = self.issuer.clock.now() + max(seconds - EARLY, seconds / 2)
