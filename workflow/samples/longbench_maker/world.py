"""A small made-up country: towns, people, buildings, rivers and works that refer to each other."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from .chance import Chance, Deck

PHRASES = Path(__file__).parent / "phrases"
SHE = {"they": "she", "them": "her", "their": "her", "themself": "herself"}
HE = {"they": "he", "them": "him", "their": "his", "themself": "himself"}


def phrases(name: str) -> dict:
    """Return one file of words and sentence forms."""
    return yaml.safe_load((PHRASES / f"{name}.yaml").read_text(encoding="utf-8"))


ENGLISH = phrases("english")
SLOTS = ENGLISH["slots"]


@dataclass(frozen=True)
class Entity:
    """One thing to write about: its kind (a theme of the phrases) and the facts of its lead."""

    kind: str
    name: str
    facts: dict[str, str]
    years: tuple[int, int]

    def passage(self, chance: Chance, sentences: int = 8) -> str:
        """Return a paragraph: the lead, which holds all facts, then `sentences` more."""
        theme = ENGLISH["themes"][self.kind]
        slots = SLOTS | {"year": [str(year) for year in range(*self.years)]}
        fixed = self.facts | {"name": self.name}
        deck = Deck(chance, theme["body"])
        body = [chance.fill(deck.deal(), slots, fixed) for _ in range(sentences)]
        return " ".join([chance.fill(theme["lead"], slots, fixed), *body])


class World:
    """Entities made from a seed; names are unique, and the facts of one point to others."""

    def __init__(self, chance: Chance):
        towns = chance.shuffled(SLOTS["town"])
        rivers = chance.shuffled(SLOTS["river_name"])
        lasts = chance.shuffled(SLOTS["last"])
        self.rivers = [self._river(chance, name, towns) for name in rivers]
        self.towns = [
            self._town(chance, name, rivers[i % len(rivers)], towns)
            for i, name in enumerate(towns[:12])
        ]
        self.people = [self._person(chance, last, towns[:12]) for last in lasts[:9]]
        halls = chance.shuffled(SLOTS["hall"])
        self.buildings = [
            self._building(chance, f"{hall} of {towns[i]}", towns[i], self.people[i])
            for i, hall in enumerate(halls)
        ]
        products = chance.shuffled(SLOTS["product"])
        self.works = [
            self._works(chance, product, self.people[-1 - i], towns[i])
            for i, product in enumerate(products[:6])
        ]

    @property
    def entities(self) -> list[Entity]:
        """All entities."""
        return [*self.rivers, *self.towns, *self.people, *self.buildings, *self.works]

    def find(self, name: str) -> Entity:
        """Return the entity of that name."""
        return next(entity for entity in self.entities if entity.name == name)

    @staticmethod
    def _river(chance: Chance, name: str, towns: list[str]) -> Entity:
        facts = {
            "length": str(chance.number(41, 389)),
            "source": chance.pick(towns),
            "mouth": chance.pick(SLOTS["mouth"]),
        }
        return Entity("river", name, facts, (1790, 1980))

    @staticmethod
    def _town(chance: Chance, name: str, river: str, towns: list[str]) -> Entity:
        facts = {
            "river": river,
            "distance": str(chance.number(6, 48)),
            "near": chance.pick([town for town in towns if town != name]),
        }
        return Entity("town", name, facts, (1790, 1980))

    @staticmethod
    def _person(chance: Chance, last: str, towns: list[str]) -> Entity:
        pronouns, first = chance.pick([(SHE, "first_she"), (HE, "first_he")])
        born = chance.number(1792, 1895)
        died = born + chance.number(48, 87)
        birthplace, deathplace = chance.some(towns, 2)
        facts = {
            **pronouns,
            **{key.capitalize(): word.capitalize() for key, word in pronouns.items()},
            "born": str(born),
            "died": str(died),
            "birthplace": birthplace,
            "deathplace": deathplace,
        }
        return Entity("person", f"{chance.pick(SLOTS[first])} {last}", facts, (born + 21, died))

    @staticmethod
    def _building(chance: Chance, name: str, town: str, architect: Entity) -> Entity:
        opened = int(architect.facts["born"]) + chance.number(30, 47)
        facts = {"town": town, "architect": architect.name, "opened": str(opened)}
        return Entity("building", name, facts, (opened + 1, opened + 70))

    @staticmethod
    def _works(chance: Chance, product: str, founder: Entity, town: str) -> Entity:
        founded = int(founder.facts["born"]) + chance.number(24, 45)
        last = founder.name.split()[-1]
        name = f"{last} {chance.pick(['Works', 'and Company', 'Brothers'])}"
        facts = {
            "product": product,
            "founder": founder.name,
            "founded": str(founded),
            "town": town,
        }
        return Entity("works", name, facts, (founded + 2, founded + 70))
