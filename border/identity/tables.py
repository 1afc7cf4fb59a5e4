"""Organisations, their accounts, the tokens they were given, and the rights they gave away."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Column, Index, LargeBinary, String, Uuid, text
from sqlmodel import Field, SQLModel

from border.core.ids import new_id
from border.core.lifecycle import Lifecycle
from border.core.tables import Record, record_args
from border.identity.delegation import DELEGATION, MOST_LINKS


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


class DelegationRow(Record, table=True):
    """A right to act for the firm `for_organisation_id`, from one firm to another or to an account.

    `above` are the links that it was passed on from, `firms` those it came through, both from the
    owner on.
    """

    __tablename__ = "delegation"
    __table_args__ = record_args(
        DELEGATION,
        CheckConstraint("from_organisation_id <> to_organisation_id", name="another"),
        CheckConstraint("NOT to_organisation_id = ANY(firms)", name="no_circle"),
        CheckConstraint(f"cardinality(above) < {MOST_LINKS}", name="links"),
        CheckConstraint("cardinality(firms) = cardinality(above) + 1", name="chain"),
        Index("ix_delegation_had", "to_organisation_id", postgresql_where=text("state = 'given'")),
        Index("ix_delegation_above", "above", postgresql_using="gin"),
    )
    lifecycle: ClassVar[Lifecycle] = DELEGATION
    prefix: ClassVar[str] = "RGT"

    for_organisation_id: UUID = Field(foreign_key="organisation.id")
    from_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    to_organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    to_account_id: UUID | None = Field(default=None, foreign_key="account.id")
    verbs: list[str] = Field(sa_column=Column(ARRAY(String(48)), nullable=False))
    until: datetime
    above: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
    firms: list[UUID] = Field(sa_column=Column(ARRAY(Uuid()), nullable=False))
