"""The trucks and drivers that firms have entered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from border.core.ids import new_id


class FleetVehicleRow(SQLModel, table=True):
    """A truck of a firm, as it was entered last. `plate` is normalised."""

    __tablename__ = "fleet_vehicle"
    __table_args__ = (UniqueConstraint("organisation_id", "plate"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    plate: str = Field(max_length=20)
    plate_typed: str = Field(max_length=20)
    trailer_plate: str | None = Field(default=None, max_length=20)
    country: str = Field(max_length=2)
    vehicle_class: str = Field(max_length=16)
    payload_g: int
    driverless: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    kept_at: datetime


class FleetDriverRow(SQLModel, table=True):
    """A driver of a firm, as he was entered last; kept inside the zone."""

    __tablename__ = "fleet_driver"
    __table_args__ = (UniqueConstraint("organisation_id", "document_number"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=120)
    document_number: str = Field(max_length=30)
    phone: str | None = Field(default=None, max_length=20)
    kept_at: datetime
