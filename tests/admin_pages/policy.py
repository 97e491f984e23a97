"""The content security policy that the app's admin must get along with."""

STRICT = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'"


def strict(get_response):
    def middleware(request):
        response = get_response(request)
        response.setdefault("Content-Security-Policy", STRICT)
        return response

    return middleware
