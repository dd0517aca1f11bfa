"""The market's settings: those that any Django project has, and `HANSE`."""

from __future__ import annotations

import json
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent

# For this machine alone: a real project takes its key from outside.
SECRET_KEY = os.environ.get("MARKET_KEY", "the market's key on this machine")
DEBUG = os.environ.get("MARKET_DEBUG") == "1"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
USE_TZ = True

INSTALLED_APPS = ["hanse.web.django"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hanse.web.django.middleware.HanseMiddleware",
]
ROOT_URLCONF = "examples.django.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
    },
]

# Where `python -m examples.basic.remotes` serves them, unless somebody says that they are elsewhere.
REMOTES = {
    "team/catalog": "http://127.0.0.1:8101/remoteEntry.json",
    "team/basket": "http://127.0.0.1:8102/remoteEntry.json",
}
HANSE = {"MANIFEST": json.loads(os.environ.get("MARKET_REMOTES", "null")) or REMOTES}
