from __future__ import annotations

from django.urls import path

from marketplace.languages import views

app_name = "languages"

urlpatterns = [
    path("language/", views.choose, name="choose"),
]
