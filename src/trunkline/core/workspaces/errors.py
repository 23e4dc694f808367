"""How requests about organizations and workspaces fail."""

from __future__ import annotations

from trunkline.kit.errors import ConflictError, RateLimitedError


class HandleTakenError(ConflictError):
    """Another organization, or another workspace, has this handle; they are unique in the whole instance."""

    code = "handle_taken"

    def __init__(self, handle: str) -> None:
        super().__init__(f"the handle {handle} is taken")


class GroupExistsError(ConflictError):
    """The project has a live group of this ref already."""

    code = "group_exists"


class GroupsLeftError(ConflictError):
    """The project has too many groups to be purged with them in one go: they have to be purged before it."""

    code = "groups_left"


class TooManyGroupsError(RateLimitedError):
    """The project's pages have made as many groups within a minute as they may; no other is made for a while."""

    code = "too_many_groups"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("pages of this project have just made too many groups", retry_after_s)
        self.remedy = (
            "try again after as many seconds as Retry-After says, or make the group from your server, with a key"
            " that is not scoped to frontend"
        )


class InstanceExistsError(ConflictError):
    """The instance was set up already: it has an organization."""

    code = "instance_exists"
