"""A note where the column's name says that it may hold a sensitive attribute of people."""

import re
import unicodedata

MESSAGE = (
    "If this column is about people: filled values are statistical guesses from other columns, not anyone's stated "
    "identity, and only categories present in the data can appear. They suit group totals, not decisions about "
    "individuals."
)

ENGLISH = (
    "sex sexes gender genders race races faith faiths caste castes tribe tribes tribal pronoun pronouns transgender "
    "cisgender nonbinary marital hiv"
)
GERMAN = "herkunft familienstand rasse rassen"
ROMANCE = (
    "sexe sexes sexo sexos sesso genero generos raza razas razza raca matrimonial ciudadania enceinte grossesse casta "
    "castas tribu tribus"
)
WORDS = frozenset(f"{ENGLISH} {GERMAN} {ROMANCE}".split())
"""Words that say it by themselves, without accents.  Not among them: party, orientation, origin, genre, handicap."""

STEMS = (
    *("ethni", "etni", "religi", "sexual", "sexue", "disab", "citizenship", "nationalit", "pregnan", "lgbt", "racial"),
    *("geschlecht", "konfession", "behinder", "staatsangehorig", "staatsburger", "schwanger"),
    *("handicape", "nacionalidad", "discapaci", "embaraz", "cidadania", "cittadinanza"),
)
"""Beginnings that no harmless word shares, so that compounds are found too: Geschlechtsidentität, ethnicities."""

TOGETHER = (
    ({"political", "politics", "voted", "vote", "voter"}, {"party", "parties", "affiliation"}),
    ({"politische", "gewahlte"}, {"partei"}),
    ({"national"}, {"origin"}),
    ({"estado", "etat", "stato"}, {"civil", "civile"}),
)
"""Words of which one from either side must stand together."""


def advice(column: str) -> tuple[str, str] | None:
    """Give (code, message) for a column whose name holds a word for a sensitive attribute of people, else None.

    Only the name is looked at: it is split into words where letters end and where small ones turn to capitals, and
    accents do not count.  The sex of penguins and the race of horses get the note as well, which begins with an if.
    """
    words = set(_words(column))
    sensitive = (
        bool(words & WORDS)
        or any(word.startswith(STEMS) for word in words)
        or any(words & one and words & other for one, other in TOGETHER)
    )
    return ("S01", MESSAGE) if sensitive else None


def _words(name: str) -> list[str]:
    """Split a name into words of small letters without accents: "maritalStatus_2" into marital and status.

    Capitals before small letters are read both ways: HIVStatus and HIVstatus both hold hiv.
    """
    bare = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", bare.replace("ß", "ss"))
    found += re.findall(r"[A-Z]{2,}(?=[a-z])", bare)
    return [word.lower() for word in found]
