"""Paths of reviews and conversations, below an algorithm's page."""

from __future__ import annotations

from django.urls import path

from marketplace.catalog.reviews import views

app_name = "reviews"
_PAGE = "algorithms/<str:owner>/<str:name>"
urlpatterns = [
    path(f"{_PAGE}/reviews/", views.review_list, name="list"),
    path(f"{_PAGE}/reviews/<uuid:review_id>/", views.edit_review, name="edit"),
    path(f"{_PAGE}/reviews/<uuid:review_id>/withdraw/", views.withdraw, name="withdraw"),
    path(f"{_PAGE}/reviews/<uuid:review_id>/answer/", views.answer, name="answer"),
    path(f"{_PAGE}/reviews/<uuid:review_id>/helpful/", views.helpful, name="helpful"),
    path(f"{_PAGE}/discussion/", views.thread_list, name="threads"),
    path(f"{_PAGE}/discussion/<uuid:thread_id>/", views.thread, name="thread"),
    path(f"{_PAGE}/discussion/<uuid:thread_id>/close/", views.close, name="close"),
    path(
        f"{_PAGE}/discussion/<uuid:thread_id>/<uuid:comment_id>/",
        views.edit_comment,
        name="edit_comment",
    ),
    path(
        f"{_PAGE}/discussion/<uuid:thread_id>/<uuid:comment_id>/delete/",
        views.delete_comment,
        name="delete_comment",
    ),
]
