"""Reads the feeds in the files named, as feed readers do, and prints what it saw."""
import json
import sys

import feedparser

feeds = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        read = feedparser.parse(file.read())
    feeds.append({
        "bozo": str(read.get("bozo_exception", "")),
        "version": read.version,
        "namespaces": sorted(read.namespaces.values()),
        "feed": {name: read.feed.get(name) for name in ("title", "id", "updated", "language", "link", "author")},
        "entries": [{
            "id": entry.id, "title": entry.title, "link": entry.link, "summary": entry.get("summary"),
            "permalink": entry.get("guidislink"),
            "published": entry.published_parsed[:6], "tags": [tag.term for tag in entry.get("tags", [])],
            "authors": [author.name for author in entry.get("authors", [])],
            "content": [content.value for content in entry.get("content", [])],
            "enclosures": [[e.href, e.type, e.length] for e in entry.enclosures],
            "episode": entry.get("itunes_episode"), "duration": entry.get("itunes_duration"),
            "transcript": (entry.get("podcast_transcript") or {}).get("url"),
        } for entry in read.entries],
    })
json.dump(feeds, sys.stdout)
