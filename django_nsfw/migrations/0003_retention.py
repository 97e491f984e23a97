from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_nsfw", "0002_known_images")]

    operations = [
        migrations.AddField(
            model_name="scan",
            name="discard_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="bytes to be deleted"),
        ),
        migrations.AddField(
            model_name="scan",
            name="pruned_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="bytes deleted"),
        ),
        migrations.AddField(
            model_name="scan",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="personal data erased"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["quarantine_name"], name="nsfw_scan_quarantine"),
        ),
        migrations.AddIndex(
            model_name="scan",
            index=models.Index(fields=["discard_at"], name="nsfw_scan_discard"),
        ),
    ]
