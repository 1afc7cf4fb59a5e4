"""Organisations, their accounts, and the tokens they were given."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Column, LargeBinary, String
from sqlmodel import Field, SQLModel

from border.core.ids import new_id


class OrganisationRow(SQLModel, table=True):
    """A firm or an authority. A foreign firm has no Vietnamese tax code."""

    __tablename__ = "organisation"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(max_length=200)
    kind: str = Field(max_length=16)
    tax_code: str | None = Field(default=None, unique=True, max_length=20)
    country: str = Field(default="VN", max_length=2)


class AccountRow(SQLModel, table=True):
    """Somebody who can sign in."""

    __tablename__ = "account"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(unique=True, max_length=200)
    name: str = Field(max_length=120)
    password_hash: str
    roles: list[str] = Field(sa_column=Column(ARRAY(String(24)), nullable=False))
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    demo: bool = False
    active: bool = True


class TokenRow(SQLModel, table=True):
    """A token in use; only its digest is kept."""

    __tablename__ = "token"

    digest: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    account_id: UUID = Field(foreign_key="account.id", index=True)
    purpose: str = Field(max_length=16)
    made_at: datetime
    expires_at: datetime = Field(index=True)
    revoked_at: datetime | None = None
