"""Drivers who are told with their firm."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel


class ToldDriverRow(SQLModel, table=True):
    """A driver of a booking who is sent the slip, and each that replaces it, and called.

    Not any more once somebody else than `driver` drives.
    """

    __tablename__ = "told_driver"

    booking_id: UUID = Field(primary_key=True, foreign_key="booking.id")
    phone: str = Field(primary_key=True, max_length=20)
    driver: str = Field(max_length=120)
    locale: str = Field(max_length=2)
    asked_by: UUID | None = None
    asked_at: datetime
