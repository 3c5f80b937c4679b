"""The verdict on an app: what its requests show that would go wrong with a real provider. No I/O, no clock.

It is judged by the journal alone, in unified types, so that it holds for every provider. Where an app may have meant
what it did, nothing is found: what is found can be relied on.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from llm_sdk.codec import Codec
from mock_server.journal import Exchange
from mock_server.verdict import history, prompts, retries, unfinished
from mock_server.verdict.evidence import Evidence
from mock_server.verdict.findings import Finding, Level, Rule

__all__ = ["RULES", "Finding", "Level", "Rule", "Verdict", "judge"]

RULES: tuple[Rule, ...] = (*retries.RULES, *history.RULES, *unfinished.RULES, *prompts.RULES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found, in the order of the rules; which rules there were, and how many exchanges they were held to.
    ``dropped`` exchanges were forgotten before and are not judged."""

    findings: tuple[Finding, ...]
    rules: tuple[Rule, ...]
    exchanges: int
    dropped: int = 0

    def at_least(self, level: Level) -> tuple[Finding, ...]:
        """The findings of this level and those that are worse."""
        return tuple(finding for finding in self.findings if level in (finding.level, "warning"))

    def __str__(self) -> str:
        """The verdict as text."""
        from mock_server.verdict.formats import as_text

        return as_text(self)


def judge(
    exchanges: Iterable[Exchange], codecs: Iterable[Codec], *, ignore: Iterable[str] = (), dropped: int = 0
) -> Verdict:
    """Judge these exchanges, oldest first, by all rules but those whose ids are in ``ignore``.

    Raises ValueError for an id that no rule has.
    """
    ignored = set(ignore)
    if unknown := ignored - {rule.id for rule in RULES}:
        raise ValueError(f"no rule {', '.join(sorted(unknown))}; there are {', '.join(rule.id for rule in RULES)}")
    rules = tuple(rule for rule in RULES if rule.id not in ignored)
    evidence = Evidence(exchanges, codecs)
    found = tuple(
        Finding(rule.id, seen.level, seen.message, seen.exchanges, rule.advice)
        for rule in rules
        for seen in rule.find(evidence)
    )
    return Verdict(found, rules, len(evidence.exchanges), dropped)
