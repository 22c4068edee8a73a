"""Paths by which people find algorithms; names are in the namespace `catalog`."""

from __future__ import annotations

from django.urls import path

from marketplace.catalog.discovery import feeds, views

urlpatterns = [
    path("", views.home, name="home"),
    path("explore", views.explore),
    path("explore/", views.explore, name="explore"),
    path("explore/feed/", feeds.ExploreFeed(), name="explore_feed"),
    path("categories/<slug:slug>/", views.category, name="category"),
    path("categories/<slug:slug>/feed/", feeds.CategoryFeed(), name="category_feed"),
    path("tags/<str:name>/", views.tag, name="tag"),
    path("stars/", views.own_stars, name="own_stars"),
    path("u/<str:owner>", views.owner),
    path("u/<str:owner>/", views.owner, name="owner"),
    path("u/<str:owner>/feed/", feeds.OwnerFeed(), name="owner_feed"),
    path("u/<str:owner>/followers/", views.followers, name="followers"),
    path("u/<str:owner>/follow/", views.follow_owner, name="follow_owner"),
    path("algorithms/<str:owner>/<str:name>/star/", views.star, name="star"),
    path(
        "algorithms/<str:owner>/<str:name>/follow/", views.follow_algorithm, name="follow_algorithm"
    ),
    path("algorithms/<str:owner>/<str:name>/stargazers/", views.stargazers, name="stargazers"),
    path("algorithms/<str:owner>/<str:name>/status/", views.algorithm_status, name="status"),
    path("algorithms/<str:owner>/<str:name>/finding/", views.sort, name="sort"),
    path("algorithms/<str:owner>/<str:name>/feed/", feeds.AlgorithmFeed(), name="algorithm_feed"),
    path("thumbnails/<uuid:image_id>", views.thumbnail, name="thumbnail"),
]
