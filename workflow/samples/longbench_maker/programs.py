"""The two code tasks: a program cut off before a line, which is the answer."""

from textwrap import indent

from .chance import Chance
from .rows import enough, make_row
from .world import phrases

SPEC = phrases("programs")
LANGUAGES = ("python", "java")
METHODS = 5


def class_text(chance: Chance, language: str, thing: dict, closed: bool = True) -> str:
    """Return a record and its register; the method for totals comes last, open if not closed."""
    forms = SPEC[language]
    chosen = chance.some(forms["methods"], METHODS)
    # What the report of the code task calls has to be there.
    needed = [one for one in forms["methods"] if "fromLines" in one or "from_lines" in one]
    needed += [one for one in forms["methods"] if " above(" in one or " size(" in one]
    methods = chance.shuffled(list(dict.fromkeys([*needed, *chosen])))
    inside = ["\n" + indent(method, "    ") for method in [*methods, forms["total"]]]
    text = "".join([forms["record"], *inside])
    filled = chance.fill_code(text, {}, thing)
    if not closed:
        return filled
    return filled + "    }\n}\n" if language == "java" else filled


def lcc(count: int) -> list[dict]:
    """One long file without its last statement."""
    rows = []
    for index in range(count):
        chance = Chance(f"lcc {index}")
        language = LANGUAGES[index % len(LANGUAGES)]
        last, *others = chance.shuffled(SPEC["things"])
        ending = class_text(chance, language, last, closed=False)
        program = SPEC[language]["header"]
        while not enough(program + ending):
            program += class_text(chance, language, others.pop())
        before, answer = (program + ending).rstrip("\n").rsplit("\n", 1)
        rows.append(
            make_row("lcc", index, context=before + "\n", answers=[answer], language=language)
        )
    return rows


def repobench_p(count: int) -> list[dict]:
    """Several files, and the beginning of one that uses them."""
    rows = []
    for index in range(count):
        chance = Chance(f"repobench-p {index}")
        language = LANGUAGES[index % len(LANGUAGES)]
        forms = SPEC[language]
        things = chance.shuffled(SPEC["things"])
        used = things[0]
        files: list[str] = []
        while not enough("\n".join(files)):
            thing = things[len(files)]
            path = forms["path"].format(**thing)
            files.append(f"{path}\n{forms['header']}{class_text(chance, language, thing)}")
        rows.append(
            make_row(
                "repobench-p",
                index,
                question=chance.fill_code(forms["main"], {}, used),
                context="\n".join(chance.shuffled(files)),
                answers=[chance.fill_code(forms["main_next"], {}, used)],
                language=language,
            )
        )
    return rows
