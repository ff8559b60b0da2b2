"""What credentials look like, kind by kind: those that detect-secrets knows, others, and values of secret-looking names.

A kind is tried only where one of its `anchors` stands, of which one is in every match. A text without costs one search each.
"""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Callable

log = logging.getLogger(__name__)

REACH = 300
"""Characters on either side of an anchor that a match may span."""
AT, BEHIND, AROUND, ANYWHERE = "at", "behind", "around", "anywhere"
"""Where a match lies: it begins with the anchor; right behind it, where it ends a name; somewhere around; no anchor tells."""

START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrtbf])|(?<=%[0-9A-F]{2})|(?<=\\u00[0-9a-f]{2}))"
END = r"(?![A-Za-z0-9_])"
"""Nothing that goes on is a key: a base64 image holds any letters. Before one may stand `\\n` of a repr, `%3D`, `\\u003d`."""

COMMON_PASSWORDS = frozenset(
    "password passw0rd password1 password123 changeme change_me secret secret123 mysecret mypassword my_password your_password "
    "yourpassword example examplepassword test1234 testtest username localhost undefined anonymous required optional disabled "
    "enabled none null true false 12345678 123456789 placeholder redacted hidden default postgres mysql root admin guest".split()
)
"""What documentation writes where a password goes."""
_TEMPLATE = re.compile(
    r"[{}<>$«»•…]|%\(|%s|\*{3}|x{5}|X{5}|\.{3}|\b[Yy]our|[Yy]our[_-]|YOUR[_-]|[Ee]xample|EXAMPLE|[Pp]laceholder|dummy|0{8}|12345678"
)
_WORD = re.compile(r"[A-Za-z][a-z]{2,}|[A-Z]{3,}")


@dataclass(frozen=True)
class Kind:
    kind: str
    """As in a placeholder: aws-key"""
    pattern: re.Pattern[str]
    anchors: tuple[str, ...]
    is_lower: bool = False
    """Anchors are in lower case, and the text's own case does not matter."""
    where: str = AT
    behind: re.Pattern[str] | None = None
    """What the text up to the anchor's end must end with, where the match is behind it: the name."""
    reach: int = REACH
    is_secret: Callable[[str], bool] = lambda value: is_mixed(value)
    is_learned: bool = True
    """Once found, the same value is replaced wherever it stands, also where no pattern would see it."""


def entropy(value: str) -> float:
    """Shannon's, in bits a character: 'aaaa' -> 0, 32 random hex digits -> about 3.6, 40 of base64 -> about 4.8"""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) if value else 0.0


def is_mixed(value: str) -> bool:
    """Not `AKIAXXXXXXXXXXXXXXXX`, not `sk-aaaaaaaa`, not a template."""
    return len(set(value)) >= 8 and _TEMPLATE.search(value) is None


def is_random(value: str) -> bool:
    """Letters and digits as a generator gives them, 16 or more: not words, names, paths, dates or numbers."""
    if len(value) < 16 or any(map(str.isspace, value)) or re.match(r"\w+://", value) or not is_mixed(value):
        return False
    n_digits, n_letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
    has_cases = value.lower() != value != value.upper()
    if n_letters < 2 or (n_digits < 2 and not has_cases):
        return False
    if not n_digits and (len(value) < 20 or _share_of_words(value) > 0.3):
        return False
    if entropy(value) < (3.0 if len(value) < 24 or re.fullmatch("[0-9a-fA-F]+", value) else 3.4):
        return False
    return _share_of_words(value) < (0.5 if re.search(r"[_. -]", value) else 0.7)


def is_password(value: str) -> bool:
    """As a person chooses them: eight characters or more, of several sorts, and nothing that an example would have."""
    if len(value) < 8 or value.lower() in COMMON_PASSWORDS or _TEMPLATE.search(value) or value.isdigit():
        return False
    sorts = sum((value.lower() != value, value.upper() != value, any(map(str.isdigit, value)),
                 any(not letter.isalnum() and letter not in " _-.:/@" for letter in value)))
    return sorts >= 2 and _share_of_words(value) < 0.95 and not re.match(r"[./~]|\w+://", value)


def is_url_password(value: str) -> bool:
    """Between `user:` and `@` there stands nothing else."""
    return len(value) >= 8 and value.lower() not in COMMON_PASSWORDS and not _TEMPLATE.search(value) and len(set(value)) >= 5


def is_bare_password(value: str) -> bool:
    """Without quotes, as in YAML or after `export`: `config.password2` and `getpass` are code, no password."""
    has_sorts = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return has_sorts and is_password(value) and re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+", value) is None


