"""Requests that a fuzzer makes, guided by which lines of the codecs they reach: ``python -m benchmarks.fuzz SECONDS``.

Needs atheris (``pip install atheris``). It starts from the recorded requests of every provider; the first byte of an
input chooses the provider, the rest is the body. It ends at the first answer that is a 500 or an exception, and writes
the input beside it, as libFuzzer does.
"""

import logging
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import click

__all__ = ["main"]

SEEDS_PER_PROVIDER = 200


def write_seeds(folder: Path) -> dict[int, str]:
    """The bodies of recorded requests as files; which path a first byte stands for."""
    from llm_sdk.registry import get_codec, provider_names
    from mock_server.cassette import load_cassette

    paths: dict[int, str] = {}
    for number, provider in enumerate(provider_names()):
        entries = [entry for entry in files(f"cassettes.{provider}").iterdir() if entry.name.endswith(".yaml")]
        for at, entry in enumerate(sorted(entries, key=str)[:SEEDS_PER_PROVIDER]):
            request = load_cassette(Path(str(entry))).interactions[0].request
            path = request.uri.partition("://")[2].partition("/")[2]
            paths.setdefault(number, get_codec(provider).endpoint.mount + "/" + path)
            (folder / f"{number}-{at}").write_bytes(bytes([number]) + request.body)
    return paths


@click.command()
@click.argument("seconds", type=int)
@click.option("--corpus", type=click.Path(file_okay=False, path_type=Path), help="Where what was found is kept.")
def main(seconds: int, corpus: Path | None) -> None:
    """Fuzz the request parsers of every provider for so many seconds."""
    import atheris

    with atheris.instrument_imports(include=["llm_sdk", "mock_server"]):
        from llm_sdk.registry import get_codec, provider_names
        from mock_server.engine import Engine
        from mock_server.reply import ReplyPlan
        from mock_server.routes import Routes

        codecs = [get_codec(name) for name in provider_names()]

    logging.disable(logging.CRITICAL)
    seeds = corpus or Path(tempfile.mkdtemp())
    seeds.mkdir(exist_ok=True)
    paths = write_seeds(seeds)
    routes = Routes(Engine(codecs=codecs))

    def ask(data: bytes) -> None:
        path = paths.get(data[0] % len(paths)) if data else None
        if path is None:
            return
        plan = routes.answer("POST", path, {"content-type": "application/json"}, data[1:])
        if not isinstance(plan, ReplyPlan) or plan.status >= 500:
            raise AssertionError(f"{path}: {plan}")

    atheris.Setup([sys.argv[0], str(seeds), f"-max_total_time={seconds}", "-max_len=4096"], ask)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
