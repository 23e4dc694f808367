"""How requests about organizations and workspaces fail."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError


class HandleTakenError(ConflictError):
    """Another organization, or another workspace, has this handle; they are unique in the whole instance."""

    code = "handle_taken"

    def __init__(self, handle: str) -> None:
        super().__init__(f"the handle {handle} is taken")


class GroupExistsError(ConflictError):
    """The project has a live group of this ref already."""

    code = "group_exists"


class InstanceExistsError(ConflictError):
    """The instance was set up already: it has an organization."""

    code = "instance_exists"
