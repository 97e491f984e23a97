"""Tables straight from the models: the host of the tests has no history to keep.

It is a migration all the same, because PostgreSQL and MariaDB refuse a reference to the table of
users before that exists, and tables of apps without migrations are made first of all.
"""

from django.apps import apps
from django.conf import settings
from django.db import migrations
from django.db.migrations.state import ModelState

STATES = [ModelState.from_model(model) for model in apps.get_app_config("host").get_models()]


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name=state.name,
            fields=list(state.fields.items()),
            options=state.options,
            bases=state.bases,
            managers=state.managers,
        )
        for state in STATES
    ]
