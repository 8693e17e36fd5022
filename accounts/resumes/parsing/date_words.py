"""The words for months, seasons and the present in the languages that resumes are read in. Pure."""

# English, German, French, Spanish, Portuguese, Polish, Italian and Dutch; names, then abbreviations.
_MONTH_WORDS = (
    "january januar jänner janvier enero janeiro styczeń stycznia gennaio januari jan janv ene jän sty genn",
    "february februar feber février fevrier febrero fevereiro luty lutego febbraio februari feb fév févr fev lut febr",
    "march märz maerz mars marzo março marco marzec marca maart mar mär mrz mrt",
    "april avril abril kwiecień kwietnia aprile apr avr abr kwi",
    "may mai mayo maio maj maja maggio mei mag",
    "june juni juin junio junho czerwiec czerwca giugno jun cze giu",
    "july juli juillet julio julho lipiec lipca luglio jul juil lip lug",
    "august août aout agosto sierpień sierpnia augustus aug aoû ago sie",
    "september septembre septiembre setiembre setembro wrzesień września settembre sep sept set wrz",
    "october oktober octobre octubre outubro październik października ottobre oct okt out paź paz ott",
    "november novembre noviembre novembro listopad listopada nov lis",
    "december dezember décembre decembre diciembre dezembro grudzień grudnia dicembre dec dez déc dic gru",
)
MONTHS = {word: number for number, words in enumerate(_MONTH_WORDS, start=1) for word in words.split()}

# The first and last month of each season. Winter spans two years, so only its year is certain.
_SEASON_WORDS = {
    (3, 5): "spring frühling frühjahr printemps primavera wiosna",
    (6, 8): "summer sommer été ete verano verão verao lato estate",
    (9, 11): "fall autumn herbst automne otoño otono outono jesień autunno",
    (None, None): "winter hiver invierno inverno zima inverno",
}
SEASONS = {word: months for months, words in _SEASON_WORDS.items() for word in words.split()}

NOW_WORDS = (
    *("present", "presently", "current", "currently", "now", "today", "ongoing", "to date", "up to date", "date"),
    *("heute", "jetzt", "laufend", "aktuell", "gegenwärtig", "dato"),
    *("aujourd'hui", "aujourd’hui", "présent", "actuel", "actuelle", "actuellement", "ce jour", "en cours"),
    *("actualidad", "la actualidad", "presente", "el presente", "actual", "actualmente", "hoy", "la fecha", "fecha"),
    *("atual", "atualmente", "hoje", "o momento", "momento", "o presente"),
    *("obecnie", "teraz", "dziś", "dzisiaj", "nadal", "oggi", "in corso", "heden", "nu"),
)
# Between the two dates of a range.
RANGE_WORDS = (
    *("to", "until", "till", "til", "through", "thru", "up to", "bis", "bis zum", "au", "à", "jusqu'à", "jusqu’à"),
    *("jusqu'en", "jusqu'au", "jusqu’au", "a", "al", "hasta", "até", "ao", "do", "tot", "fino a"),
)
# Before a date that has no end.
SINCE_WORDS = ("since", "seit", "ab", "depuis", "desde", "od", "dal", "sinds", "starting")
# Before an end that is expected or approximate.
HEDGES = (
    *(
        "expected",
        "exp.",
        "exp",
        "est.",
        "anticipated",
        "estimated",
        "planned",
        "approx.",
        "ca.",
        "about",
        "graduating",
    ),
    *("voraussichtlich", "prévu", "prévue", "previsto", "prevista"),
)
