"""Readable names, answers and sentences of the simulated world.

Everything is invented or generic: no name of a person, town, school or company refers to a real one. Answers have one
to three words and share words with each other, so that sampled answers branch as in real data.
"""

from dataclasses import dataclass
from itertools import product

_FIRST = (
    "Ada Alba Amos Anton Asta Basil Beata Bela Boris Bruno Carla Cato Celia Clara Conrad Cora Dana Daria Dorian "
    "Edda Edgar Elias Elsa Emil Esther Fabian Felix Flora Frida Gideon Greta Gustav Hanna Hector Hugo Ida Igor "
    "Ines Iris Ivo Jana Jasper Joel Judith Karl Kira Lara Leon Lida Linus Lorna Lucas Magda Marius Mila Nadia "
    "Nestor Nora Olga Oscar Petra Quentin Rosa Rufus Selma Silas Stella Tamara Theo Tilda Ulrich Una Vera Victor "
    "Wanda Xenia Yvo Zelda"
).split()
_STEMS = (
    "Alder Amber Ash Birch Black Bram Brook Calder Cliff Cold Crow Dal Dun East Elm Fair Fal Fern Frost Glen Grey "
    "Hal Haw Hazel Heath Hol Kel Lang Lin Marl Mill Moss North Oak Orm Pen Quar Raven Red Rock Row Sil Stan Stone "
    "Thorn Wal West Whit Wil Win"
).split()
_FAMILY_ENDS = (
    "all beck berg by croft dale den er field gate holm lind man more ner quist sen shaw son stad ston way well wood"
).split()
_TOWN_ENDS = ("burgh bury combe ford ham haven lake mere minster mouth port ridge stead ton vale wick").split()
_TOWN_HEADS = ["Great", "Lower", "New", "Old", "Port", "Saint", "Upper"]
_CRAFTS = (
    "actor architect baker biologist botanist builder carpenter cellist chemist composer conductor dancer "
    "designer dentist diver editor engineer farmer geologist historian judge lawyer linguist painter pianist "
    "pilot poet potter sculptor singer surgeon surveyor tailor translator weaver"
).split()
_CRAFT_HEADS = ["apprentice", "chief", "court", "field", "marine", "master", "military", "retired", "stage", "village"]
_COMPANY_ENDS = (
    "Brewery Chemicals Foundry Group Insurance Mills Mining Motors Press Railways Shipping Textiles"
).split()


@dataclass(frozen=True)
class Relation:
    """The question and the statements of a relation; ``{s}`` stands for the subject, ``{o}`` for the answer."""

    name: str
    question: str
    statements: tuple[str, ...]


def first_names() -> list[str]:
    """Return the first names of the invented people, each one word."""
    return list(_FIRST)


def family_names() -> list[str]:
    """Return the family names of the invented people, each one word."""
    return [stem + end for stem, end in product(_STEMS, _FAMILY_ENDS)]


def _towns() -> list[str]:
    names = [stem + end for stem, end in product(_STEMS, _TOWN_ENDS)]
    return names[::7] + [f"{head} {name}" for head, name in zip(_TOWN_HEADS * 10, names[3::14], strict=False)]


def _occupations() -> list[str]:
    return _CRAFTS + [f"{head} {craft}" for head, craft in product(_CRAFT_HEADS, _CRAFTS[::4])]


def _universities() -> list[str]:
    towns = _towns()[:96]
    forms = ("University of {}", "{} University", "{} College", "{} Technical Institute")
    return [forms[index % len(forms)].format(town) for index, town in enumerate(towns)]


def _employers() -> list[str]:
    return [
        f"{stem}{end} {kind}" for stem, end, kind in zip(_STEMS * 3, _FAMILY_ENDS * 7, _COMPANY_ENDS * 13, strict=False)
    ]


def answers() -> dict[str, list[str]]:
    """Return the possible answers of each invented relation, by relation name."""
    return {
        "birthplace": _towns(),
        "occupation": _occupations(),
        "university": _universities(),
        "employer": _employers(),
    }


INVENTED = (
    Relation(
        "birthplace",
        "Where was {s} born?",
        (
            "{s} was born in {o}.",
            "{s} is a native of {o}.",
            "The birthplace of {s} is {o}.",
            "{s} came into the world in {o}.",
        ),
    ),
    Relation(
        "occupation",
        "What does {s} do for a living?",
        ("{s} works as {o}.", "The occupation of {s} is {o}.", "{s} earns a living as {o}.", "By trade {s} is {o}."),
    ),
    Relation(
        "university",
        "Where did {s} study?",
        (
            "{s} studied at {o}.",
            "{s} graduated from {o}.",
            "{s} holds a degree from {o}.",
            "The alma mater of {s} is {o}.",
        ),
    ),
    Relation(
        "employer",
        "Who employs {s}?",
        (
            "{s} is employed by {o}.",
            "The employer of {s} is {o}.",
            "{s} has a post at {o}.",
            "{s} draws a salary from {o}.",
        ),
    ),
)

# Wikidata relations of EntityQuestions; the questions come with the data set
WIKIDATA = {
    "P17": ("{s} is located in {o}.", "{s} lies in the country of {o}.", "The country of {s} is {o}."),
    "P19": ("{s} was born in {o}.", "The birthplace of {s} is {o}.", "{s} is a native of {o}."),
    "P26": ("{s} is married to {o}.", "The spouse of {s} is {o}.", "{s} wed {o}."),
    "P36": ("The capital of {s} is {o}.", "{s} has {o} as its capital.", "{s} is governed from {o}."),
    "P40": ("{s} is a parent of {o}.", "The child of {s} is {o}.", "{s} has a child named {o}."),
    "P69": ("{s} was educated at {o}.", "{s} studied at {o}.", "The alma mater of {s} is {o}."),
    "P131": ("{s} is situated in {o}.", "{s} is part of {o}.", "{s} belongs to the area of {o}."),
    "P136": ("{s} plays {o}.", "The genre of {s} is {o}.", "{s} is known for {o}."),
    "P264": ("{s} is signed to {o}.", "The label of {s} is {o}.", "{s} records for {o}."),
    "P495": ("{s} was created in {o}.", "{s} originates from {o}.", "The country of origin of {s} is {o}."),
    "P740": ("{s} was founded in {o}.", "{s} was formed in {o}.", "The place where {s} began is {o}."),
    "P800": ("{s} is famous for {o}.", "A notable work of {s} is {o}.", "{s} made {o}."),
}

STATEMENTS = {item.name: item.statements for item in INVENTED} | WIKIDATA  # relation -> templates
