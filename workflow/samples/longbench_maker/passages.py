"""English tasks whose context is a set of passages about one made-up country."""

from collections.abc import Callable, Sequence

from .chance import Chance
from .rows import enough, make_row
from .world import Entity, World

PASSAGES_TO_FIND_IN = 30
DISTINCT_PARAGRAPHS = (11, 13)

# A question about the lead of an entity, by its kind: the fact asked for, and the wording.
LEAD_QUESTIONS = {
    "river": ("length", "How many kilometers long is the river {name}?"),
    "town": ("river", "On which river does the town of {name} lie?"),
    "person": ("deathplace", "In which town did {name} die?"),
    "building": ("architect", "Who designed the {name}?"),
    "works": ("product", "What did the company {name} make?"),
}
SUMMARIES = {
    "river": "A river of {length} kilometers is described, from its source near {source} to its "
    "mouth in {mouth}, together with the life on its banks and the uses people made of it.",
    "town": "The text introduces a town that lies about {distance} kilometers from {near} on the "
    "river {river} and tells of its history, its economy and its customs.",
    "person": "This is a sketch of a life that began in {birthplace} in {born} and ended in "
    "{deathplace}; it tells of training, work, setbacks and the opinion of others.",
    "building": "The paragraph is about a building that {architect} designed in {town}. It was "
    "opened in {opened}, and its construction, use and later fate are told.",
    "works": "The subject is a company in {town} that made {product}. It was founded in "
    "{founded} by {founder}, and the text follows its growth and its troubles.",
}


def joined(chance: Chance, world: World, needed: Sequence[Entity]) -> str:
    """Return numbered, titled passages in random order: the needed ones among others."""
    others = chance.shuffled([one for one in world.entities if one not in needed])
    texts = [f"{one.name}\n{one.passage(chance)}" for one in needed]
    while not enough(" ".join(texts)):
        one = others.pop()
        texts.append(f"{one.name}\n{one.passage(chance)}")
    return "\n\n".join(
        f"Passage {number}:\n{text}" for number, text in enumerate(chance.shuffled(texts), 1)
    )


def two_hops(chance: Chance, world: World, index: int) -> tuple[list[Entity], str, str]:
    """Return the passages needed, a question over two of them, and its answer."""
    if index % 2 == 0:
        building = chance.pick(world.buildings)
        person = world.find(building.facts["architect"])
        question = f"In which town was the architect of the {building.name} born?"
        return [building, person], question, person.facts["birthplace"]
    works = chance.pick(world.works)
    person = world.find(works.facts["founder"])
    question = (
        f"In which year did the founder of {works.name}, a maker of {works.facts['product']}, die?"
    )
    return [works, person], question, person.facts["died"]


def comparison(chance: Chance, world: World, index: int) -> tuple[list[Entity], str, str]:
    """Return two passages of a kind, a question that compares them, and its answer."""
    if index % 2 == 0:
        pair = chance.some(world.rivers, 2)
        longer = max(pair, key=lambda river: int(river.facts["length"]))
        question = f"Which river is longer, the {pair[0].name} or the {pair[1].name}?"
        return pair, question, longer.name
    pair = chance.some(world.buildings, 2)
    older = min(pair, key=lambda building: int(building.facts["opened"]))
    question = f"Which was opened first, the {pair[0].name} or the {pair[1].name}?"
    return pair, question, older.name


def three_hops(chance: Chance, world: World, index: int) -> tuple[list[Entity], str, str]:
    """Return the passages needed, a question over three or four of them, and its answer."""
    works = chance.pick(world.works)
    person = world.find(works.facts["founder"])
    home = world.find(person.facts["birthplace"])
    river = world.find(home.facts["river"])
    place = f"the town where the founder of {works.name} was born"
    if index % 2 == 0:
        question = f"How many kilometers long is the river that runs through {place}?"
        return [works, person, home, river], question, river.facts["length"]
    return [works, person, home], f"On which river lies {place}?", river.name


Hops = Callable[[Chance, World, int], tuple[list[Entity], str, str]]


