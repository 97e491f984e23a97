from django.contrib import admin
from filer.admin import FileAdmin

from .models import Sheet

admin.site.register(Sheet, FileAdmin)  # django-filer registers the other one itself
