"""The post's pages in the admin: connections, jobs, what came in and what went out; it holds no logic of its own."""

from __future__ import annotations

from integrations.admin import attempts, connections, handover, imports, jobs, logs, upload, wording

__all__ = ["attempts", "connections", "handover", "imports", "jobs", "logs", "upload", "wording"]