def is_short_token(value: str) -> bool:
    """A quoted value of a name like `token`: random, or shorter and of three sorts of characters."""
    if is_random(value):
        return True
    is_of_all = value.lower() != value != value.upper() and any(map(str.isdigit, value))
    return 10 <= len(value) and is_of_all and " " not in value and is_password(value) and entropy(value) >= 3.0


def _share_of_words(value: str) -> float:
    """'bert_base_uncased' -> 0.9, a random key -> about 0.3. A word has vowels, and not only those."""
    n_in_words = 0
    for match in _WORD.finditer(value):
        word = match[0].lower()
        if len(word) >= 3 and 0.2 <= sum(letter in "aeiouy" for letter in word) / len(word) <= 0.67:
            n_in_words += len(word)
    return n_in_words / len(value)


def _any(value: str) -> bool:
    return True


def _plain(kind: str, pattern: str, *anchors: str, where: str = AT, is_secret: Callable[[str], bool] = is_mixed) -> Kind:
    return Kind(kind, re.compile(f"{START}(?:{pattern}){END}"), anchors, where=where, is_secret=is_secret)


OURS = (
    # What detect-secrets 1.5 has no pattern for, or an outdated one. Sources: the providers' own pages on their tokens' forms.
    _plain("github-token", r"github_pat_[A-Za-z0-9_]{36,255}", "github_pat_"),
    _plain("openai-key", r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,250}", "sk-"),
    _plain("openai-key", r"sk-[A-Za-z0-9]{32,64}", "sk-"),
    _plain("anthropic-key", r"sk-ant-[a-z0-9]{3,12}-[A-Za-z0-9_-]{20,250}", "sk-ant-"),
    _plain("openrouter-key", r"sk-or-v1-[0-9a-f]{32,64}", "sk-or-"),
    _plain("huggingface-token", r"(?:hf|api_org)_[A-Za-z]{34,40}|hf_[A-Za-z0-9]{30,40}", "hf_", "api_org_"),
    _plain("google-key", r"AIza[0-9A-Za-z_-]{35}", "AIza"),
    _plain("google-oauth", r"ya29\.[0-9A-Za-z_-]{20,250}|GOCSPX-[A-Za-z0-9_-]{28}|1//0[0-9A-Za-z_-]{40,110}",
           "ya29.", "GOCSPX-", "1//0"),
    _plain("azure-secret", r"[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}", "Q~", where=AROUND),
    _plain("databricks-token", r"dapi[0-9a-f]{32}(?:-\d)?", "dapi"),
    _plain("digitalocean-token", r"do[opr]_v1_[0-9a-f]{64}", "dop_v1_", "doo_v1_", "dor_v1_"),
    _plain("npm-token", r"npm_[A-Za-z0-9]{36}", "npm_"),
    _plain("slack-token", r"(?:xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]{16,}|xox[abeoprs]-[A-Za-z0-9-]{16,250})", "xapp-", "xox"),
    _plain("stripe-key", r"(?:[rs]k_(?:live|test)_[0-9A-Za-z]{16,120}|whsec_[A-Za-z0-9]{32,64})",
           "sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"),
    _plain("shopify-token", r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}", "shp"),
    _plain("square-token", r"(?:sq0atp-[0-9A-Za-z_-]{22}|EAAA[A-Za-z0-9_-]{60})", "sq0atp-", "EAAA"),
    _plain("mailgun-key", r"key-[0-9a-z]{32}", "key-", is_secret=is_random),
    _plain("dropbox-token", r"sl\.[A-Za-z0-9_-]{100,250}", "sl."),
    _plain("linear-key", r"lin_(?:api|oauth)_[A-Za-z0-9]{32,64}", "lin_"),
    _plain("notion-token", r"(?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,50})", "secret_", "ntn_"),
    _plain("airtable-token", r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}", "pat"),
    _plain("replicate-token", r"r8_[A-Za-z0-9]{37}", "r8_"),
    _plain("groq-key", r"gsk_[A-Za-z0-9]{48,56}", "gsk_"),
    _plain("perplexity-key", r"pplx-[A-Za-z0-9]{40,56}", "pplx-"),
    _plain("xai-key", r"xai-[A-Za-z0-9]{70,90}", "xai-"),
    _plain("vault-token", r"hv[sbr]\.[A-Za-z0-9_-]{24,250}", "hvs.", "hvb.", "hvr."),
    _plain("terraform-token", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70}", ".atlasv1.", where=AROUND),
    _plain("doppler-token", r"dp\.(?:pt|st|ct|sa)\.(?:[a-z0-9_-]+\.)?[A-Za-z0-9]{40,44}", "dp."),
    _plain("grafana-token", r"gl(?:c_[A-Za-z0-9+/]{32,400}={0,2}|sa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8})", "glc_", "glsa_"),
    _plain("postman-key", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}", "PMAK-"),
    _plain("newrelic-key", r"NR(?:AK|II|AA)-[A-Z0-9]{27,32}|[0-9a-f]{36}NRAL", "NRAK-", "NRII-", "NRAA-", "NRAL",
           where=AROUND),
    _plain("pulumi-token", r"pul-[0-9a-f]{40}", "pul-"),
    _plain("planetscale-token", r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}", "pscale_"),
    _plain("docker-token", r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,40}", "dckr_"),
    _plain("atlassian-token", r"ATATT3[A-Za-z0-9_=-]{60,250}", "ATATT3"),
    _plain("age-key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}", "AGE-SECRET-KEY-"),
    _plain("wandb-key", r"wandb_v\d_[A-Za-z0-9_]{40,100}", "wandb_v"),
    _plain("jwt", r"eyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{8,2000})?", "eyJ",
           is_secret=lambda value: _jwt_is_valid(value)),
    Kind("private-key", re.compile(
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[\s\S]{16,12000}?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|(?:\s|\\n|[A-Za-z0-9+/=]){16,12000})"
        r"|PuTTY-User-Key-File-[23]:[\s\S]{16,12000}?Private-MAC: [0-9a-f]+"
    ), ("-----BEGIN ", "PuTTY-User-Key-File-"), is_secret=_any, is_learned=False),
)

