"""Credentials to plant: made up when a test runs, of the forms that providers give them. None was ever valid, none stands here."""

from __future__ import annotations

import base64
import json
import random
import string
from typing import Callable, Iterator

ALNUM, UPPER, HEX = string.ascii_letters + string.digits, string.ascii_uppercase, "0123456789abcdef"
BASE32 = UPPER + "234567"


class Maker:
    """Seeded: the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def row(self, n: int, letters: str = ALNUM) -> str:
        """As a generator gives them: with digits and letters, where the alphabet has both."""
        is_of_both = any(map(str.isdigit, letters)) and any(map(str.isalpha, letters)) and n >= 8
        while True:
            found = "".join(self._random.choice(letters) for _ in range(n))
            if not is_of_both or (any(map(str.isdigit, found)) and any(map(str.isalpha, found))):
                return found

    def jwt(self) -> str:
        parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": self.row(10), "iat": 1516239022})
        head, body = (base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts)
        return f"{head}.{body}.{self.row(43)}"

    def pem(self, kind: str) -> str:
        lines = "\n".join(self.row(64, ALNUM + "+/") for _ in range(6))
        return f"-----{'BEGIN'} {kind}PRIVATE KEY-----\n{lines}\n-----{'END'} {kind}PRIVATE KEY-----"


def shapes(make: Maker) -> dict[str, Callable[[], str]]:
    """kind -> makes one that can be told by its form alone, wherever it stands."""
    row = make.row
    return {
        "aws": lambda: "AK" + "IA" + row(16, BASE32),
        "aws-temporary": lambda: "AS" + "IA" + row(16, BASE32),
        "github": lambda: "gh" + "p_" + row(36),
        "github-fine": lambda: "github" + "_pat_" + row(22) + "_" + row(59),
        "gitlab": lambda: "gl" + "pat-" + row(20),
        "slack-bot": lambda: "xo" + f"xb-{row(12, string.digits)}-{row(12, string.digits)}-{row(24)}",
        "slack-hook": lambda: "https://hooks." + f"slack.com/services/T{row(8, UPPER)}/B{row(8, UPPER)}/{row(24)}",
        "stripe": lambda: "sk" + "_live_" + row(24),
        "stripe-restricted": lambda: "rk" + "_live_" + row(24),
        "openai": lambda: "sk" + "-proj-" + row(48),
        "openai-old": lambda: "sk" + "-" + row(20) + "T3Blbk" + "FJ" + row(20),
        "anthropic": lambda: "sk" + "-ant-api03-" + row(80),
        "huggingface": lambda: "h" + "f_" + row(34, string.ascii_letters),
        "google": lambda: "AI" + "za" + row(35),
        "google-secret": lambda: "GOC" + "SPX-" + row(28),
        "sendgrid": lambda: "S" + "G." + row(22) + "." + row(43),
        "twilio": lambda: "S" + "K" + row(32, HEX),
        "mailchimp": lambda: row(32, HEX) + "-us" + row(2, "123456789"),
        "npm": lambda: "np" + "m_" + row(36),
        "pypi": lambda: "py" + "pi-AgEIcHlwaS5vcmc" + row(80),
        "databricks": lambda: "da" + "pi" + row(32, HEX),
        "digitalocean": lambda: "do" + "p_v1_" + row(64, HEX),
        "shopify": lambda: "shp" + "at_" + row(32, HEX),
        "square": lambda: "sq0" + "csp-" + row(43),
        "telegram": lambda: row(9, "123456789") + ":A" + "A" + row(33),
        "discord": lambda: "M" + row(23) + "." + row(6) + "." + row(27),
        "azure-secret": lambda: row(3) + "8Q" + "~" + row(34),
        "vault": lambda: "hv" + "s." + row(24),
        "groq": lambda: "gs" + "k_" + row(52),
        "replicate": lambda: "r" + "8_" + row(37),
        "airtable": lambda: "pa" + "t" + row(14) + "." + row(64, HEX),
        "linear": lambda: "lin" + "_api_" + row(40),
        "docker": lambda: "dckr" + "_pat_" + row(27),
        "jwt": make.jwt,
        "rsa": lambda: make.pem("RSA "),
        "openssh": lambda: make.pem("OPENSSH "),
    }


def named(make: Maker) -> dict[str, Callable[[], tuple[str, str]]]:
    """kind -> makes (a line of code, the secret in it): only the name says that it is one."""
    row = make.row

    def line(pattern: str, value: str) -> tuple[str, str]:
        return pattern.replace("@", value), value

    return {
        "aws-secret": lambda: line('aws_secret_access_key = "@"', row(40, ALNUM + "/+")),
        "api-key": lambda: line('client = Client(api_key="@")', row(32)),
        "wandb": lambda: line('wandb.login(key="@")', row(40, HEX)),
        "password": lambda: line("connect(user='ann', password='@')", row(6) + "-" + row(5) + "!9x"),
        "url": lambda: line('engine = create_engine("postgresql://ann:@@db.example.org/churn")'.replace("@@", "@\0"), row(14)),
        "dictionary": lambda: line("""config = {"client_secret": "@", "retries": 3}""", row(32)),
        "environment": lambda: line("""os.environ["SERVICE_TOKEN"] = "@\"""", row(40)),
        "header": lambda: line("""headers = {"Authorization": "Bearer @"}""", row(40)),
        "azure-storage": lambda: line('text = "AccountName=x;AccountKey=@;EndpointSuffix=x"', row(86, ALNUM + "+/") + "=="),
        "signature": lambda: line('url = "https://x.blob.example.org/a.csv?sv=2024-01-01&sig=@"', row(43) + "%3D"),
    }


def plant(n: int, seed: int, begin: int = 0) -> Iterator[tuple[str, str, str]]:
    """(kind, a line of Python that holds it, the secret), `n` of them, of all kinds in turn, from the `begin`th on."""
    make = Maker(seed)
    of_shape, of_name = shapes(make), named(make)
    kinds = [*of_shape, *of_name]
    for number in range(begin, begin + n):
        kind = kinds[number % len(kinds)]
        if kind in of_shape:
            value = of_shape[kind]()
            yield kind, f"value_{number} = {value!r}" if "\n" not in value else f'value_{number} = """{value}"""', value
        else:
            code, value = of_name[kind]()
            yield kind, code.replace("\0", "@"), value
