"""The nine regions of England, which authorities each has, and the codes by which the statistics know all of them.

Origin: the DfE's "Pupil attendance in schools", 2025/26. Contains public sector information licensed under the Open
Government Licence v3.0.
"""

from __future__ import annotations

from types import MappingProxyType

ENGLAND = "E92000001"
"""The code that the Office for National Statistics gives England; those of regions begin with E12."""

REGIONS: MappingProxyType[str, str] = MappingProxyType(
    {
        "E12000001": "North East",
        "E12000002": "North West",
        "E12000003": "Yorkshire and The Humber",
        "E12000004": "East Midlands",
        "E12000005": "West Midlands",
        "E12000006": "East of England",
        "E12000007": "London",
        "E12000008": "South East",
        "E12000009": "South West",
    }
)

# Region by region, each authority's three digits with the nine characters of the Office for National Statistics.
_PLACED = {
    "E12000001": """
        390=E08000037 391=E08000021 392=E08000022 393=E08000023 394=E08000024 805=E06000001 806=E06000002
        807=E06000003 808=E06000004 840=E06000047 841=E06000005 929=E06000057
    """,
    "E12000002": """
        340=E08000011 341=E08000012 342=E08000013 343=E08000014 344=E08000015 350=E08000001 351=E08000002
        352=E08000003 353=E08000004 354=E08000005 355=E08000006 356=E08000007 357=E08000008 358=E08000009
        359=E08000010 876=E06000006 877=E06000007 888=E10000017 889=E06000008 890=E06000009 895=E06000049
        896=E06000050 942=E06000063 943=E06000064
    """,
    "E12000003": """
        370=E08000016 371=E08000017 372=E08000018 373=E08000019 380=E08000032 381=E08000033 382=E08000034
        383=E08000035 384=E08000036 810=E06000010 811=E06000011 812=E06000012 813=E06000013 815=E06000065
        816=E06000014
    """,
    "E12000004": """
        830=E10000007 831=E06000015 855=E10000018 856=E06000016 857=E06000017 891=E10000024 892=E06000018
        925=E10000019 940=E06000061 941=E06000062
    """,
    "E12000005": """
        330=E08000025 331=E08000026 332=E08000027 333=E08000028 334=E08000029 335=E08000030 336=E08000031
        860=E10000028 861=E06000021 884=E06000019 885=E10000034 893=E06000051 894=E06000020 937=E10000031
    """,
    "E12000006": """
        821=E06000032 822=E06000055 823=E06000056 873=E10000003 874=E06000031 881=E10000012 882=E06000033
        883=E06000034 919=E10000015 926=E10000020 935=E10000029
    """,
    "E12000007": """
        201=E09000001 202=E09000007 203=E09000011 204=E09000012 205=E09000013 206=E09000019 207=E09000020
        208=E09000022 209=E09000023 210=E09000028 211=E09000030 212=E09000032 213=E09000033 301=E09000002
        302=E09000003 303=E09000004 304=E09000005 305=E09000006 306=E09000008 307=E09000009 308=E09000010
        309=E09000014 310=E09000015 311=E09000016 312=E09000017 313=E09000018 314=E09000021 315=E09000024
        316=E09000025 317=E09000026 318=E09000027 319=E09000029 320=E09000031
    """,
    "E12000008": """
        825=E06000060 826=E06000042 845=E10000011 846=E06000043 850=E10000014 851=E06000044 852=E06000045
        867=E06000036 868=E06000040 869=E06000037 870=E06000038 871=E06000039 872=E06000041 886=E10000016
        887=E06000035 921=E06000046 931=E10000025 936=E10000030 938=E10000032
    """,
    "E12000009": """
        420=E06000053 800=E06000022 801=E06000023 802=E06000024 803=E06000025 838=E06000059 839=E06000058
        865=E06000054 866=E06000030 878=E10000008 879=E06000026 880=E06000027 908=E06000052 916=E10000013
        933=E06000066
    """,
}
_AUTHORITIES = {
    la_code: (region, ons)
    for region, text in _PLACED.items()
    for la_code, _, ons in (placed.partition("=") for placed in text.split())
}


def region_of(la_code: str) -> str | None:
    """The code of the region that an authority lies in, or None when there is no such authority today."""
    return _AUTHORITIES[la_code][0] if la_code in _AUTHORITIES else None


def ons_code(la_code: str) -> str | None:
    """The code that the Office for National Statistics gives an authority (the DfE's `new_la_code`), or None."""
    return _AUTHORITIES[la_code][1] if la_code in _AUTHORITIES else None


def authorities_in(region: str) -> tuple[str, ...]:
    """The three digits of every authority of a region, in order; none for what is no region."""
    return tuple(sorted(la_code for la_code, (lies_in, _) in _AUTHORITIES.items() if lies_in == region))
