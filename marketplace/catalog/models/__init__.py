"""The models of this app, by name."""

from marketplace.catalog.models.discovery import AnnouncedVersion, Category, Follow, Star, Tag
from marketplace.catalog.models.moderation import Appeal, Case, Decision, Report
from marketplace.catalog.models.reviews import Comment, HelpfulVote, Review, Thread

__all__ = [
    "AnnouncedVersion",
    "Appeal",
    "Case",
    "Category",
    "Comment",
    "Decision",
    "Follow",
    "HelpfulVote",
    "Report",
    "Review",
    "Star",
    "Tag",
    "Thread",
]
