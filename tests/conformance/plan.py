"""A certification plan: its modules by name, in the published order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Module = Callable[..., None]


@dataclass
class Plan:
    """`@plan.module("oidcc-server", "C-3.1")` adds a row; `parametrize(**plan.rows)` runs them all."""

    modules: dict[str, Module] = field(default_factory=dict)

    def module(self, name: str, clause: str) -> Callable[[Module], Module]:
        """The decorated function is the module; the clause is what the page cites."""
        assert clause, f"{name}: which clause demands it?"

        def add(function: Module) -> Module:
            assert name not in self.modules, f"{name} is there twice"
            self.modules[name] = function
            return function

        return add

    @property
    def rows(self) -> dict[str, Any]:
        return {"argnames": "module", "argvalues": list(self.modules.values()), "ids": list(self.modules)}
