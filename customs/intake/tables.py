"""Files of declarations, what stands in them, and what of a file a declaration keeps."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from border.core.lifecycle import Lifecycle
from border.core.tables import Record, json_column, record_args
from customs.intake.declaration_file import DECLARATION_FILE


class DeclarationFileRow(Record, table=True):
    """A file that a firm has sent. While something of it can be accepted, the same bytes of the
    same firm are the same file."""

    __tablename__ = "declaration_file"
    __table_args__ = record_args(
        DECLARATION_FILE,
        Index(
            "uq_declaration_file_open",
            "owner_organisation_id",
            "digest",
            unique=True,
            postgresql_where=text("state IN ('taken', 'accepted_in_part')"),
        ),
        Index("ix_declaration_file_owner", "owner_organisation_id", "created_at", "id"),
    )
    lifecycle: ClassVar[Lifecycle] = DECLARATION_FILE
    prefix: ClassVar[str] = "FIL"

    owner_organisation_id: UUID = Field(foreign_key="organisation.id")
    name: str = Field(max_length=200)
    format: str = Field(max_length=8)
    digest: str = Field(max_length=64)
    declaration_count: int


class FiledDeclarationRow(SQLModel, table=True):
    """A declaration of a file: what was read, where it stood, and what became of it.

    `errors` keep it from being a draft, `lacks` from being lodged; `restored` and `unread` are for
    people to see. `kept` is what no field of ours holds. Removed by its age.
    """

    __tablename__ = "declaration_file_line"
    __table_args__ = (
        CheckConstraint("state IN ('good', 'bad', 'already_there')", name="state"),
        CheckConstraint("state <> 'good' OR draft IS NOT NULL", name="readable"),
        CheckConstraint("declaration_id IS NULL OR state = 'already_there'", name="accepted"),
    )

    file_id: UUID = Field(primary_key=True, foreign_key="declaration_file.id")
    line: int = Field(primary_key=True)
    key: str = Field(max_length=200)
    state: str = Field(max_length=16)
    import_key: str = Field(max_length=120)
    draft: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    errors: list[Any] = Field(default_factory=list, sa_column=json_column())
    lacks: list[Any] = Field(default_factory=list, sa_column=json_column())
    restored: list[Any] = Field(default_factory=list, sa_column=json_column())
    unread: list[Any] = Field(default_factory=list, sa_column=json_column())
    kept: dict[str, Any] | None = Field(default=None, sa_column=json_column(nullable=True))
    declaration_id: UUID | None = Field(default=None, foreign_key="declaration.id")
    taken_at: datetime = Field(index=True)


class DeclarationSourceRow(SQLModel, table=True):
    """What of a file no field of a declaration holds, to be given back when it is written again."""

    __tablename__ = "declaration_source"

    declaration_id: UUID = Field(primary_key=True, foreign_key="declaration.id")
    format: str = Field(max_length=8)
    document: str = Field(sa_type=Text)
    fields: dict[str, Any] = Field(sa_column=json_column())
    lines: list[Any] = Field(sa_column=json_column())