def question_rows(task: str, count: int, hops: Hops) -> list[dict]:
    """Return rows of a multi-document question task."""
    rows = []
    for index in range(count):
        chance = Chance(f"{task} {index}")
        world = World(chance)
        needed, question, answer = hops(chance, world, index)
        context = joined(chance, world, needed)
        rows.append(make_row(task, index, question=question, context=context, answers=[answer]))
    return rows


def hotpotqa(count: int) -> list[dict]:
    """Questions over two passages."""
    return question_rows("hotpotqa", count, two_hops)


def two_wiki(count: int) -> list[dict]:
    """Questions that compare two passages."""
    return question_rows("2wikimqa", count, comparison)


def musique(count: int) -> list[dict]:
    """Questions over three or four passages."""
    return question_rows("musique", count, three_hops)


def lead_question(entity: Entity) -> tuple[str, str]:
    """Return a question about the lead of one entity, and its answer."""
    key, form = LEAD_QUESTIONS[entity.kind]
    return form.format(name=entity.name), entity.facts[key]


def multifieldqa_en(count: int) -> list[dict]:
    """One long guide with headings, and a question about one of its sections."""
    rows = []
    for index in range(count):
        chance = Chance(f"multifieldqa_en {index}")
        world = World(chance)
        left = chance.shuffled(world.entities)
        target = left[4]
        parts = ["A Traveler's Guide to the Country between the Rivers"]
        while not enough("\n\n".join(parts)):
            one = left.pop(0)
            parts.append(f"{len(parts)}. {one.name}\n{one.passage(chance)}")
        question, answer = lead_question(target)
        context = "\n\n".join(parts)
        rows.append(
            make_row("multifieldqa_en", index, question=question, context=context, answers=[answer])
        )
    return rows


def passage_retrieval_en(count: int) -> list[dict]:
    """Thirty paragraphs, and a summary of the one that is to be found."""
    rows = []
    for index in range(count):
        chance = Chance(f"passage_retrieval_en {index}")
        chosen = chance.some(World(chance).entities, PASSAGES_TO_FIND_IN)
        target = chance.number(0, len(chosen) - 1)
        context = "\n\n".join(
            f"Paragraph {number}: {one.passage(chance, sentences=2)}"
            for number, one in enumerate(chosen, 1)
        )
        summary = SUMMARIES[chosen[target].kind].format(**chosen[target].facts)
        answers = [f"Paragraph {target + 1}"]
        rows.append(
            make_row(
                "passage_retrieval_en", index, question=summary, context=context, answers=answers
            )
        )
    return rows


def passage_count(count: int) -> list[dict]:
    """Paragraphs of which some come more than once; asked for is the number of different ones."""
    rows = []
    for index in range(count):
        chance = Chance(f"passage_count {index}")
        distinct = chance.number(*DISTINCT_PARAGRAPHS)
        chosen = chance.some(World(chance).entities, distinct)
        texts = [one.passage(chance, sentences=4) for one in chosen]
        while not enough(" ".join(texts)):
            texts.append(chance.pick(texts[:distinct]))
        context = "\n\n".join(
            f"Paragraph {number}: {text}" for number, text in enumerate(chance.shuffled(texts), 1)
        )
        rows.append(make_row("passage_count", index, context=context, answers=[str(distinct)]))
    return rows


def triviaqa(count: int) -> list[dict]:
    """Solved questions, each below its passage, and one that is left open."""
    rows = []
    for index in range(count):
        chance = Chance(f"triviaqa {index}")
        left = chance.shuffled(World(chance).entities)
        asked = left.pop()
        parts: list[str] = []
        while not enough("\n".join(parts)):
            one = left.pop()
            question, answer = lead_question(one)
            parts.append(f"{open_question(chance, one, question)}\n{answer}")
        question, answer = lead_question(asked)
        rows.append(
            make_row(
                "triviaqa",
                index,
                question=open_question(chance, asked, question),
                context="\n\n".join(parts),
                answers=[answer],
            )
        )
    return rows


def open_question(chance: Chance, entity: Entity, question: str) -> str:
    """Return a passage and a question about it, up to the place where the answer belongs."""
    return f"Passage:\n{entity.passage(chance)}\nQuestion:\n{question}\nAnswer:"
