"""Calendars: the words of dates, months, weekdays and time zones, in small letters without accents."""

from __future__ import annotations

MONTHS = (
    "january januar janvier enero gennaio januari janeiro stycznia styczen января январь",
    "february februar fevrier febrero febbraio februari fevereiro lutego luty февраля февраль",
    "march marz maerz mars marzo maart marco marca marts marzec mrz mrt марта март",
    "april avril abril aprile kwietnia kwiecien апреля апрель",
    "may mai mayo maggio mei maio maj maja мая май",
    "june juni juin junio giugno junho czerwca czerwiec июня июнь",
    "july juli juillet julio luglio julho lipca lipiec июля июль",
    "august aout agosto augustus augusti sierpnia sierpien августа август",
    "september septembre septiembre settembre setembro wrzesnia wrzesien сентября сентябрь",
    "october oktober octobre octubre ottobre outubro pazdziernika pazdziernik октября октябрь",
    "november novembre noviembre novembro listopada listopad ноября ноябрь",
    "december dezember decembre diciembre dicembre dezembro grudnia grudzien декабря декабрь",
)
"""Names of the months: English, German, French, Spanish, Italian, Dutch, Portuguese, Nordic, Polish, Russian,"""
WHOLE = (
    "ledna leden ocak ianuarie tammikuuta tammikuu janner jaenner ιανουαριου ιανουαριος січня",
    "unora unor subat februarie helmikuuta helmikuu feber φεβρουαριου φεβρουαριος лютого",
    "brezna brezen mart martie marcius maaliskuuta maaliskuu μαρτιου μαρτιος березня",
    "dubna duben nisan aprilie aprilis huhtikuuta huhtikuu απριλιου απριλιος квітня",
    "kvetna kveten mayis majus toukokuuta toukokuu μαιου μαιος травня",
    "cervna cerven haziran iunie junius kesakuuta kesakuu ιουνιου ιουνιος червня",
    "cervence cervenec temmuz iulie julius heinakuuta heinakuu ιουλιου ιουλιος липня",
    "srpna srpen agustos augusztus elokuuta elokuu αυγουστου αυγουστος серпня",
    "zari eylul septembrie szeptember syyskuuta syyskuu σεπτεμβριου σεπτεμβριος вересня",
    "rijna rijen ekim octombrie lokakuuta lokakuu οκτωβριου οκτωβριος жовтня",
    "listopadu kasim noiembrie marraskuuta marraskuu νοεμβριου νοεμβριος листопада",
    "prosince prosinec aralik decembrie joulukuuta joulukuu δεκεμβριου δεκεμβριος грудня",
)
"""and such as are never cut short: Czech, Turkish, Romanian, Hungarian, Finnish, Greek, Ukrainian."""
SHORTEST = 3
"""Letters that a month's name must have left."""


def month_names() -> dict[str, int]:
    """Return the month of every name, and of every beginning of one that is no other month's.

    >>> names = month_names()
    >>> names["mar"], names["sept"], names["juil"], "jui" in names
    (3, 9, 7, False)
    """
    months: dict[str, set[int]] = {}
    for month, names in enumerate(MONTHS, 1):
        for name in names.split():
            for end in range(SHORTEST, len(name) + 1):
                months.setdefault(name[:end], set()).add(month)
    whole = {name: month for month, names in enumerate(WHOLE, 1) for name in names.split()}
    return whole | {name: found.pop() for name, found in months.items() if len(found) == 1}


WEEKDAYS = (
    "mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|gio|"
    "ma|wo|vr|za|zo"
)
"""Beginnings of the weekdays, as a part of a regular expression: English, German, French, Spanish, Italian, Dutch."""
ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 60, "west": 60, "cet": 60, "mez": 60, "cest": 120, "mesz": 120,
    "eet": 120, "eest": 180, "msk": 180, "jst": 540, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420,
    "mdt": -360, "pst": -480, "pdt": -420, "akst": -540, "akdt": -480, "hst": -600, "aest": 600, "aedt": 660,
}  # fmt: skip
"""Minutes ahead of UTC of time zones by their short names, as RFC 2822 and Europe use them."""
ACCENTS = dict(zip(
    "äáàâãåąéèêëęěíïìîıóöôõøòőúüûùůűçćčñńňśšşșźżžłďřťțýğάέήίόύώ",
    "aaaaaaaeeeeeeiiiiiooooooouuuuuucccnnnsssszzzldrttygαεηιουω",
    strict=True,
))  # fmt: skip
EAST = {
    "年": "-",
    "月": "-",
    "日": " ",
    "時": ":",
    "时": ":",
    "分": ":",
    "秒": "",
    "년": "-",
    "월": "-",
    "일": " ",
}
"""What stands behind the parts of a date in Chinese, Japanese and Korean, as signs."""