_DETECTORS = (
    # module, class, kind, anchors, where
    ("artifactory", "ArtifactoryDetector", "artifactory-token", ("AKC", "AP"), AROUND),
    ("aws", "AWSKeyDetector", "aws-key", ("AKIA", "ASIA", "ABIA", "ACCA", "A3T", "aws", "AWS", "Aws"), AROUND),
    ("azure_storage_key", "AzureStorageKeyDetector", "azure-storage-key", ("AccountKey=",), AT),
    ("basic_auth", "BasicAuthDetector", "url-password", ("://",), AT),
    ("cloudant", "CloudantDetector", "cloudant-key", ("cloudant", "clou"), AROUND),
    ("discord", "DiscordBotTokenDetector", "discord-token", (), ANYWHERE),
    ("github_token", "GitHubTokenDetector", "github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), AT),
    ("gitlab_token", "GitLabTokenDetector", "gitlab-token",
     ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "GR1348941", "glcbt-"), AT),
    ("mailchimp", "MailchimpDetector", "mailchimp-key", ("-us",), AROUND),
    ("npm", "NpmDetector", "npm-token", ("_authToken",), AROUND),
    ("openai", "OpenAIDetector", "openai-key", ("sk-",), AT),
    ("pypi_token", "PypiTokenDetector", "pypi-token", ("pypi-",), AT),
    ("sendgrid", "SendGridDetector", "sendgrid-key", ("SG.",), AT),
    ("slack", "SlackDetector", "slack-token", ("xox", "XOX", "https://hooks.slack.com"), AT),
    ("softlayer", "SoftlayerDetector", "softlayer-key", ("softlayer", "SOFTLAYER"), AROUND),
    ("square_oauth", "SquareOAuthDetector", "square-token", ("sq0csp-",), AT),
    ("stripe", "StripeDetector", "stripe-key", ("sk_live_", "rk_live_"), AT),
    ("telegram_token", "TelegramBotTokenDetector", "telegram-token", (":AA",), AROUND),
    ("twilio", "TwilioKeyDetector", "twilio-key", ("AC", "SK"), AT),
)
"""Left out: the public address, the keyword and the two entropy detectors, and IBM's, which are names with a value: `assigned`
finds those by both. The private key's and the JWT's find a beginning only."""

_QUOTE = r"""(?:\\?["']|&quot;|&#39;|&#x27;)"""
_NO_SECRET = "cache|sort|order|group|primary|foreign|partition|hash|index|row|column|dict|lookup|public|idempotency|join|object"
_KEY_NAME = re.compile(
    rf"(?i)(?<![\w-])(?![\w-]*(?:{_NO_SECRET})[_-]?key$)[\w-]*?"
    r"(?:(?:api|app|access|secret|private|account|auth|license|encryption|signing|service|master|subscription|consumer)[_-]?key"
    r"|secret|token|credential|authorization|auth|dsn|(?<![a-z])key)$"
)
_PASSWORD_NAME = re.compile(r"(?i)(?:password|passwd|passphrase|passcode|pwd|(?<![a-z])pass|(?<![a-z])pw)$")
_AFTER_NAME = r"s?(?:[_-]?(?:\d{1,2}|prod|dev|live|test|value|str|new|old|hash))?"
_ASSIGNS = rf"(?:{_QUOTE})?\s{{0,9}}\]?\s{{0,9}}(?::\s?(?:str|bytes|Optional\[str\])\s?=|:=|=>|={{1,2}}|:|,)\s{{0,9}}"
_NO_SPACE, _ONE_LINE = r"[^\s\"'\\&«»]", r"[^\n\"'\\&«»]"
_KEY_ANCHORS = ("key", "secret", "token", "credential", "authorization", "auth", "dsn")
_PASSWORD_ANCHORS = ("password", "passwd", "passphrase", "passcode", "pwd", "pass", "pw")


