"""Which part of a WCO declaration says what of ours, for reading and for writing. Pure.

Not all that a gate declaration holds has a place in the model, or room enough in it: what has not
is said, as JSON, in an `AdditionalInformation` with one of the codes below.
source: WCO Data Model 3.6; lengths from its schema.
"""

from dataclasses import dataclass

ITEMS = "GoodsShipment/GovernmentAgencyGoodsItem"
CONTAINERS = "GoodsShipment/Consignment/TransportEquipment"
OURS = "VN"
"""Country of the authority that a document of ours is for."""
HANDLING, CERTIFICATES, DECLARANT = "HANDLING", "CERTIFICATES", "DECLARANT"
LONGEST_STATEMENT = 512
ITEM = "GovernmentAgencyGoodsItem"


@dataclass(frozen=True)
class WcoText:
    """A text of ours: its field, the path of its element, how long that may be, its code."""

    field: str
    path: str
    length: int
    statement: str
    only_ours: bool = False


OF_DECLARATION = (
    WcoText("customs_number", "ID", 22, "NUMBER"),
    WcoText("gate", "GoodsShipment/Consignment/GoodsLocation/ID", 17, "GATE", only_ours=True),
    WcoText("carrier_tax_code", "Consignment/Carrier/ID", 17, "CARRIER", only_ours=True),
    WcoText("declarant.name", "Declarant/Name", 70, "DECLARANT.NAME"),
    WcoText("declarant.tax_code", "Declarant/ID", 17, "DECLARANT.CODE"),
    WcoText("declarant.country", "Declarant/Address/CountryCode", 2, "DECLARANT.LAND"),
    WcoText("exporter.name", "Exporter/Name", 70, "EXPORTER.NAME"),
    WcoText("exporter.tax_code", "Exporter/ID", 17, "EXPORTER.CODE"),
    WcoText("exporter.country", "Exporter/Address/CountryCode", 2, "EXPORTER.LAND"),
    WcoText("importer.name", "GoodsShipment/Importer/Name", 70, "IMPORTER.NAME"),
    WcoText("importer.tax_code", "GoodsShipment/Importer/ID", 17, "IMPORTER.CODE"),
    WcoText("importer.country", "GoodsShipment/Importer/Address/CountryCode", 2, "IMPORTER.LAND"),
)
OF_GOODS = (
    WcoText("hs_code", "Commodity/Classification/ID", 18, "HS"),
    WcoText("description", "Commodity/Description", 512, "DESCRIPTION"),
    WcoText("origin", "Origin/CountryCode", 4, "ORIGIN"),
)
MASSES = (
    ("gross_mass_g", "Commodity/GoodsMeasure/GrossMassMeasure"),
    ("net_mass_g", "Commodity/GoodsMeasure/NetNetWeightMeasure"),
)
QUANTITY = "Commodity/GoodsMeasure/TariffQuantity"
VALUE = "Commodity/InvoiceLine/ItemChargeAmount"
STATISTICAL_VALUE = "StatisticalValueAmount"
PROCEDURE = "GovernmentProcedure/CurrentCode"
INSTEAD = {"importer": "GoodsShipment/Consignee", "exporter": "GoodsShipment/Consignor"}
"""Who is read as a party that is not named itself."""
TYPES = {"IM": "import", "EX": "export", "TR": "transit"}
"""What the first two letters of `TypeCode` say."""
