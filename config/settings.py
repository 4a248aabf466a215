"""Every setting of Clearwatt, and the only place that reads the environment.

Importing this module starts nothing. Without DATABASE_URL there is no database: `manage.py` starts
the embedded PostgreSQL and names it by `use_database` before Django looks.
"""

import os
import re
import secrets
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import dj_database_url
import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from config import openapi, unfold
from config.logging import logging_config

# ModelAdmin[X] and QuerySet[X] are generic to the type checker; this lets them be so at run time.
django_stubs_ext.monkeypatch()

SHORTEST_SEALING_KEY: Final = 32
BASE_DIR: Final = Path(__file__).resolve().parent.parent


def _flag(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in {"1", "true", "yes", "on"}


def _words(name: str) -> list[str]:
    return os.environ.get(name, "").replace(",", " ").split()


def _networks(name: str) -> list[str]:
    """Return networks, and `unix` for a proxy at a socket in the file system.

    :raises ImproperlyConfigured: if one is neither.
    """
    words = _words(name)
    for word in words:
        try:
            word == "unix" or ip_network(word)
        except ValueError as error:
            msg = f"{name} holds {word!r}: {error}."
            raise ImproperlyConfigured(msg) from error
    return words


def _days(name: str) -> int | None:
    """Return a number of days; None if it is not set.

    :raises ImproperlyConfigured: if it is no number of days.
    """
    text = os.environ.get(name, "").strip()
    if text and not text.isdecimal():
        msg = f"{name} is {text!r}; it is a whole number of days."
        raise ImproperlyConfigured(msg)
    return int(text) if text else None


def _environment() -> str:
    """Return `local` or `production`.

    :raises ImproperlyConfigured: if CLEARWATT_ENV is anything else.
    """
    name = os.environ.get("CLEARWATT_ENV", "local")
    if name not in {"local", "production"}:
        msg = f"CLEARWATT_ENV is {name!r}; it is `local` (the default) or `production`."
        raise ImproperlyConfigured(msg)
    return name


def _secret_key() -> str:
    """Return the given key; a local machine makes one of its own, once, readable by its owner only.

    :raises ImproperlyConfigured: if there is none in production.
    """
    if key := os.environ.get("CLEARWATT_SECRET_KEY"):
        return key
    if PRODUCTION:
        msg = "CLEARWATT_SECRET_KEY is not set; in production give at least 50 random characters."
        raise ImproperlyConfigured(msg)
    path = CLEARWATT_DATA / "secret_key"
    CLEARWATT_DATA.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Another process may have made the file and not yet have written it.
        return path.read_text().strip() or secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


def _sealing_keys() -> list[str]:
    """Return what secrets in the database are sealed with, the newest first.

    :raises ImproperlyConfigured: if one is short enough to be guessed.
    """
    keys = _words("CLEARWATT_SEALING_KEYS")
    if any(len(key) < SHORTEST_SEALING_KEY for key in keys):
        msg = (
            "CLEARWATT_SEALING_KEYS holds a key that is too short; give at least "
            f"{SHORTEST_SEALING_KEY} random characters each."
        )
        raise ImproperlyConfigured(msg)
    return keys or [SECRET_KEY]


def _database(url: str | None) -> dict[str, Any]:
    """Return what Django needs to know of the database; without a URL, one that says so."""
    if url is None:
        return {"ENGINE": "config.no_database"}
    settings: dict[str, Any] = {
        **dj_database_url.parse(url, conn_max_age=CONN_MAX_AGE_SECONDS, conn_health_checks=True)
    }
    if not settings["ENGINE"].startswith("django.db.backends.postgresql"):
        scheme = re.split(r"[:/]", url, maxsplit=1)[0]
        msg = f"DATABASE_URL begins with {scheme!r}; Clearwatt keeps its books in PostgreSQL only."
        raise ImproperlyConfigured(msg)
    settings.setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
    return settings


def use_database(url: str) -> None:
    """Name the database of this process and of the children it starts."""
    os.environ["DATABASE_URL"] = url
    DATABASES["default"] = _database(url)


# --- where and how -----------------------------------------------------------------------------

ENVIRONMENT: Final = _environment()
PRODUCTION: Final = ENVIRONMENT == "production"
DEBUG = not PRODUCTION and _flag("CLEARWATT_DEBUG")
CLEARWATT_DATA: Final = Path(os.environ.get("CLEARWATT_DATA") or BASE_DIR / ".data").absolute()
# Where the files of archived months go.
CLEARWATT_ARCHIVE: Final = Path(
    os.environ.get("CLEARWATT_ARCHIVE") or CLEARWATT_DATA / "archive"
).absolute()
# For how long batches keep what was posted after they were rated; for ever where it is not said.
CLEARWATT_KEEP_PAYLOADS_DAYS: Final = _days("CLEARWATT_KEEP_PAYLOADS_DAYS")
SECRET_KEY = _secret_key()
SEALING_KEYS: Final = _sealing_keys()
TRUSTED_PROXIES: Final = _networks("CLEARWATT_TRUSTED_PROXIES")
ALLOWED_HOSTS = _words("CLEARWATT_ALLOWED_HOSTS")
if not PRODUCTION:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = _words("CLEARWATT_TRUSTED_ORIGINS")
LOGGING = logging_config(os.environ.get("CLEARWATT_LOG_LEVEL", "INFO").upper())

# --- the database ------------------------------------------------------------------------------

CONN_MAX_AGE_SECONDS: Final = 600
DATABASE_URL: Final = os.environ.get("DATABASE_URL") or None
EMBEDDED_DATABASE: Final = CLEARWATT_DATA / "postgres"
DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the broker --------------------------------------------------------------------------------

CELERY_BROKER_URL: Final = os.environ.get("CELERY_BROKER_URL") or "filesystem://localhost//"
# Installations that share a broker each have a queue of their own.
CELERY_QUEUE: Final = os.environ.get("CLEARWATT_QUEUE") or "clearwatt"

# --- time and language -------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
# The zone in which accounting dates are taken, where an agreement names none.
BOOKS_TIME_ZONE: Final = os.environ.get("BOOKS_TIME_ZONE") or "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"

# --- Django ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # Before staticfiles, so that `runserver` serves static files as granian does.
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "ledger",
    "settlement",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            # How templates show numbers: no folder `templatetags` beside the packages.
            "libraries": {"figures": "ledger.admin.figures"},
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# The API takes 16 MiB of events and answers with a problem beyond; Django's own limit comes after.
DATA_UPLOAD_MAX_MEMORY_SIZE = 17 * 1024 * 1024

# --- static files ------------------------------------------------------------------------------

STATIC_URL = "/static/"
# Found in the packages themselves, at start: there is no `collectstatic` to run.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- the API -----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = openapi.SETTINGS
UNFOLD = unfold.SETTINGS

# --- security ----------------------------------------------------------------------------------

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Only if the proxy in front sets the header itself and removes what a client sent.
    if _flag("CLEARWATT_BEHIND_PROXY"):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
