import django.utils.timezone
from django.db import migrations, models

import django_nsfw.validators
import postbox.models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "image",
                    models.ImageField(
                        db_index=True,
                        storage=postbox.models.bucket,
                        upload_to="",
                        validators=[django_nsfw.validators.NSFWValidator()],
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="begun"
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
    ]
