"""What is taken for a secret, and what is not: planted ones of every kind are found, what only looks random is left alone."""

from __future__ import annotations

import base64
import hashlib
import random
import uuid
from pathlib import Path

import pytest

from dotscience_jlab.recording.notebook_texts import with_texts
from dotscience_jlab.recording.secrets import find_secrets
from tests.secrets.planted import Maker, named, plant, shapes

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks" / "files").glob("*.ipynb"))
SEED = 20261128


def found_in(text: str) -> list[str]:
    return [text[each.start : each.end] for each in find_secrets(text)]


@pytest.mark.parametrize("kind", [*shapes(Maker(0)), *named(Maker(0))])
def test_every_kind_is_found(kind: str) -> None:
    lines = [each for each in plant(46 * 10, SEED) if each[0] == kind]
    assert len(lines) == 10
    for _, line, value in lines:
        text = f"import os\n{line}\nprint(1)\n"
        assert any(value in each for each in found_in(text)), line


@pytest.mark.parametrize("kind", shapes(Maker(0)))
def test_one_that_has_a_form_of_its_own_is_found_wherever_it_stands(kind: str) -> None:
    value = shapes(Maker(SEED))[kind]()
    colour = value if "\n" in value else f"\x1b[33m'{value}'\x1b[39m"
    for text in (value, f"printed {value}, and more", f"<td>{value}</td>", colour, repr(f"a\n{value}\n"), f"{{'k': '{value}'}}"):
        held = value if "\n" not in text and "\n" in value else value
        joined = "".join(found_in(text))
        assert held in joined or repr(held)[1:-1] in joined, text


def harmless() -> list[str]:
    rng = random.Random(SEED)
    image = base64.b64encode(rng.randbytes(60_000)).decode()
    sha1, sha256 = hashlib.sha1(b"x").hexdigest(), hashlib.sha256(b"x").hexdigest()
    return [
        sha1, f"commit {sha1}", f'"sha256:{sha256}"', str(uuid.UUID(int=rng.getrandbits(128))), f"id: {rng.getrandbits(32):08x}",
        f'<img src="data:image/png;base64,{image}">', image,
        "\n".join(image[at : at + 76] for at in range(0, len(image), 76)),
        "RandomForestClassifier(max_depth=3, n_estimators=100, random_state=0)",
        "wandb: Run 3k5j2x9q at https://wandb.ai/a/b/runs/3k5j2x9q",
        'tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")',
        'tokenizer.pad_token = "<|endoftext|>"', "max_tokens=4096",
        'df.sort_values(key="created_at_desc_2021")', 'api_key="YOUR_API_KEY"', 'password = getpass.getpass("Password: ")',
        'token = os.environ["API_TOKEN"]', "auth = config.auth_token_v2", 'password="password"', "passwd: required",
        "Authorization: Bearer <token>", "postgresql://user:password@localhost/db", "https://example.org/a?key=value&page=2",
        "token classification: dslim/bert-base-NER-uncased-v2", "secret_key: the primary key of the table, 32 characters",
        "/home/ann/.cache/huggingface/hub/models--bert-base-uncased/snapshots/86b5e0934494bd15c9632b12f734a8a67f723594",
        f'cache_key = "{sha1}"', f"public_key='{sha256}'", f'{{"primary-key": "{sha1}"}}',
        '{"key": "petal_width_in_centimetres", "token": 17}', "0x7f3a5c2d1e00",
        "AKIA" + "IOSFODNN7EXAMPLE",  # of AWS's documentation
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    ]


@pytest.mark.parametrize("number", range(len(harmless())))
def test_what_only_looks_random_is_left_alone(number: int) -> None:
    assert found_in(harmless()[number]) == []


def test_a_placeholder_is_no_secret() -> None:
    text = 'api_key = "«secret:openai-key·1a2b3c4d»"\npassword="«secret:DB_PASSWORD»"'
    assert found_in(text) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_real_notebooks_hold_none(path: Path) -> None:
    data = path.read_bytes()

    def looked_at(text: str) -> str:
        assert found_in(text) == []
        return text

    assert with_texts(data, looked_at) is data
