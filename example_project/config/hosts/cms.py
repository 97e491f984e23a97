"""django CMS: pages below ``/pages/``, with texts whose pictures come from django-filer."""

from config.hosts import Host
from config.hosts.filer import HOST as FILER

HOST = Host(
    install='pip install "django-nsfw[filer]" "django-cms>=5.1" djangocms-text',
    apps=[
        "django.contrib.sites",
        "cms",
        "menus",
        "treebeard",
        "sekizai",
        "djangocms_text",
        "djangocms_text.contrib.filer_image",
        *FILER.apps,
        "django_nsfw.contrib.cms",
    ],
    middleware=[
        "django.middleware.locale.LocaleMiddleware",
        "cms.middleware.user.CurrentUserMiddleware",
        "cms.middleware.page.CurrentPageMiddleware",
        "cms.middleware.toolbar.ToolbarMiddleware",
        "cms.middleware.language.LanguageCookieMiddleware",
    ],
    context_processors=[
        "django.template.context_processors.i18n",
        "sekizai.context_processors.sekizai",
        "cms.context_processors.cms_settings",
    ],
    settings={
        **FILER.settings,
        "SITE_ID": 1,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [("en", "English")],
        "CMS_CONFIRM_VERSION4": True,
        "CMS_TEMPLATES": [("gallery/page.html", "Page")],
        "X_FRAME_OPTIONS": "SAMEORIGIN",
    },
    fields=FILER.fields,
    urls=[*FILER.urls, ("pages/", "cms.urls")],
)
