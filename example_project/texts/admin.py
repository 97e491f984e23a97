from django.contrib import admin

from .models import Text

admin.site.register(Text)
