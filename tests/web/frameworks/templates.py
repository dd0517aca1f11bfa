"""The site's templates, in the two languages there are."""

from __future__ import annotations

from typing import Final

__all__ = ["DJANGO", "JINJA"]

JINJA: Final = {
    "page": """<!doctype html><head>{{ hanse_head(modules=["home/Card"]) }}
<style nonce="{{ hanse_nonce }}"></style></head>
{% call hanse_mount("home/Card", label="<x>", fallback="f") %}wait & <b>see</b>{% endcall %}
{{ hanse_mount("home/Card", "a & b") }}
<a href="{{ hanse_url("home/Card") }}"></a>""",
    "unknown": """<!doctype html><head>{{ hanse_head(modules=["home/Card", "nobody/X"]) }}</head>
{{ hanse_mount("nobody/X", "not here") }}<a href="{{ hanse_url("nobody/X") }}"></a>""",
    "rendered": """<!doctype html><head>{{ hanse_head() }}</head>
{{ hanse_render("home", "./Card", "a & b", label="<x>", hanse_cache=60) }}
{% call hanse_render("home", "Fails", label="y", hanse_browser=false) %}wait & <b>see</b>{% endcall %}
{{ hanse_render("home", "./Nothing", "not a & b") }}""",
}

DJANGO: Final = {
    "page": """{% load hanse %}<!doctype html><head>{% hanse_head "home/Card" %}
<style nonce="{% hanse_nonce %}"></style></head>
{% hanse_block "home/Card" label="<x>" fallback="f" %}wait & <b>see</b>{% endhanse_block %}
{% hanse_mount "home/Card" "a & b" %}
<a href="{% hanse_url "home/Card" %}"></a>""",
    "unknown": """{% load hanse %}<!doctype html><head>{% hanse_head "home/Card" "nobody/X" %}</head>
{% hanse_mount "nobody/X" "not here" %}<a href="{% hanse_url "nobody/X" %}"></a>""",
    "rendered": """{% load hanse %}<!doctype html><head>{% hanse_head %}</head>
{% hanse_render "home" "./Card" "a & b" label="<x>" hanse_cache=60 %}
{% hanse_render_block "home" "Fails" hanse_browser=False %}wait & <b>see</b>{% endhanse_render_block %}
{% hanse_render "home" "./Nothing" "not a & b" %}""",
}