def _quoted(characters: str, least: int) -> re.Pattern[str]:
    value = rf"[rbfu]{{0,2}}{_QUOTE}(?P<value>{characters}{{{least},400}}?)(?={_QUOTE})"
    return re.compile(rf"(?i){_AFTER_NAME}{_ASSIGNS}{value}")


ASSIGNED = (
    Kind("assigned", _quoted(_NO_SPACE, 10), _KEY_ANCHORS, True, BEHIND, _KEY_NAME, is_secret=is_short_token),
    Kind("password", _quoted(_ONE_LINE, 8), _PASSWORD_ANCHORS, True, BEHIND, _PASSWORD_NAME, is_secret=is_password),
    # `export API_TOKEN=…`, `%env`, `.env` lines, `?token=…&`, `--token …`, YAML and INI without quotes
    Kind("assigned", re.compile(
        rf"(?i){_AFTER_NAME}(?:\s{{0,9}}[=:]\s{{0,9}}|\s{{1,9}})(?P<value>[A-Za-z0-9+/_~%-]{{16,400}}={{0,2}})(?![\w(\[.«])"
    ), _KEY_ANCHORS, True, BEHIND, _KEY_NAME, is_secret=is_random),
    Kind("password", re.compile(
        r"(?i)(?:\s{0,9}=|:[ \t]|[ \t])[ \t]{0,9}(?P<value>[^\s\"'«()\[\],;{}&=]{8,200})(?=[\s;&]|$)"
    ), _PASSWORD_ANCHORS, True, BEHIND, re.compile(r"(?i)(?:password|passwd|passphrase|(?<![a-z])pwd)$"),
        is_secret=lambda value: is_bare_password(value)),
    Kind("bearer-token", re.compile(r"(?i)\s*(?P<value>[A-Za-z0-9+/_.~-]{16,2000}={0,2})"), ("bearer ", "basic "), True, BEHIND,
         re.compile(r"(?i)\b(?:bearer|basic) $"), is_secret=is_random),
    Kind("signature", re.compile(r"(?i)(?P<value>[A-Za-z0-9+/_%.~-]{16,1500}={0,2})"),
         ("sig=", "signature=", "security-token=", "code="), True, BEHIND,
         re.compile(r"(?i)[?&;](?:sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token|code)=$"),
         is_secret=is_random),
)


@cache
def kinds() -> tuple[Kind, ...]:
    """All of them. The first call loads detect-secrets: about 0.2 s."""
    try:
        return (*_of_detect_secrets(), *OURS, *ASSIGNED)
    except (ImportError, AttributeError):  # missing, or a version that we do not know: what we know ourselves is still found
        log.exception("detect-secrets cannot be used: its kinds of secrets are not found")
        return (*OURS, *ASSIGNED)


def _of_detect_secrets() -> tuple[Kind, ...]:
    import importlib  # late, like what it brings: it loads an HTTP client, and most texts hold no anchor

    found = []
    for module, name, kind, anchors, where in _DETECTORS:
        detector = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        for number, pattern in enumerate(detector.denylist):
            is_doubted = kind in _DOUBTED or (kind == "aws-key" and number)  # the second finds secret keys by a name nearby
            is_secret = is_url_password if kind == "url-password" else is_random if is_doubted else is_mixed
            found.append(Kind(kind, pattern, anchors, where=where, is_secret=is_secret))
    return tuple(found)


_DOUBTED = ("artifactory-token", "mailchimp-key", "twilio-key", "discord-token", "softlayer-key", "cloudant-key")
"""Their patterns also fit words and names."""


@cache
def all_anchors() -> tuple[frozenset[str], frozenset[str]]:
    """(as they stand, in lower case), without loading anything. A text with none of them may still hold what lies ANYWHERE."""
    exact = {anchor for _, _, _, anchors, _ in _DETECTORS for anchor in anchors}
    exact |= {anchor for kind in (*OURS, *ASSIGNED) if not kind.is_lower for anchor in kind.anchors}
    return frozenset(exact), frozenset(anchor for kind in ASSIGNED if kind.is_lower for anchor in kind.anchors)


def _jwt_is_valid(value: str) -> bool:
    from detect_secrets.plugins.jwt import JwtTokenDetector  # late: see above

    return JwtTokenDetector.is_formally_valid(".".join(value.split(".")[:2]))
