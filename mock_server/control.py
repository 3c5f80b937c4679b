"""What control calls change in a stand-in. With a shared store each of its servers carries out the same orders."""

from collections.abc import Sequence

from mock_server.fault_rules import FaultRules
from mock_server.script import Script
from mock_server.store import Order

__all__ = ["carry_out"]


def carry_out(order: Order, script: Script, rules: FaultRules, providers: Sequence[str]) -> None:
    """Carry out any order but a reset. Raises ScenarioError for one with a malformed body."""
    # Here, because what reads scenarios takes long to import.
    from mock_server.scenario_files import parse_scenarios, read_fault_rules

    match order.kind:
        case "add-scenarios":
            script.add(parse_scenarios(order.body, providers=providers))
        case "put-scenarios":
            # Those that have the name of one that is there take its place; the others stand behind all.
            named = {scenario.name: scenario for scenario in script.scenarios if scenario.name is not None}
            for scenario in parse_scenarios(order.body, providers=providers):
                script.put(scenario, instead_of=named.get(scenario.name or ""))
        case "add-faults":
            rules.add(read_fault_rules(order.body, providers=providers))
        case "clear-faults":
            rules.clear()
