from cms.plugin_base import CMSPluginBase
from cms.plugin_pool import plugin_pool

from .models import Picture


@plugin_pool.register_plugin
class PicturePlugin(CMSPluginBase):
    model = Picture
    name = "Picture"
    render_template = "picture.html"
