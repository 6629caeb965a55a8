"""Names that deserve a note, and names that only look like them."""

from em_impute.report.build.sensitive_columns import advice

SENSITIVE = """
gender Gender GENDER genders sex Sex SEX sex2 sex_code p.sex Sex(M/F) respondentSex Geschlecht Geschlechtsidentität
sexe sexo género genero race Race races race_of_respondent RaceEthnicity racial_group ethnicity ethnic_group
ethnicities ethnie ethnicité etnia Rasse raza religion Religion religious_group religión Religionszugehörigkeit
konfession faith caste tribe disability disabled handicapé discapacidad Behinderung nationality nationalité
nacionalidad Nationalität citizenship Staatsangehörigkeit pronoun pronouns transgender marital_status maritalStatus
Familienstand pregnant pregnancy schwanger embarazada hiv HIVStatus HIVstatus hiv_test sexual_orientation
orientationSexuelle political_party party_voted Herkunft estado_civil état_civil national-origin
"""

HARMLESS = """
sextet sextant essex Essex Middlesex sexton unisex species grace trace brace embrace terrace racetrack racer gendarme engender general genre generation
orientation party party_size parties third_party partyId caster castle cast broadcast attribute diatribe tribute
faithful relation region legion civil origin national handicap politics disc island label class diagnosis
height 性别 42 _ variety colour
"""


def test_a_column_of_a_sensitive_attribute_gets_the_note():
    found = {name: advice(name) for name in SENSITIVE.split()}

    assert [name for name, note in found.items() if note is None] == []
    ((code, message),) = set(found.values())
    assert code == "S01"
    assert "not decisions about individuals" in message


def test_a_column_whose_name_only_looks_like_one_gets_none():
    assert [name for name in (*HARMLESS.split(), "", "Old Faithful") if advice(name)] == []
