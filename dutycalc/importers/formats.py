"""The formats that publishers use: who they are, on which terms, and how their files are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from dutycalc.importers import (
    british,
    canada,
    eaeu,
    japan,
    japan_texts,
    peru,
    plain,
    single_measures,
    taric,
    uk_measures,
    usitc,
    usitc_texts,
)
from dutycalc.importers.drafts import Draft, Translate


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a publisher uses: who it is, on which terms, and how its file is read."""

    title: str
    publisher: str
    url: str
    terms: str
    nomenclature: str
    read: Callable[[Path, Draft], None]
    translate: Translate
    chapters: tuple[str, str] = ("01", "97")


OPEN_GOVERNMENT: Final = "Open Government Licence v3.0"

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "usitc-hts-json": Format(
            title="Harmonized Tariff Schedule of the United States",
            publisher="United States International Trade Commission",
            url="https://hts.usitc.gov/",
            terms="Work of the United States Government, in the public domain (17 U.S.C. 105)",
            nomenclature="HS2022",
            read=usitc.read,
            translate=usitc_texts.translate,
        ),
        "usitc-hts-json-98-99": Format(
            title="Harmonized Tariff Schedule of the United States, chapters 98 and 99",
            publisher="United States International Trade Commission",
            url="https://hts.usitc.gov/",
            terms="Work of the United States Government, in the public domain (17 U.S.C. 105)",
            nomenclature="HS2022",
            read=usitc.read_special_chapters,
            translate=usitc_texts.translate,
            chapters=("98", "99"),
        ),
        "uk-measures-csv": Format(
            title="UK Integrated Online Tariff: measures on declarable commodities",
            publisher="Department for Business and Trade, HM Revenue and Customs",
            url="https://www.data.gov.uk/",
            terms=OPEN_GOVERNMENT,
            nomenclature="HS2022",
            read=uk_measures.read,
            translate=single_measures.translate,
        ),
        "taric-xlsx": Format(
            title="TARIC: duties on import, chapters 01 to 99",
            publisher="European Commission, Directorate-General for Taxation and Customs Union",
            url="https://taxation-customs.ec.europa.eu/customs/calculation-customs-duties/customs-tariff/eu-customs-tariff-taric_en",
            terms="Reuse under Commission Decision 2011/833/EU, with acknowledgement of the source",
            nomenclature="HS2022",
            read=taric.read,
            translate=single_measures.translate,
        ),
        "ukgt-csv": Format(
            title="UK Global Tariff",
            publisher="Department for International Trade",
            url="https://www.gov.uk/guidance/uk-tariffs-from-1-january-2021",
            terms=OPEN_GOVERNMENT,
            nomenclature="HS2017",
            read=british.read_global_tariff,
            translate=british.translate,
        ),
        "cet-csv": Format(
            title="Common customs tariff of the European Union, as set beside the UK Global Tariff",
            publisher="Department for International Trade; Regulation (EEC) No 2658/87",
            url="https://eur-lex.europa.eu/eli/reg_impl/2020/1577/oj",
            terms=OPEN_GOVERNMENT,
            nomenclature="HS2017",
            read=british.read_common_tariff,
            translate=british.translate,
        ),
        "uk-preferences-csv": Format(
            title="Preferential rates of the United Kingdom's trade agreements, from their tables on GOV.UK",
            publisher="Department for International Trade",
            url="https://www.gov.uk/government/collections/the-uks-trade-agreements",
            terms=OPEN_GOVERNMENT,
            nomenclature="HS2022",
            read=british.read_preferences,
            translate=british.translate,
        ),
        "japan-tariff": Format(
            title="Japan's Tariff Schedule",
            publisher="Japan Customs",
            url="https://www.customs.go.jp/english/tariff/index.htm",
            terms="Facts of an official schedule, its source to be named",
            nomenclature="HS2022",
            read=japan.read,
            translate=japan_texts.translate,
        ),
        "eaeu-ett": Format(
            title="Common Customs Tariff of the Eurasian Economic Union",
            publisher="Eurasian Economic Commission",
            url="https://eec.eaeunion.org/comission/department/catr/ett/",
            terms="Facts of an official document of the Commission",
            nomenclature="HS2022",
            read=eaeu.read,
            translate=eaeu.translate,
        ),
        "peru-arancel": Format(
            title="Arancel de Aduanas, Decreto Supremo 404-2021-EF",
            publisher="Ministerio de Economía y Finanzas; Superintendencia Nacional de Aduanas (SUNAT)",
            url="https://www.sunat.gob.pe/orientacionaduanera/aranceles/",
            terms="Legal text, not under copyright (Decreto Legislativo 822, article 9)",
            nomenclature="HS2022",
            read=peru.read,
            translate=peru.translate,
            chapters=("01", "98"),
        ),
        "canada-tariff": Format(
            title="Canadian Customs Tariff",
            publisher="Canada Border Services Agency; Department of Finance",
            url="https://www.cbsa-asfc.gc.ca/trade-commerce/tariff-tarif/menu-eng.html",
            terms="Federal law, to be reproduced freely (Reproduction of Federal Law Order, SI/97-5)",
            nomenclature="HS2022",
            read=canada.read,
            translate=canada.translate,
        ),
        "plain-csv": Format(
            title="Customs tariff",
            publisher="stated by the table's keeper",
            url="",
            terms="stated by the table's keeper",
            nomenclature="HS2022",
            read=plain.read,
            translate=plain.translate,
            chapters=("01", "99"),
        ),
    }
)
