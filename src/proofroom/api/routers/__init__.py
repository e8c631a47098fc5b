"""Every router of the API, in the order of the document."""

from proofroom.api.routers import (
    agents,
    checkpoints,
    checks,
    events,
    exports,
    health,
    me,
    members,
    project_work_sessions,
    projects,
    samples,
    search,
    session_checkpoints,
    session_results,
    sources,
    templates,
)

ROUTERS = (
    health.router,
    me.router,
    members.router,
    projects.router,
    samples.router,
    templates.router,
    sources.router,
    search.router,
    agents.router,
    project_work_sessions.router,
    session_results.router,
    exports.router,
    session_checkpoints.router,
    checks.router,
    checkpoints.router,
    events.router,
)
